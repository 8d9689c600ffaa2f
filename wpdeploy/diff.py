"""What a deployment would change: objects as they are and as they would be -> differences.

A value that could be a secret one is compared and never shown: what the environment of a container
says in plain text. A Secret is not even read: what is told of it is where its values come from.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from wpdeploy import fields, jobs
from wpdeploy.apply import Preview
from wpdeploy.fields import Fields
from wpdeploy.kinds import JOB, Manifest, title
from wpdeploy.record import RecordedParameter

Action = Literal["created", "changed", "unchanged", "deleted", "left out"]
HIDDEN = "(not shown)"
PARTIAL = (
    "`kubectl apply` owns fields of it, which are handed over first: "
    "only what it or a template has named is compared"
)
ORDER = "only the order of a list differs"
RUN_AGAIN = "it failed before: it is deleted, and run again"
_SIGNS: Mapping[Action, str] = {
    "created": "+",
    "changed": "~",
    "unchanged": " ",
    "deleted": "-",
    "left out": " ",
}
_PLAIN_VALUE = re.compile(r"\benv\[.*\]\.value$")
_DIGITS = re.compile(r"([0-9]+)")
_REFERENCE = re.compile(r"\.env\[[^]]+\]\.valueFrom\.(?:secret|configMap)KeyRef\.name$")


@dataclass(frozen=True)
class Change:
    """A field's value before and after, as it is shown; None: it is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Difference:
    """What becomes of an object; `note` says what else is to know of it."""

    title: str
    action: Action
    changes: tuple[Change, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Configuration:
    """What a release's Secret and ConfigMap, of one `name`, are made of.

    `sources` has where each parameter comes from, by name: nothing where no record tells. `plain`
    has the ConfigMap's variables; those in `untold` are not compared, as their values are not known
    or are secret on one of two sides.
    """

    name: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)
    untold: frozenset[str] = frozenset()


class Line(NamedTuple):
    """A line, and the sign that it begins with."""

    sign: str
    text: str


def of_preview(preview: Preview) -> Difference:
    """What an apply would do to the object."""
    live, after = preview.live, preview.after
    name = title(after)
    if live is None:
        return Difference(name, "created", _changes({}, fields.of(after)))
    before, wanted = fields.of(live), fields.of(after)
    if not preview.is_whole:
        named = wanted.keys() | fields.last_applied(live).keys()
        before = {path: value for path, value in before.items() if path in named}
        return Difference(name, "changed", _changes(before, wanted), PARTIAL)
    if live["kind"] == JOB and jobs.job(live).failure:
        return Difference(name, "changed", note=RUN_AGAIN)
    if before == wanted:
        if fields.are_same(live, after):
            return Difference(name, "unchanged")
        return Difference(name, "changed", note=ORDER)
    return Difference(name, "changed", _changes(before, wanted))


def of_configuration(before: Configuration, after: Configuration) -> Difference:
    """What becomes of the Secret and the ConfigMap; before the first ones the name is empty."""
    name = f"Secret and ConfigMap {after.name}"
    if before.name == after.name:
        return Difference(name, "unchanged")
    untold = before.untold | after.untold
    plain = [
        {key: json.dumps(text) for key, text in side.plain.items() if key not in untold}
        for side in (before, after)
    ]
    known = before.sources or not before.name
    sources = _changes(before.sources, after.sources) if known else ()
    changes = (*sources, *_changes(*plain))
    if not before.name:
        return Difference(name, "created", changes)
    note = f"in the place of {before.name}" + ("" if known else f"; {_UNKNOWN}")
    return Difference(name, "changed", changes, note)


_UNKNOWN = "no record tells which versions of the parameters are in that"


def deleted(manifest: Manifest) -> Difference:
    """What becomes of an object that is pruned."""
    return Difference(title(manifest), "deleted")


def source(parameter: RecordedParameter) -> str:
    """Where a parameter's value comes from."""
    return f"version {parameter.version} of {parameter.name} ({parameter.modified})"


def configuration_name(deployment: Manifest, instance: str) -> str:
    """The name of the Secret and ConfigMap that a Deployment's containers refer to; else empty."""
    for path, value in fields.of(deployment).items():
        if _REFERENCE.search(path) and value.startswith(f'"{instance}-'):
            return value.strip('"')
    return ""


def lines(difference: Difference) -> Iterator[Line]:
    """The difference as text: a line for the object, one for each value that goes or comes."""
    sign = _SIGNS[difference.action]
    yield Line(sign, f"{sign} {difference.title}: {difference.action}")
    if difference.note:
        yield Line("", f"    ({difference.note})")
    for change in difference.changes:
        for mark, value in (("-", change.before), ("+", change.after)):
            if value is not None:
                yield Line(mark, f"    {mark} {change.path}: {value}")


def summary(differences: Sequence[Difference]) -> str:
    """How many objects become what."""
    counts = {action: [item.action for item in differences].count(action) for action in _SIGNS}
    return ", ".join(f"{count} {action}" for action, count in counts.items() if count)


def _changes(before: Fields, after: Fields) -> tuple[Change, ...]:
    found = (
        _shown(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys(), key=_place)
        if before.get(path) != after.get(path)
    )
    return tuple(dict.fromkeys(found))


def _place(path: str) -> list[str | int]:
    """By which paths are put in order: the tenth item of a list comes after the second."""
    return [int(part) if number % 2 else part for number, part in enumerate(_DIGITS.split(path))]


def _shown(path: str, before: str | None, after: str | None) -> Change:
    if _PLAIN_VALUE.search(path):
        return Change(path, before and HIDDEN, after and HIDDEN)
    if before and after:
        # All variables move together: that is one change.
        path = _REFERENCE.sub(".env[*].valueFrom.*.name", path)
    return Change(path, before, after)
