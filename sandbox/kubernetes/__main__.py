"""Runs the API server until it is interrupted: `python -m sandbox.kubernetes [--profile 1.20]`."""

import argparse
import logging
import signal
import sys
import tempfile
from pathlib import Path

from sandbox.kubernetes import ApiServer
from sandbox.kubernetes.resources import PROFILES


def main(argv: list[str]) -> None:
    """Print kubeconfig and URL, and serve until SIGINT or SIGTERM."""
    options = _parser().parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(message)s", level=options.log_level)
    signals = {signal.SIGINT, signal.SIGTERM}
    # Blocked before the first thread starts, so that none but sigwait takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with (
        tempfile.TemporaryDirectory(prefix="kubernetes-") as scratch,
        ApiServer(options.directory or Path(scratch), options.profile) as server,
    ):
        sys.stdout.write(f"{server.admin_kubeconfig}\n{server.url}\n")
        sys.stdout.flush()
        signal.sigwait(signals)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.kubernetes", description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="current")
    parser.add_argument("--directory", type=Path, help="for certificates and kubeconfigs")
    parser.add_argument("--log-level", default="WARNING", metavar="LEVEL")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
