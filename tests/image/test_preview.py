"""`make preview`: a developer's day, from the first start to the last Ctrl-C."""

import contextlib
import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from preview.state import State
from tests.image.engine import Engine
from tests.image.previews import Checkout, docker_engine, visitor
from tests.image.programs import need
from tests.image.services import free_port, wait_until
from tests.image.web import Visitor, get

LINE = "Deployed by wpdeploy."
PLUGIN = "plugins/footer-line/footer-line.php"


@pytest.fixture
def checkout(engine: Engine, tmp_path: Path) -> Iterator[Checkout]:
    made = Checkout(engine, tmp_path / "a checkout & more")
    yield made
    made.keep_layers()


@pytest.fixture
def port() -> int:
    return free_port("127.0.0.1")


def publish(editor: Visitor) -> None:
    """Write a post, to be found at /kept/."""
    page = editor.get("/wp-admin/post-new.php").text
    nonce = re.search(r'createNonceMiddleware\( "(\w+)"', page)
    assert nonce, page
    fields = {"title": "Kept", "content": "For good.", "status": "publish", "slug": "kept"}
    assert editor.post_json("/wp-json/wp/v2/posts", nonce[1], fields).status == 201


def left(checkout: Checkout, port: int) -> list[str]:
    """What is there of a preview that has ended: containers, processes, its port."""
    with socket.socket() as probe:
        listens = probe.connect_ex(("127.0.0.1", port)) == 0
    ports = [f"port {port}"] if listens else []
    return [*checkout.containers, *commands(checkout.identity), *ports]


def commands(part: str) -> list[str]:
    """The processes of the machine that have this in their command."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(file.read_text().replace("\0", " "))
    # For five minutes podman's service can tell docker's client how a command in a container ended.
    return [line for line in found if part in line and "--exit-delay" not in line]


def test_a_day_of_somebody_who_edits_the_site(checkout: Checkout, port: int) -> None:
    with checkout.running(port) as (preview, password):
        browser = visitor(port)
        assert LINE in browser.get("/").text
        plugin = checkout.content / PLUGIN
        plugin.write_text(plugin.read_text().replace(LINE, "Edited just now."))
        assert "Edited just now." in browser.get("/").text

        plugin.write_text(plugin.read_text() + "echo $no_such_variable;\n")
        browser.get("/")
        preview.await_text(rf"PHP Warning: .*no_such_variable in sources/wp-content/{PLUGIN} on ")
        preview.await_text(r"\d\d:\d\d:\d\d  200 +\d+ ms  GET /\n")

        theme = checkout.content / "themes/mine"
        theme.mkdir()
        (theme / "style.css").write_text("/* Theme Name: Mine */")
        preview.await_text("starts the site anew")
        style = f"http://127.0.0.1:{port}/wp-content/themes/mine/style.css"
        wait_until(lambda: get(style).status == 200, "the new theme")
        assert get(style).headers["Cache-Control"] == "max-age=0"

        assert "Dashboard" in browser.log_in("admin", password).text
        publish(browser)

        with checkout.started("--port", str(port)) as second:
            told = second.await_text("preview: a preview of this checkout runs: process (\\d+)")
            assert int(told[1]) == preview.pid

        # What one that was killed has left does not hinder the next.
        assert preview.end(signal.SIGKILL) == -signal.SIGKILL
        assert left(checkout, port) != []

    with checkout.running(port) as (preview, same_password):
        assert same_password == password
        assert "For good." in visitor(port).get("/kept/").text
        assert preview.end(signal.SIGINT) == 0
    assert left(checkout, port) == []
    assert stat.S_IMODE((checkout.directory / ".preview").stat().st_mode) == 0o700


def test_dockers_client_does_as_well_and_fresh_begins_anew(
    engine: Engine, checkout: Checkout, port: int
) -> None:
    need({"docker": "docker.io"})
    state = State(checkout.directory / ".preview")
    with state.locked():
        before = state.credentials()
        state.make_data()
    leftover = state.uploads / "leftover"
    leftover.touch()
    os.chown(leftover, 33, 33)
    with docker_engine(engine) as environment:
        running = checkout.running(port, "--engine=docker", "--fresh", environment=environment)
        with running as (preview, password):
            assert password != before.password
            assert not leftover.exists()
            assert "Dashboard" in visitor(port).log_in("admin", password).text
            assert preview.end(signal.SIGTERM) == 0
        assert left(checkout, port) == []


def test_a_port_that_is_taken_is_told(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with checkout.started("--port", str(port)) as preview:
            preview.await_text(rf"port {port} cannot be had.*--port {port + 1}")


def test_a_build_that_is_interrupted_ends_at_once(checkout: Checkout, port: int) -> None:
    (checkout.directory / "preview/Dockerfile").write_text(
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo begun && sleep 86399\n"
    )
    log = checkout.directory / ".preview/log/build-services.log"
    with checkout.started("--port", str(port)) as preview:
        wait_until(lambda: log.exists() and "\nbegun\n" in log.read_text(), "the build")
        assert preview.end() == 0
    assert commands("86399") == []


def test_what_does_not_parse_is_told_with_its_place(checkout: Checkout, port: int) -> None:
    (checkout.content / "plugins/broken.php").write_text("<?php\nif (true {\n")
    told = r"preview: PHP that does not parse: .* in sources/wp-content/plugins/broken.php on line"
    with pytest.raises(AssertionError, match=told), checkout.running(port):
        pass
    assert not checkout.containers
