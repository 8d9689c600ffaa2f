"""What all tests share."""

import logging
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

# A time per example says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Their wpdeploy is a process of its own: to trace the servers beside it tells nothing of it, and
# takes 5 of 35 seconds.
_UNMEASURED = {"cluster", "differential", "image", "node", "simulated"}
_NODE = "tests/node/"

# A shell has what it starts in the background ignore Ctrl-C, and so all that this starts: tests
# that send it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """A file's tests in one process, and all that need a real node: there is one at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return _NODE if nodeid.startswith(_NODE) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Choose who distributes the tests among processes."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """What a command that ran in this process leaves: SIGTERM ignored, and how it logs.

    Processes that a later test starts would ignore it too.
    """
    handler, logger = signal.getsignal(signal.SIGTERM), logging.getLogger("wpdeploy")
    handlers, level = list(logger.handlers), logger.level
    yield
    signal.signal(signal.SIGTERM, handler)
    logger.handlers, logger.level = handlers, level


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage, where that was asked for, only by tests that can tell of it."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    controller = plugin and plugin.cov_controller
    if not controller or item.path.relative_to(Path(__file__).parent).parts[0] not in _UNMEASURED:
        return (yield)
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()
