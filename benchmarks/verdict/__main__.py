"""Runs the benchmark: `python -m benchmarks.verdict --pods 3 30 300`."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.sides import PYTHON
from benchmarks.verdict import programs, results, rounds
from benchmarks.verdict.plot import svg
from benchmarks.verdict.results import Results
from benchmarks.verdict.rounds import Contender
from benchmarks.verdict.stage import Stage
from benchmarks.verdict.tools import TOOLS
from tests.cluster import control_plane
from wpdeploy import __version__

_RESULTS = Path(__file__).parent.parent / "results"


def main() -> None:
    """Measure; print the tables, and write all single values and the plot to a directory."""
    options = _parser().parse_args()
    binaries = control_plane.find()
    if binaries is None:
        sys.exit(control_plane.how_to_get())
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = _measured(Stage(binaries, directory, [tool.slug for tool in TOOLS], stack), options)
    options.output.mkdir(parents=True, exist_ok=True)
    _write(found, options.output)
    print(results.text(found))


def _measured(stage: Stage, options: argparse.Namespace) -> Results:
    contenders = [Contender(stage, tool) for tool in TOOLS]
    return Results(
        _about(stage, options),
        rounds.failures(contenders, options.rounds),
        {pods: rounds.successes(contenders, pods, options.rounds) for pods in options.pods},
    )


def _about(stage: Stage, options: argparse.Namespace) -> Mapping[str, str]:
    return {
        "rounds": str(options.rounds),
        "API server": stage.plane.version,
        "wpdeploy": __version__,
        **programs.versions(PYTHON),
        "Python": platform.python_version(),
        "processors": str(os.cpu_count()),
    }


def _write(found: Results, directory: Path) -> None:
    document = json.dumps(results.document(found), indent=2)
    (directory / "verdict.json").write_text(f"{document}\n")
    (directory / "verdict.svg").write_text(svg(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdict", description=__doc__)
    parser.add_argument("--pods", type=int, nargs="+", default=[3, 30], metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--output", type=Path, default=_RESULTS, metavar="DIRECTORY")
    return parser


if __name__ == "__main__":
    main()
