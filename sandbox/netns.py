"""A network namespace for played pods.

The API server refuses to proxy to a pod on a loopback address, so played pods have addresses of a
network of their own. Inside the namespace that whole network is local: whoever listens on 0.0.0.0
answers for all pods, and nothing of it is seen by the rest of the machine.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

POD_NETWORK = "10.244.0.0/16"
_CLONE_NEWNET = 0x40000000
# The calling thread's own: /proc/self is the main thread's.
_CURRENT = "/proc/thread-self/ns/net"


class NetworkNamespaceError(Exception):
    """No network namespace is to be had on this machine."""


@contextmanager
def enter_network_namespace(pod_network: str | None = POD_NETWORK) -> Iterator[None]:
    """Move the calling thread, with threads and processes it then starts, into a namespace.

    Played pods have their network on its loopback interface; None: real ones need no such thing.
    """
    ip = _find_ip()
    home = os.open(_CURRENT, os.O_RDONLY)
    try:
        _call("unshare", _CLONE_NEWNET)
        try:
            _run(ip, "link", "set", "lo", "up")
            if pod_network:
                _run(ip, "route", "add", "local", pod_network, "dev", "lo")
            yield
        finally:
            _call("setns", home, _CLONE_NEWNET)
    finally:
        os.close(home)


def _find_ip() -> str:
    # An ordinary user's PATH often lacks the directories of the administrator's programs.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    ip = shutil.which("ip", path=path)
    if ip is None:
        raise NetworkNamespaceError("no `ip` program: install iproute2")
    return ip


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) == 0:
        return
    number = ctypes.get_errno()
    raise NetworkNamespaceError(
        f"{name} of a network namespace: {os.strerror(number)}; it takes root (CAP_SYS_ADMIN)"
    )


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise NetworkNamespaceError(f"`{' '.join(command)}`: {result.stderr.strip()}")
