"""The commands: what each does, its options, and how long it may take."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from wpdeploy import __version__
from wpdeploy.errors import UsageError
from wpdeploy.target import LONGEST_DEADLINE


@dataclass(frozen=True)
class Command:
    """A command: what it does, an example of its use, and its options beside the common ones.

    It may take so many `seconds`: fewer than appspec.yml gives its hook. One that deploys nothing
    needs no deployment group.
    """

    name: str
    does: str
    example: str
    seconds: int
    options: tuple[str, ...] = ()
    needs_group: bool = True


COMMANDS: Sequence[Command] = (
    Command(
        "cleanup",
        "Remove what earlier deployments left on this host; keep the last five.",
        "python -m wpdeploy cleanup --group Test",
        50,
    ),
    Command(
        "render",
        "Read settings and parameters, render the manifests and rehearse them on the API server; "
        "create the release's Secret and ConfigMap. Nothing that runs is changed.",
        "python -m wpdeploy render --group Test --release release.json",
        540,
        ("--release", "--force-conflicts"),
    ),
    Command(
        "apply",
        "Apply what render made, in order.",
        "python -m wpdeploy apply --group Test",
        840,
        ("--force-conflicts",),
    ),
    Command(
        "validate",
        "Wait for the rollout and judge it; without --settle, change nothing.",
        "python -m wpdeploy validate --group Production --timeout 60",
        3540,
        ("--timeout", "--settle", "--watch"),
    ),
    Command(
        "rollback",
        "Go back to the release that succeeded last, or to a recorded one, with the parameters of "
        "that time; show what changes, and ask. The database is not rolled back.",
        "python -m wpdeploy rollback --group Production --to 12",
        3540,
        ("--to", "--timeout", "--color", "--yes", "--force-conflicts"),
    ),
    Command(
        "history",
        "List the deployments that the cluster remembers, the newest first.",
        "python -m wpdeploy history --group Production",
        300,
    ),
    Command(
        "unlock",
        "Free the lock that a deployment left behind; show whose it is, and ask.",
        "python -m wpdeploy unlock --group Production",
        300,
        ("--yes",),
    ),
    Command(
        "doctor",
        "Check all that a deployment needs, each check a line; change nothing.",
        "python -m wpdeploy doctor --group Production",
        600,
        ("--release",),
    ),
    Command(
        "diff",
        "Show what a deployment of this release, or of a recorded one, would change.",
        "python -m wpdeploy diff --group Production",
        540,
        ("--release", "--to", "--exit-code", "--color", "--force-conflicts"),
    ),
    Command(
        "status",
        "Show how the site stands, on one screen.",
        "python -m wpdeploy status --group Production",
        300,
    ),
    Command(
        "bootstrap",
        "Apply what a deployment needs and may not make itself: the namespace, its Role, the "
        "classes of k8s/cluster; show what changes, and ask. An administrator runs it, once.",
        "python -m wpdeploy bootstrap --group Test",
        900,
        ("--kubeconfig", "--context", "--color", "--yes", "--force-conflicts"),
    ),
    Command(
        "params",
        "check: show which parameters there are, what is not well with them, and who makes those "
        "that are missing. init: generate the secret ones that are missing, show which, and ask; "
        "nothing is overwritten, and no value is shown.",
        "python -m wpdeploy params init --group Test",
        900,
        ("action", "--yes"),
    ),
    Command(
        "bundle",
        "Make what becomes CodeDeploy's archive, as a directory or a ZIP file.",
        "python -m wpdeploy bundle --image wordpress@sha256:... --commit c0ffee --branch main "
        "--subject 'Larger logo' --build wp:17 --out bundle.zip",
        1200,
        (
            *("--image", "--commit", "--branch", "--subject", "--build", "--link", "--time"),
            *("--out", "--python", "--platform"),
        ),
        needs_group=False,
    ),
)
BY_NAME = {command.name: command for command in COMMANDS}


def _seconds(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text) <= LONGEST_DEADLINE:
        message = f'must be from 1 to {LONGEST_DEADLINE} seconds, not "{text[:20]}"'
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be a number such as 12, not "{text[:20]}"')
    return int(text)


_COMMON = ("--output", "--verbose")
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--group": {"help": "the deployment group; else DEPLOYMENT_GROUP_NAME"},
    "--output": {"choices": ("text", "json"), "default": "text", "help": "json is for programs"},
    "--verbose": {"action": "store_true", "help": "show each request to the API server"},
    "--release": {"metavar": "FILE", "help": "release.json; else the bundle's"},
    "--force-conflicts": {
        "action": "store_true",
        "help": "take over the fields that other field managers own",
    },
    "--timeout": {
        "type": _seconds,
        "metavar": "SECONDS",
        "help": "wait for so long; else the environment file's rollout.deadline",
    },
    "--settle": {"action": "store_true", "help": "end the deployment: hold its lock, and free it"},
    "--watch": {
        "action": "store_true",
        "help": "stay after the verdict and tell each change of it, until Ctrl-C or --timeout",
    },
    "--to": {
        "type": _number,
        "metavar": "NUMBER",
        "help": "the deployment of that number, of those that `history` lists",
    },
    "--exit-code": {"action": "store_true", "help": "end with 11 if something would change"},
    "--color": {
        "choices": ("auto", "always", "never"),
        "default": "auto",
        "help": "auto is on a terminal, where NO_COLOR is not set",
    },
    "--yes": {"action": "store_true", "help": "do not ask"},
    "action": {"choices": ("check", "init"), "help": "what to do"},
    "--kubeconfig": {
        "metavar": "FILE",
        "help": "reach the cluster by this, and not as the environment file says",
    },
    "--context": {"metavar": "NAME", "help": "a context of --kubeconfig; else its current one"},
    "--image": {"required": True, "help": "the image, REPOSITORY[:TAG]@sha256:..."},
    "--commit": {"required": True, "help": "the commit that it is made from"},
    "--branch": {"required": True, "metavar": "NAME", "help": "the branch of the commit"},
    "--subject": {
        "required": True,
        "metavar": "TEXT",
        "help": "what the commit says of itself: of a message the first line",
    },
    "--build": {"required": True, "metavar": "ID", "help": "the build that made it"},
    "--link": {"default": "", "metavar": "URL", "help": "the build's page"},
    "--time": {"metavar": "ISO", "help": "when it was made, in ISO 8601; else now"},
    "--out": {
        "required": True,
        "metavar": "DIR|FILE.zip",
        "help": "where to make the bundle, and in which form",
    },
    "--python": {
        "choices": ("3.11", "3.12", "3.13", "3.14"),
        "default": "3.11",
        "help": "the bastion's Python (3.11)",
    },
    "--platform": {
        "choices": ("x86_64", "aarch64"),
        "default": "x86_64",
        "help": "the bastion's machine (x86_64)",
    },
}
_SHORT = {"--verbose": ("-v",)}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(self.prog, message, f"see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """What reads a command line; UsageError for one that is wrong."""
    made = _Parser(
        "wpdeploy",
        allow_abbrev=False,
        description="Deploys WordPress to Kubernetes from AWS CodeDeploy.",
    )
    made.add_argument("--version", action="version", version=f"wpdeploy {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            allow_abbrev=False,
            help=command.does,
            description=command.does,
            epilog=f"example: {command.example}",
        )
        group = ("--group",) if command.needs_group else ()
        for option in (*group, *_COMMON, *command.options):
            sub.add_argument(*_SHORT.get(option, ()), option, **_OPTIONS[option])
    return made
