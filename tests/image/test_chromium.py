"""The site in a real browser: its front page, and logging in."""

import asyncio
import json
import struct
from pathlib import Path

import pytest

from tests.image.chromium import Chromium
from tests.image.containers import Container
from tests.image.programs import CHROMIUM, need
from tests.image.site import ADMIN, ADMIN_PASSWORD, URL


@pytest.fixture(autouse=True)
def _browser_is_here() -> None:
    need(CHROMIUM)


def browser(directory: Path, replica: Container) -> Chromium:
    return Chromium(directory, URL.removeprefix("http://"), f"{replica.ip}:8080")


def test_the_front_page_is_shown(replica: Container, tmp_path: Path) -> None:
    async def visit() -> tuple[str, int, bytes]:
        async with browser(tmp_path, replica) as page:
            await page.open(f"{URL}/")
            line = await page.evaluate("document.querySelector('#footer-line').innerText")
            loaded = "performance.getEntriesByType('resource')"
            broken = await page.evaluate(f"{loaded}.filter(e => e.responseStatus >= 400).length")
            return line, broken, await page.screenshot()

    line, broken, picture = asyncio.run(visit())
    assert (line, broken) == ("Deployed by wpdeploy.", 0)
    # docs/front-page.png is this picture.
    (tmp_path / "front-page.png").write_bytes(picture)
    assert struct.unpack(">II", picture[16:24])[0] == 1200


def test_an_editor_logs_in(replica: Container, tmp_path: Path) -> None:
    async def log_in() -> str:
        async with browser(tmp_path, replica) as page:
            await page.open(f"{URL}/wp-login.php")
            for field, value in (("user_login", ADMIN), ("user_pass", ADMIN_PASSWORD)):
                await page.evaluate(
                    f"document.getElementById('{field}').value = {json.dumps(value)}"
                )
            await page.evaluate("document.getElementById('wp-submit').click()")
            await page.until("document.querySelector('#wpbody h1') !== null")
            return str(await page.evaluate("document.querySelector('#wpbody h1').innerText"))

    assert asyncio.run(log_in()) == "Dashboard"
