"""Steps of wpdeploy without the time that its dependencies take to load, which is most of it.

Each is a process of its own, forked from one that has them, and runs the bundle's own wpdeploy.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from sandbox.site import Result

_PROGRAM = Path(__file__).with_name("warm_python.py")
_SECONDS = 120.0
# The network namespace: some tests enter one of their own.
_NETWORK = Path("/proc/thread-self/ns/net")


def run(lib: Path, argv: Sequence[str], environ: Mapping[str, str]) -> Result:
    """The step of that command line, run to its end, with the dependencies in `lib`."""
    read, write = os.pipe()
    with _socket() as asked, open(read) as output:  # noqa: PTH123  # a descriptor
        asked.settimeout(_SECONDS)
        try:
            asked.connect(_warm(lib.resolve(), _NETWORK.readlink()))
            socket.send_fds(asked, [json.dumps([argv, environ]).encode()], [write])
        finally:
            os.close(write)
        text = output.read()
        return Result(int(asked.recv(16)), text)


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@cache
def _warm(lib: Path, _network: Path) -> str:
    """Where a Python of that network listens that has the dependencies; it ends with this one."""
    directory = tempfile.TemporaryDirectory(prefix="warm-")
    path = f"{directory.name}/socket"
    with _socket() as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_PROGRAM), str(lib), str(listener.fileno())],
            env={"PATH": os.defpath},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # as a step's; nothing is written to it
            pass_fds=[listener.fileno()],
            start_new_session=True,  # it is ended with all its forks
        )
    atexit.register(_end, process, directory)
    return path


def _end(process: subprocess.Popen[bytes], directory: tempfile.TemporaryDirectory[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    directory.cleanup()
