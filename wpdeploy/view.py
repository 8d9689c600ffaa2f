"""What a rollout looks like: Snapshot -> rows of a table, a screen, a document for programs."""

import dataclasses
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

from wpdeploy import ages, doing
from wpdeploy.observed import Snapshot
from wpdeploy.pods import Pod
from wpdeploy.report import ascii_line
from wpdeploy.rollout import current_pods
from wpdeploy.verdict import Outcome, Verdict

# From how many columns on there is room for more than a pod's name and state.
_WIDE = 64
_TITLES = ("POD", "REVISION", "AGE", "RESTARTS", "STATE")
# What is left of a long name at least.
_SHORTEST = 12
# How many of the newest lines the screen has room for at least.
_LOG = 6
_SENTENCE = 3


class Kind(IntEnum):
    """What a pod is to the rollout, those first that it waits for."""

    TROUBLED = 0
    UNREADY = 1
    READY = 2
    OLD = 3
    ENDING = 4


_KINDS: Mapping[Kind, str] = {
    Kind.TROUBLED: "in trouble",
    Kind.UNREADY: "not ready",
    Kind.READY: "ready",
    Kind.OLD: "old",
    Kind.ENDING: "ending",
}


@dataclass(frozen=True)
class Row:
    """A pod of the rollout, new or old, on a line."""

    pod: str
    kind: Kind
    state: str
    revision: int
    is_new: bool
    age: timedelta
    restarts: int


class Line(NamedTuple):
    """A line of a screen; the kind of its pod, if it is about one."""

    text: str
    kind: Kind | None = None


def rows(snapshot: Snapshot) -> list[Row]:
    """The pods of the Deployment, in the order in which they matter."""
    workload = snapshot.workload
    own = {
        item.uid: item.revision
        for item in snapshot.replica_sets
        if workload and item.owner == workload.uid
    }
    counted = {pod.uid for pod in current_pods(snapshot)}
    found = [
        _row(snapshot, pod, own[pod.owner], is_counted=pod.uid in counted)
        for pod in snapshot.pods
        if pod.owner in own
    ]
    return sorted(found, key=lambda row: (row.kind, row.pod))


def standing(snapshot: Snapshot, verdict: Verdict) -> float | None:
    """Seconds for which the pod that is waited for has been as it is; None: there is none."""
    is_open = verdict.outcome is Outcome.PROGRESSING
    uid = verdict.culprit.uid if is_open and verdict.culprit else None
    since = [pod.troubled for pod in snapshot.pods if pod.uid == uid]
    return (snapshot.now - since[0]).total_seconds() if since else None


def told(verdict: Verdict) -> str:
    """The verdict on one line: what is waited for, or how it ended and why."""
    if verdict.outcome is Outcome.PROGRESSING:
        return verdict.sentence
    return f"{verdict.outcome.value}: {verdict.sentence}"


def screen(
    headline: str, found: Sequence[Row], log: Sequence[str], columns: int, height: int
) -> list[Line]:
    """A screen of that size: the headline, a line a pod, and the newest lines of the log."""
    most = columns - 1  # a terminal may wrap a line that fills it
    top = textwrap.wrap(ascii_line(headline), max(most, 1))[:_SENTENCE]
    lines = [*map(Line, top), Line("")]
    left = height - len(lines) - 1 - min(len(log), _LOG)
    lines += [line._replace(text=line.text[:most]) for line in table(found, most, left)]
    lines.append(Line(""))
    left = height - len(lines)
    lines += [Line(text[:most]) for text in log[-left:]] if left > 0 else []
    return lines[:height]


def table(found: Sequence[Row], columns: int, height: int) -> list[Line]:
    """The rows in so many lines, the first one their titles; what has no room is counted."""
    if not found:
        return [Line("no pods yet")]
    room = max(height - 1, 2)
    shown = found if len(found) <= room else found[: room - 1]
    width = max(columns // 2, _SHORTEST)
    texts = _aligned([_TITLES, *(_cells(row, width) for row in shown)], is_wide=columns >= _WIDE)
    lines = [Line(text) for text in texts[:1]]
    lines += [Line(text, row.kind) for text, row in zip(texts[1:], shown, strict=True)]
    if rest := found[len(shown) :]:
        counts = Counter(row.kind for row in rest)
        kinds = ", ".join(f"{counts[kind]} {_KINDS[kind]}" for kind in sorted(counts))
        lines.append(Line(f"... and {len(rest)} more: {kinds}"))
    return lines


def document(
    verdict: Verdict,
    snapshot: Snapshot,
    *,
    smoke: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The verdict for programs; docs/validate.md promises these keys."""
    own = dict(verdict.details)
    own.pop("note", None)
    return {
        "outcome": verdict.outcome.value,
        "details": {label.replace(" ", "_"): text for label, text in own.items()},
        "notes": [text for label, text in verdict.details if label == "note"],
        "culprit": verdict.culprit and dataclasses.asdict(verdict.culprit),
        "replicas": _replicas(snapshot),
        "pods": [_pod(row) for row in rows(snapshot)],
        "smoke": smoke,
        "evidence": evidence,
        "times": {
            "applied": _iso(snapshot.since),
            "ready": _iso(_all_ready(snapshot)),
            "judged": _iso(snapshot.now),
        },
    }


def _row(snapshot: Snapshot, pod: Pod, revision: int, *, is_counted: bool) -> Row:
    current = snapshot.workload.revision if snapshot.workload else 0
    return Row(
        pod=pod.name,
        kind=_kind(pod, is_counted=is_counted),
        state=_state(snapshot, pod),
        revision=revision,
        is_new=revision == current,
        age=snapshot.now - pod.created,
        restarts=pod.restarts,
    )


def _kind(pod: Pod, *, is_counted: bool) -> Kind:
    if not is_counted:
        return Kind.OLD if pod.counts else Kind.ENDING
    if pod.ready:
        return Kind.READY
    return Kind.TROUBLED if pod.trouble else Kind.UNREADY


def _state(snapshot: Snapshot, pod: Pod) -> str:
    if pod.over:
        return "ended"
    if pod.deleting:
        is_late = pod.due is not None and pod.due < snapshot.now
        return "ending, and should have ended: its node may be gone" if is_late else "ending"
    return "ready" if pod.ready else doing.words(pod, snapshot.events.get(pod.uid, ()))


def _cells(row: Row, width: int) -> tuple[str, ...]:
    # The end of a name is what tells it from the others.
    name = row.pod if len(row.pod) <= width else f"..{row.pod[2 - width :]}"
    revision = f"{row.revision} {'new' if row.is_new else 'old'}"
    return name, revision, ages.told(row.age), str(row.restarts), ascii_line(row.state)


def _aligned(found: Sequence[tuple[str, ...]], *, is_wide: bool) -> list[str]:
    """The cells below each other; of each line only the first and the last where it is narrow."""
    cells = found if is_wide else [(first, last) for first, *_, last in found]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _pod(row: Row) -> dict[str, Any]:
    return {
        "name": row.pod,
        "new": row.is_new,
        "revision": row.revision,
        "kind": _KINDS[row.kind],
        "state": row.state,
        "age": row.age.total_seconds(),
        "restarts": row.restarts,
    }


def _replicas(snapshot: Snapshot) -> dict[str, int] | None:
    found = snapshot.workload
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("desired", "updated", "ready", "available")}


def _all_ready(snapshot: Snapshot) -> datetime | None:
    """When the last of the new pods became ready, if all are."""
    moments = [pod.transition if pod.ready else None for pod in current_pods(snapshot)]
    known = [moment for moment in moments if moment]
    return max(known) if known and len(known) == len(moments) else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
