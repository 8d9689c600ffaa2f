"""The site on this machine, with its database and cache: `make preview`, `python3 -m preview`.

Builds the image, runs it with sources/ mounted, so that an edit shows on reload, and tells what it
logs until Ctrl-C. docs/preview.md has all of it.
"""

import argparse
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from preview import engine as engines
from preview import images
from preview.containers import ADDRESS, Containers
from preview.engine import Engine
from preview.errors import PreviewError
from preview.images import Image
from preview.site import Site
from preview.state import Credentials, State

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "sources/wp-content"
# What ends a preview: Ctrl-C, a supervisor, a terminal that is closed.
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BANNER = """
    site      {url}
    log in    {url}/wp-login.php
    user      {user}
    password  {password}
    edit      sources/wp-content: a reload shows it
    logs      {logs}: all of them; pages and errors below
    end       Ctrl-C; the data stays, {fresh}
"""


def main(argv: Sequence[str]) -> int:
    """Run the preview until it is ended; the exit code is 0 then, and 1 if it cannot go on."""
    options = _parser().parse_args(argv)
    for number in _ENDS:
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as stack:
            _run(options, stack)
    except PreviewError as error:
        print(f"preview: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("has ended, and left nothing running")
    return 0


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"preview: {text}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m preview", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="throw the data away, and begin anew")
    parser.add_argument("--port", type=_port, default=8080, help="the site's port (%(default)s)")
    parser.add_argument("--engine", help="podman, docker, or what takes their commands")
    parser.add_argument(
        "--build-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="one more option of the engine's build, such as --build-option=--network=host",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Once: what follows must not be cut short.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, stack: ExitStack) -> None:
    engine = engines.find(options.engine)
    state = State(ROOT / ".preview")
    stack.enter_context(state.locked())
    tags = [f"localhost/wordpress-preview-{part}:{state.identity}" for part in ("site", "services")]
    containers = Containers(engine, state, options.port, *tags)
    # Of a preview that was killed.
    containers.stop()
    _check_place(options.port)
    _build(engine, state, tags, options.build_option)
    if options.fresh:
        containers.throw_away()
        say("the data of before is gone")
    known = state.credentials()
    state.make_data()
    stack.callback(_close, containers)
    site = Site(containers, known, CONTENT)
    site.start(say)
    print(_banner(containers, known, state), flush=True)
    while True:
        time.sleep(1)
        site.tend(say)


def _close(containers: Containers) -> None:
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    say("stops")
    containers.close()


def _check_place(port: int) -> None:
    if ":" in str(ROOT):
        raise PreviewError(f"{ROOT}: a path with a colon cannot be mounted: move the checkout")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise PreviewError(
                f"port {port} cannot be had ({error.strerror}): end what listens there, or take "
                f"another one: make preview PREVIEW_ARGS='--port {port + 1}'"
            ) from None


def _build(engine: Engine, state: State, tags: Sequence[str], options: Sequence[str]) -> None:
    site = Image(tags[0], ROOT, ROOT / "build/Dockerfile")
    services = Image(tags[1], ROOT / "preview", ROOT / "preview/Dockerfile")
    for name, image in (("services", services), ("image", site)):
        log = state.log(f"build-{name}")
        say(f"builds {image.file.relative_to(ROOT)} by {engine.program}: minutes the first time")
        images.build(engine, image, log, options, say)


def _banner(containers: Containers, known: Credentials, state: State) -> str:
    return _BANNER.format(
        url=containers.url,
        user=known.user,
        password=known.password,
        logs=state.directory.relative_to(ROOT) / "log",
        fresh="make preview PREVIEW_ARGS=--fresh throws it away",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
