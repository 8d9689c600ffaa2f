"""The tables of docs/permissions.md, as the proof has found them.

The text around them is written by people: what is between two comments belongs to the proof.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from sandbox.site import ROOT
from tests.rights import scenarios
from tests.rights.others import other
from tests.rights.outcomes import Broken
from tests.rights.permissions import AwsRight, Json
from tests.rights.proof import Proof, Proved
from wpdeploy.rights import Right

FILE = ROOT / "docs" / "permissions.md"
COMMAND = "python -m tests.rights"
# What each use is called, in this order; one whose name another has is not told again.
_USES: Mapping[str, str] = {
    scenarios.DOWNLOAD: "the agent's download",
    "render": "render",
    "apply": "apply",
    scenarios.RETRY: "apply",
    "validate --settle": "validate",
    "validate": "validate",
    "validate --watch --timeout 2": "validate",
    scenarios.EVIDENCE: "validate",
    scenarios.PRUNING: "pruning",
    scenarios.ROLLBACK: "rollback",
    "diff": "diff",
    "status": "status",
    "history": "history",
    "doctor": "doctor",
    "unlock --yes": "unlock",
    "params check": "params check",
}
# Pruning is a part of it.
_WHOLE = ("validate", "pruning")
_SECTION = re.compile(
    r"(?P<begin><!-- (?P<name>\w+): [^>]*-->\n)(?P<table>.*?)(?P<end><!-- end -->)", re.DOTALL
)


def written(text: str, proof: Proof) -> str:
    """The document with the proof's tables in the place of its own."""
    tables = {"aws": _aws(proof), "others": _others(proof), "cluster": _cluster(proof)}

    def replaced(match: re.Match[str]) -> str:
        lines = "".join(f"{line}\n" for line in tables[match["name"]])
        return f"{match['begin']}\n{lines}\n{match['end']}"

    return _SECTION.sub(replaced, text)


def _aws(proof: Proof) -> Iterator[str]:
    said = {each["Sid"]: each for each in _statements(proof)}
    yield from _head("statement", "allows", *_PROVED)
    for each in proof.proved:
        if isinstance(each.permission, AwsRight):
            allows = _allows(each.permission) + "".join(_conditions(said[each.permission.sid]))
            yield _named(_row(each.permission.sid, allows, *_cells(each)), proof.names)


def _others(proof: Proof) -> Iterator[str]:
    """A row for each statement, as each is one program's."""
    yield from _head("statement", "allows", "what needs it", "as documented in")
    for sid, found in groupby(proof.others, key=lambda each: each.sid):
        rights = list(found)
        actions, resources = (
            " and ".join(f"`{name}`" for name in dict.fromkeys(names))
            for names in ((each.action for each in rights), (each.resource for each in rights))
        )
        if known := other(rights[0]):
            row = _row(sid, f"{actions} on {resources}", known.who, known.source)
            yield _named(row, proof.names)


def _allows(right: AwsRight) -> str:
    return f"`{right.action}` on `{right.resource}`"


def _cluster(proof: Proof) -> Iterator[str]:
    yield from _head("resource", "verb", *_PROVED)
    for each in proof.proved:
        if isinstance(each.permission, Right):
            yield _row(f"`{each.permission.resource}`", each.permission.verb, *_cells(each))


# What is told of each right that is proved.
_PROVED = ("what needs it", "without it")


def _cells(proved: Proved) -> tuple[str, str]:
    return _uses(proved.used), "; ".join(map(_told, proved.broken))


def _head(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield f"|{'---|' * len(columns)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _uses(used: Sequence[str]) -> str:
    names = list(dict.fromkeys(name for label, name in _USES.items() if label in used))
    if set(_WHOLE) <= set(names):
        names.remove(_WHOLE[1])
    older = f" ({scenarios.OLD})" if scenarios.OLD in used else ""
    return ", ".join(names) + older


def _told(broken: Broken) -> str:
    command = broken.command.partition(" --timeout")[0]
    end = "goes on" if broken.goes_on else f"ends with {broken.code}"
    return f"`{command}` {end}: {broken.told.replace('|', chr(92) + '|')}"


def _statements(proof: Proof) -> Iterable[Json]:
    return (each for document in proof.policies.values() for each in document["Statement"])


def _conditions(statement: Json) -> Iterator[str]:
    for operator, tests in statement.get("Condition", {}).items():
        for key, value in tests.items():
            shown = " or ".join(value) if isinstance(value, list) else value
            yield f", where `{key}` {_OPERATORS[operator]} `{shown}`"


_OPERATORS: Mapping[str, str] = {
    "StringEquals": "is",
    "StringLike": "is like",
    "ArnEquals": "is",
    "ArnLike": "is like",
}


def _named(text: str, names: Mapping[str, str]) -> str:
    """The text with what stands for the sandbox's own names, longer ones first."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
