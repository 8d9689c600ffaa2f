"""`bundle`: the directory that becomes CodeDeploy's archive; it belongs to no deployment group."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from wpdeploy import bundling, release, runtime
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, UsageError
from wpdeploy.release import Release
from wpdeploy.report import Report
from wpdeploy.runtime import Runtime


def run(invocation: Invocation) -> Report:
    """Make the bundle of an image that has been pushed."""
    options = invocation.options
    rel = _release(options)
    output = Path(options.directory).absolute()
    made_for = Runtime(options.python, options.platform)
    cache = runtime.cache_directory(invocation.environ)
    bundling.make(invocation.context.bundle, output, rel, made_for, cache)
    sentence = f"{output} is for Python {made_for.python} on {made_for.platform}"
    return Report(Exit.SUCCESS, sentence, (("image", rel.image),), {"directory": str(output)})


def _release(options: Namespace) -> Release:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    given = {"image": options.image, "commit": options.commit, "build": options.build}
    document = {**given, "time": now if options.time is None else options.time}
    problems = release.problems(document)
    try:
        datetime.fromisoformat(document["time"])
    except ValueError:
        problems.append(f'"time" must be ISO 8601, not {document["time"]}')
    if problems:
        raise UsageError("wpdeploy bundle", problems, "see wpdeploy bundle --help")
    return Release(**document)
