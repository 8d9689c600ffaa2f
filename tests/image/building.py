"""Building the image as CI of the site would, but for where its base and WordPress come from."""

import functools
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.certificates import Pair
from tests.image.downloads import Core, base_tarball
from tests.image.engine import Engine, cache, locked

ROOT = Path(__file__).parent.parent.parent
BASE_IMAGE = "docker.io/library/debian:trixie-slim"
# Debian's packages of this day: the tests want the layers of before, however old.
AS_OF = "2026-11-20"
REVISION, CREATED = "0123456789abcdef0123456789abcdef01234567", "2026-11-20T12:00:00Z"
# Where the image has the authorities of the database, if it was built with some.
AUTHORITIES = "/etc/wordpress/database-ca.pem"
# A build argument that differs spoils the cache of layers, and the URL is one.
_PORT = 18461
SOURCE = "https://git.example.com/site"


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@contextmanager
def served(directory: Path, pair: Pair | None = None, port: int = _PORT) -> Iterator[str]:
    """Serve a directory on loopback; the URL is returned, the same one each time if it can be.

    With a certificate it is https.
    """
    handler = functools.partial(_Handler, directory=str(directory))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if pair:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*pair)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{'https' if pair else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def load_base(engine: Engine) -> None:
    """Have the base image in the store, under the name that the Dockerfile asks for."""
    tarball = base_tarball()
    with locked(cache() / "base.lock"):
        if not engine.has_image(BASE_IMAGE):
            engine.do("import", str(tarball), BASE_IMAGE)


def build(
    engine: Engine,
    core: Core,
    tag: str,
    *,
    context: Path = ROOT,
    overrides: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> float:
    """Build the image with a core as `tag`; the seconds it took are returned. EngineError."""
    load_base(engine)
    with locked(cache() / "build.lock"), served(core.file.parent) as url:
        arguments = {
            "WORDPRESS_VERSION": core.version,
            "WORDPRESS_URL": f"{url}/{core.file.name}",
            "WORDPRESS_SHA256": core.sha256,
            "AS_OF": AS_OF,
            "REVISION": REVISION,
            "CREATED": CREATED,
            "SOURCE": SOURCE,
        } | dict(overrides or {})
        pairs = [
            part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")
        ]
        started = time.monotonic()
        engine.do(
            *("build", "--pull=never", "--network", "host", "--format", "docker", "--tag", tag),
            *("--file", str(context / "build" / "Dockerfile"), *pairs, *options, str(context)),
        )
        return time.monotonic() - started
