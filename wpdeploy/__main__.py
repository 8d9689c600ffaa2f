"""`python -m wpdeploy`."""

import os
import sys

from wpdeploy.cli import main

# The agent may fail a hook whose output is not UTF-8, and a pipe would hold lines back.
sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
code = main(sys.argv[1:], os.environ, sys.stdout)
try:
    sys.stdout.flush()
except BrokenPipeError:
    # Nobody reads any more: the interpreter's own last flush must not change the exit code.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
sys.exit(code)
