"""The command line, and the one place where errors are caught.

Each command is a module of wpdeploy.steps, imported only when it runs: a step pays for what it
uses and for nothing else.
"""

import argparse
import importlib
import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from wpdeploy import __version__, commands, context
from wpdeploy.clock import Clock
from wpdeploy.ending import Overdue, Terminated, ended_within
from wpdeploy.errors import Exit, WpdeployError
from wpdeploy.report import Console, Report, of_error

BUNDLE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Invocation:
    """What a step gets: which deployment, the environment, where to report, the options.

    `afterwards` is left when the step has ended and nothing from outside can end it any more; when
    the clock is at `ends`, the command's own time is over.
    """

    context: context.DeploymentContext
    environ: Mapping[str, str]
    console: Console
    clock: Clock
    options: argparse.Namespace
    afterwards: ExitStack
    ends: float = math.inf


def main(argv: Sequence[str], environ: Mapping[str, str], stream: TextIO) -> int:
    """Run a command; its exit code. Errors end here and nowhere else."""
    clock = Clock()
    console = Console(stream, clock, as_json=_wants_json(argv))
    command = argv[0] if argv else ""
    try:
        options = commands.parser().parse_args(argv)
        _log_requests(console, verbose=options.verbose)
        report = _run(options, environ, console, clock)
    except WpdeployError as error:
        report = of_error(error)
    except (KeyboardInterrupt, Terminated, Overdue) as error:
        report = _ENDED[type(error)]
    except Exception as error:  # noqa: BLE001  # a bug ends with a block and an exit code as well
        report = _bug(error)
    console.end(command, report)
    return int(report.exit)


_ENDED: Mapping[type[BaseException], Report] = {
    KeyboardInterrupt: Report(Exit.INTERRUPTED, "interrupted; nothing is undone"),
    Terminated: Report(Exit.TERMINATED, "terminated by SIGTERM; nothing is undone"),
    Overdue: Report(Exit.TIMED_OUT, "not done in its time; the last line above says what it did"),
}


def _run(
    options: argparse.Namespace, environ: Mapping[str, str], console: Console, clock: Clock
) -> Report:
    command = commands.BY_NAME[options.command]
    # Who watches says when it ends.
    seconds = 0 if getattr(options, "watch", False) else command.seconds
    with ExitStack() as afterwards, ended_within(seconds):
        deployment = _context(command, options, environ)
        step = importlib.import_module(f"wpdeploy.steps.{command.name}")
        ends = clock.monotonic() + (seconds or math.inf)
        invocation = Invocation(deployment, environ, console, clock, options, afterwards, ends)
        report: Report = step.run(invocation)
    return report


def _context(
    command: commands.Command, options: argparse.Namespace, environ: Mapping[str, str]
) -> context.DeploymentContext:
    if not command.needs_group:
        return context.of_no_group(environ, BUNDLE)
    release = getattr(options, "release", None)
    return context.from_environ(environ, BUNDLE, options.group, release)


def _bug(error: Exception) -> Report:
    """Where it happened, and not what it says: its text could hold a parameter's value."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    rows = [("at", place) for place in places]
    kind = type(error).__name__
    sentence = f"a bug in wpdeploy {__version__}: {kind}"
    return Report(Exit.BUG, sentence, (*rows, _ASK), {"at": places})


_ASK = ("to do", "please report these lines; the error's own text is left out, it could be secret")


class _Requests(logging.Handler):
    """Shows each request among the console's own lines."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.listed(f"           {record.getMessage()}")


def _log_requests(console: Console, *, verbose: bool) -> None:
    if verbose:
        logger = logging.getLogger("wpdeploy")
        logger.handlers = [_Requests(console)]
        logger.setLevel(logging.INFO)


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether programs read us; needed before the command line is known to be right."""
    return "--output=json" in argv or ("--output", "json") in pairwise(argv)
