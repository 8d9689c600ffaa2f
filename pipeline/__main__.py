"""`python -m pipeline image|scan|bundle`: see pipeline/__init__.py and docs/build.md."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline import bundle, image, scan
from pipeline.building import Build
from wpdeploy.clock import Clock
from wpdeploy.errors import WpdeployError

COMMANDS: Mapping[str, Callable[[Build], None]] = {
    "image": image.run,
    "scan": scan.run,
    "bundle": bundle.run,
}


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command in the current directory; the exit code. What ends it is told in one line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args(argv).command
    try:
        COMMANDS[command](Build.of(Path.cwd(), environ, Clock(), _say))
    except WpdeployError as error:
        print(f"pipeline {command}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
