"""A registry of ECR on loopback: Debian's docker-registry, and moto in front of what is pushed.

Between them is what ECR does and a plain registry does not: a login by its tokens, tags that are
never moved, images that its API knows, a scan on push.
"""

import asyncio
import base64
import hashlib
import socket
import ssl
import threading
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from aiohttp import web
from botocore.exceptions import ClientError
from multidict import CIMultiDict

from sandbox.aws import Aws
from sandbox.certificates import Pair

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "authorization"}
_CHUNK = 1 << 20
_IMMUTABLE = (
    "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
    "because the tag is immutable."
)


class Ecr:
    """The registry's front; `host` is its address, `client` a client of ECR's API."""

    def __init__(self, aws: Aws, registry: str, pair: Pair) -> None:
        self.client: Any = aws.client("ecr")
        self._registry = registry
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*pair)
        token = self.client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self._login = f"Basic {token}"
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready, self._stopping = threading.Event(), asyncio.Event()

    @property
    def password(self) -> str:
        """What its tokens let in by."""
        return base64.b64decode(self._login.split()[1]).decode().partition(":")[2]

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_put("/v2/{name:.+}/manifests/{reference}", self._put_manifest)
        application.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket, ssl_context=self._tls).start()
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            self._ready.set()
            await self._stopping.wait()
        await runner.cleanup()

    async def _put_manifest(self, request: web.Request) -> web.StreamResponse:
        name, tag = request.match_info["name"], request.match_info["reference"]
        if not self._allowed(request):
            return _login_wanted()
        if await asyncio.to_thread(self._has, name, tag):
            return _refused("TAG_INVALID", _IMMUTABLE.format(name=name, tag=tag))
        body = await request.read()
        answer = await self._pass_on(request, body)
        if answer.status == HTTPStatus.CREATED:
            await asyncio.to_thread(self._put_image, name, tag, body, request.content_type)
        return answer

    async def _pass_on(self, request: web.Request, body: Any = None) -> web.StreamResponse:
        if not self._allowed(request):
            return _login_wanted()
        # The Host stays, so that what the registry sends its client to leads through here.
        headers = CIMultiDict(pair for pair in request.headers.items() if _kept(pair[0]))
        headers["X-Forwarded-Proto"] = "https"
        url = f"http://{self._registry}{request.path_qs}"
        data = body or (request.content.iter_chunked(_CHUNK) if request.can_read_body else None)
        async with self._session.request(
            request.method, url, headers=headers, data=data, allow_redirects=False
        ) as found:
            kept = CIMultiDict(pair for pair in found.headers.items() if _kept(pair[0]))
            answer = web.StreamResponse(status=found.status, headers=kept)
            answer.content_length = found.content_length
            await answer.prepare(request)
            async for chunk in found.content.iter_chunked(_CHUNK):
                await answer.write(chunk)
            await answer.write_eof()
            return answer

    def _allowed(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == self._login

    def _has(self, name: str, tag: str) -> bool:
        try:
            self.client.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
        except ClientError:
            return False
        return True

    def _put_image(self, name: str, tag: str, manifest: bytes, kind: str) -> None:
        self.client.put_image(
            repositoryName=name,
            imageManifest=manifest.decode(),
            imageManifestMediaType=kind,
            imageTag=tag,
            # moto would make up one of its own.
            imageDigest=f"sha256:{hashlib.sha256(manifest).hexdigest()}",
        )
        [repository] = self.client.describe_repositories(repositoryNames=[name])["repositories"]
        if repository["imageScanningConfiguration"]["scanOnPush"]:
            self.client.start_image_scan(repositoryName=name, imageId={"imageTag": tag})


def _kept(header: str) -> bool:
    return header.lower() not in _HOP


def _login_wanted() -> web.Response:
    challenge = {"WWW-Authenticate": 'Basic realm="ECR",service="ecr.amazonaws.com"'}
    return web.Response(status=HTTPStatus.UNAUTHORIZED, headers=challenge)


def _refused(code: str, message: str) -> web.Response:
    errors = [{"code": code, "message": message}]
    return web.json_response({"errors": errors}, status=HTTPStatus.BAD_REQUEST)
