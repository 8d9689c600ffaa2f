"""`python -m wpdeploy`, and what hooks/run starts.

In a bundle its own dependencies come before whatever the machine has. This file parses on Python
3.9: an operator's `python3` may be older than what the bundle is made for.
"""

import gc
import os
import sys
from pathlib import Path

# A step lives for a moment, most of it in imports: what they make is not garbage, and collecting
# it again and again took a sixth of the time.
gc.set_threshold(100_000)

BUNDLE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BUNDLE))

from wpdeploy import host  # noqa: E402  # found by what is above

HERE = host.lib_name("{}.{}".format(*sys.version_info), os.uname().machine)
LIB = BUNDLE / "lib" / HERE

if LIB.parent.is_dir():
    if not LIB.is_dir() and not sys.flags.isolated:
        run = str(BUNDLE / "hooks" / "run")  # it knows the right interpreter
        os.execv(run, [run, *sys.argv[1:]])  # noqa: S606  # a shell would only get in between
    unfit = host.unfit(sorted(os.listdir(LIB.parent)), HERE, host.libc())  # noqa: PTH208  # names
    if unfit:
        what = " ".join(["wpdeploy", *sys.argv[1:2]])
        print("{}: FAILED (exit 3): {}\n  to do     {}".format(what, *unfit))  # noqa: T201  # nobody else can
        sys.exit(3)
    sys.path.insert(1, str(LIB))

from wpdeploy.cli import main  # noqa: E402  # found by what is above

if sys.stdout is None:  # closed by whoever started this, who then reads nothing
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # for as long as the process lives
# The agent may fail a hook whose output is not UTF-8, and a pipe would hold lines back.
sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
code = main(sys.argv[1:], os.environ, sys.stdout)
try:
    sys.stdout.flush()
except BrokenPipeError:
    # Nobody reads any more: the interpreter's own last flush must not change the exit code.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
gc.freeze()  # nor is anything worth a last look
sys.exit(code)
