"""How a step asks before it does what nobody can take back unseen."""

import sys

from wpdeploy.cli import Invocation
from wpdeploy.errors import UsageError


def agreed(invocation: Invocation, told: str, what: str, question: str) -> bool:
    """Whether somebody at the terminal agrees, or did so by --yes; a UsageError without anybody."""
    if invocation.options.yes:
        return True
    if invocation.options.output == "json" or not (sys.stdin and sys.stdin.isatty()):
        raise UsageError(told, f"there is nobody to ask whether to {what}", "pass --yes")
    invocation.console.line(told)
    invocation.console.line(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
