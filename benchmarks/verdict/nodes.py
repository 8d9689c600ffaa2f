"""The nodes, played in a process of their own: what they do must not hold up who keeps the time."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.kubelet import Pace, Player, read_kubeconfig

# The pull takes so long that each tool is at its wait before the first pod shows how it is.
PACE = Pace(pull=1.0)
# Each takes 250 pods.
_NODES = 10


@contextmanager
def played(kubeconfig: Path, scratch: Path) -> Iterator[int]:
    """Nodes until the block ends; the process's id."""
    scratch.mkdir()
    # Not forked: no thread and no connection of this process is in it.
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_play, args=(kubeconfig, scratch))
    process.start()
    try:
        yield process.pid or 0
    finally:
        process.terminate()
        process.join()


def _play(kubeconfig: Path, scratch: Path) -> None:
    # Ctrl-C ends the benchmark, which ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Blocked before the first thread starts, so that none but sigwait takes it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with Player(read_kubeconfig(kubeconfig, scratch), nodes=_NODES, pace=PACE):
        signal.sigwait({signal.SIGTERM})
