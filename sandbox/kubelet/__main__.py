"""Runs the nodes until it is interrupted: `python -m sandbox.kubelet --kubeconfig FILE`."""

import argparse
import logging
import signal
import sys
import tempfile
from pathlib import Path

from sandbox.kubelet import Player, read_kubeconfig

_LOG = logging.getLogger("sandbox.kubelet")


def main(argv: list[str]) -> None:
    """Play until SIGINT or SIGTERM."""
    options = _parser().parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(message)s", level=options.log_level)
    signals = {signal.SIGINT, signal.SIGTERM}
    # Blocked before the first thread starts, so that none but sigwait takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with tempfile.TemporaryDirectory() as scratch:
        connection = read_kubeconfig(options.kubeconfig, Path(scratch))
        with Player(connection, nodes=options.nodes, listen=options.listen):
            _LOG.info("playing %d nodes of %s", options.nodes, connection.url)
            signal.sigwait(signals)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.kubelet", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=3, metavar="N")
    parser.add_argument(
        "--listen", type=int, metavar="PORT", help="serve the pods' HTTP (in a network namespace)"
    )
    parser.add_argument("--log-level", default="INFO", metavar="LEVEL")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
