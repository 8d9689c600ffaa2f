"""A real browser without a screen, driven through its DevTools protocol."""

import asyncio
import base64
import itertools
import json
import re
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

_SECONDS = 60.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


class Chromium:
    """One page of a fresh browser, which finds the site's name at a container's address."""

    def __init__(self, directory: Path, host: str, address: str) -> None:
        self._directory = directory
        self._flags = [
            *_FLAGS,
            f"--user-data-dir={directory / 'profile'}",
            f"--host-resolver-rules=MAP {host}:80 {address}",
            "--window-size=1200,900",
        ]
        self._numbers = itertools.count(1)
        self._session = ""

    async def __aenter__(self) -> Self:
        """Start it with an empty page."""
        log = self._directory / "chromium.log"
        with log.open("w") as stream:
            self._process = subprocess.Popen(  # noqa: ASYNC220  # starting takes no time
                ["/usr/bin/chromium", *self._flags, "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={"HOME": str(self._directory), "PATH": "/usr/bin:/bin"},
            )
        self._http = aiohttp.ClientSession()
        async with asyncio.timeout(_SECONDS):
            while not (found := re.search(r"listening on (ws://\S+)", log.read_text())):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.05)
            self._socket = await self._http.ws_connect(found[1], max_msg_size=0)
            target = await self._call("Target.createTarget", url="about:blank")
            attached = await self._call("Target.attachToTarget", flatten=True, **target)
            self._session = attached["sessionId"]
        await self._call("Page.enable")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        await self._http.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def open(self, url: str) -> None:
        """Open a page, until all of it has been loaded."""
        await self._call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def evaluate(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        answer = await self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until something holds in the page; TimeoutError."""
        async with asyncio.timeout(_SECONDS):
            while not await self.evaluate(condition):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.05)

    async def screenshot(self) -> bytes:
        """What is to be seen, as a PNG."""
        answer = await self._call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def _call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json(
            {"id": number, "method": method, "params": parameters} | session
        )
        async with asyncio.timeout(_SECONDS):
            while True:
                answer = json.loads((await self._socket.receive()).data)
                if answer.get("id") == number:
                    return answer.get("result", {})
