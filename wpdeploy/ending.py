"""How a command is ended from outside: by SIGTERM, by Ctrl-C, or because its time is over.

CodeDeploy's agent, when a hook's timeout is over, closes the pipes and sends SIGTERM to the
process group; the older one then waits without limit, the newer one kills after 5 s. A command
that ends itself before that can still say why.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM came."""


class Overdue(BaseException):
    """The command's own time is over."""


@contextmanager
def ended_within(seconds: int) -> Iterator[None]:
    """Terminated or Overdue may be raised in the block; once it is left, neither comes any more.

    0 seconds are no limit.
    """
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGALRM, _expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        # What is left is to say how it ended: nothing may end that.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.alarm(0)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _expire(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Overdue
