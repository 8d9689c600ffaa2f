"""The host that runs a bundle, and whether it is what the bundle's lib/ is made for.

Like __main__.py, which asks before anything else is imported, it parses on Python 3.9.
"""

import os
import sys
from collections.abc import Sequence

# What the compiled modules of lib/ may ask for: see the tags in runtime.py.
GLIBC = (2, 28)


def unfit(made_for: Sequence[str], here: str, libc: str) -> Sequence[str]:
    """Why a lib/ for these is of no use here, and what to do; nothing if it is.

    `made_for` and `here` are names as `lib_name` makes them.
    """
    if here not in made_for:
        python, _, machine = here.partition("-")
        problem = f"lib/ is for {', '.join(made_for)}, and this is {here}"
        return problem, f"make a bundle --python {python[6:]} --platform {machine}"
    if sys.platform == "linux" and _version(libc) < GLIBC:
        needed = "glibc {}.{}".format(*GLIBC)
        problem = f"lib/ needs {needed}, and this host has {libc or 'another libc'}"
        return problem, f"run it on a Linux with {needed} or newer, such as Amazon Linux 2023"
    return ()


def lib_name(python: str, machine: str) -> str:
    """The directory in lib/ that is for a Python, as in 3.11, on a machine."""
    return f"python{python}-{machine}"


def libc() -> str:
    """The C library of this process, as in `glibc 2.36`; empty for any but glibc."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (OSError, ValueError):
        return ""


def _version(libc: str) -> tuple[int, ...]:
    numbers = libc.rpartition(" ")[2].split(".")
    return tuple(int(number) for number in numbers if number.isdecimal())
