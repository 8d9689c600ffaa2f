"""A Python that has loaded what wpdeploy imports; each step that it is asked for is a fork of it.

    python -I -S warm_python.py LIB LISTENER

A request is one message to the socket that listens: the command line and the environment as JSON,
and a file descriptor for the step to write to. The answer is the step's exit code.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys

LOADED = ("boto3.session", "botocore.session", "jinja2", "kubernetes.config", "tenacity", "yaml")
_LONGEST = 1 << 16


def serve(listener: socket.socket) -> None:
    """Fork for each request, until this process is ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no fork is waited for
    while True:
        asked, _ = listener.accept()
        with asked:
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _attend(asked)
                return


def _attend(asked: socket.socket) -> None:
    """Start the step and tell its end; returns in the step itself, which then runs."""
    message, (output,), _, _ = socket.recv_fds(asked, _LONGEST, 1)
    argv, environ = json.loads(message)
    step = os.fork()
    if step:
        os.close(output)
        _, status = os.waitpid(step, 0)
        asked.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    asked.close()
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = argv


def load(lib: str) -> None:
    """Import what is in the directory, which a step then looks for in its own bundle."""
    sys.path.insert(0, lib)
    for name in LOADED:
        importlib.import_module(name)
    sys.path.remove(lib)
    gc.freeze()


if __name__ == "__main__":
    load(sys.argv[1])
    serve(socket.socket(fileno=int(sys.argv[2])))
    runpy.run_path(sys.argv[0], run_name="__main__")
