"""What all tests share."""

import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A time per example says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell has what it starts in the background ignore Ctrl-C, and so all that this starts: tests
# that send it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
