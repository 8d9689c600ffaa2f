"""`bundle`: what becomes CodeDeploy's archive; it belongs to no deployment group."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from wpdeploy import bundling, release, runtime
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, UsageError
from wpdeploy.release import Release
from wpdeploy.report import COLUMNS, Report, fitted
from wpdeploy.runtime import Runtime

# Of the text of a row in the last block: one line.
_WIDTH = COLUMNS - 12


def run(invocation: Invocation) -> Report:
    """Make the bundle of an image that has been pushed."""
    options = invocation.options
    rel = _release(options)
    output = Path(options.out).absolute()
    made_for = Runtime(options.python, options.platform)
    cache = runtime.cache_directory(invocation.environ)
    bundling.make(invocation.context.bundle, output, rel, made_for, cache)
    sentence = f"{output} is for Python {made_for.python} on {made_for.platform}"
    rows = (("image", rel.image), ("release", fitted(release.told(rel), _WIDTH)))
    return Report(Exit.SUCCESS, sentence, rows, {"out": str(output)})


def _release(options: Namespace) -> Release:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {
        "image": options.image,
        "commit": options.commit,
        "build": options.build,
        "time": now if options.time is None else options.time,
        "branch": options.branch,
        "subject": release.subject(options.subject),
        "link": options.link,
    }
    problems = [*release.problems(document), *_more_problems(document)]
    if problems:
        raise UsageError("wpdeploy bundle", problems, "see wpdeploy bundle --help")
    return Release(**document)


def _more_problems(document: dict[str, str]) -> list[str]:
    """What is fine for a release that somebody writes by hand, and not for a bundle."""
    found = [] if document["branch"] else ['"branch" must be a string that is not empty']
    time = document["time"]
    try:
        has_zone = datetime.fromisoformat(time).tzinfo is not None
    except ValueError:
        has_zone = False
    if time and not has_zone:
        found.append(f'"time" must be ISO 8601 with a zone, 2026-11-20T10:00:00Z, not {time}')
    return found
