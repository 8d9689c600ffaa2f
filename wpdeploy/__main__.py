"""`python -m wpdeploy`."""

import os
import sys

from wpdeploy.cli import main

# The agent may fail a hook whose output is not UTF-8, and a pipe would hold lines back.
sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
sys.exit(main(sys.argv[1:], os.environ, sys.stdout))
