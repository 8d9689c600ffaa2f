"""Evidence: what is known of a rollout that failed, as long as nothing is undone.

It is gathered as it is found (steps/gathering.py), and `shown` makes it fit to be shown, in one
place. evidence_text.py writes it for people; docs/evidence.md tells what it has.
"""

import dataclasses
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from wpdeploy import clues
from wpdeploy.clues import PREVIOUS, WARNING, PodRow, Run, Told, Used
from wpdeploy.observed import Event, Snapshot
from wpdeploy.pods import Pod
from wpdeploy.quoting import WITHHELD, Redactor, shortened
from wpdeploy.report import COLUMNS, LINES, ascii_line
from wpdeploy.verdict import Verdict

T = TypeVar("T")
Rows = tuple[tuple[str, str], ...]

_LAST_WORDS = 3
# What makes a line of a log worth more than those after it.
_TELLING = re.compile(r"fatal|uncaught|exception|error|panic|denied|refused|failed", re.IGNORECASE)
_QUOTA = re.compile(r"exceeded quota: ([^\s,]+)")
_RETRIES = "back-off "
# The row of a verdict that others have written.
_QUOTED = "message"
# Columns beside a label; characters of a row, but for those that are nothing if they are cut.
_WIDTH = COLUMNS - 12
_LONGEST, _LONGEST_MESSAGE = 170, 260
_WHOLE = {"evidence", "image"}
# What comes before the sentence, and the lines that may come after it: what a rollback came to.
_LEAD = "wpdeploy validate: SMOKE TEST FAILED (exit 10): Deployment wordpress: "
_RESERVE, _LEAST = 1, 3
_PARTS = ("scheduler", "runs", "logs", "events", "quotas", "pods", "stopped", "files")
# Where there is no room for all rows, the first of these stay.
_WORTH = ("evidence", "to do", "log", "message", "quota", "image", "event", "exit")


@dataclass(frozen=True)
class Part(Generic[T]):
    """What was found of one kind; `missing` is why there is nothing, or not everything."""

    items: tuple[T, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Log:
    """The last lines of a container's log, of its current run or of the one before."""

    container: str
    which: str
    lines: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Evidence:
    """What was found of what a verdict is about, which is on a snapshot of the rollout `about`.

    The runs and the logs are those of the verdict's pod, `scheduler` is what the scheduler says of
    it. `stopped` is why there is no more of it, `files` are where it is written.
    """

    about: str
    verdict: Verdict
    snapshot: Snapshot
    scheduler: str = ""
    runs: Part[Run] = field(default_factory=Part)
    logs: tuple[Log, ...] = ()
    events: Part[Told] = field(default_factory=Part)
    quotas: Part[Used] = field(default_factory=Part)
    pods: Part[PodRow] = field(default_factory=Part)
    stopped: str = ""
    files: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict's."""
        return self.verdict.sentence

    @property
    def details(self) -> Rows:
        """The verdict's own rows."""
        return self.verdict.details

    @property
    def culprit(self) -> str:
        """The name of the pod that it is about, if it is about one."""
        return self.verdict.culprit.pod if self.verdict.culprit else ""

    @property
    def rows(self) -> Rows:
        """What the last block has room for, in the place of the verdict's own rows."""
        said = [row for row in self.details if row[1] not in self.sentence]
        rows = [row for row in said if row[0] != "to do" and not row[1].startswith(_RETRIES)]
        rows += [*_found(self), *(("log", line) for line in _last_words(self.logs))]
        rows += [row for row in said if row[0] == "to do"]
        rows += [("evidence", text) for text in (*self.files[:1], self.stopped) if text]
        room = LINES - _RESERVE - _height(_LEAD + self.sentence, COLUMNS - 4)
        return _fitting([_cut(*row) for row in rows], max(room, _LEAST))

    @property
    def document(self) -> Mapping[str, Any]:
        """All of it for programs; times are in ISO 8601."""
        own: dict[str, Any] = {
            "about": self.about,
            "moment": self.snapshot.now,
            "culprit": self.culprit,
        }
        own |= {"sentence": self.sentence, "details": dict(self.details)}
        own |= {name: getattr(self, name) for name in _PARTS}
        found: Mapping[str, Any] = json.loads(json.dumps(own, default=_plain))
        return found


def shown(found: Evidence, redactor: Redactor) -> Evidence:
    """The evidence with every text of others fit to be shown."""
    line = redactor.line
    return replace(
        found,
        verdict=_shown_verdict(found.verdict, redactor),
        snapshot=_shown_snapshot(found.snapshot, redactor),
        scheduler=line(found.scheduler),
        runs=_each(found.runs, lambda run: _shown_run(run, redactor), line),
        logs=tuple(_shown_log(log, redactor) for log in found.logs),
        events=_each(
            found.events, lambda event: replace(event, message=_of_event(event, redactor)), line
        ),
        quotas=_each(found.quotas, lambda item: item, line),
        pods=_each(found.pods, lambda row: replace(row, state=line(row.state)), line),
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else dataclasses.asdict(value)


def _shown_verdict(verdict: Verdict, redactor: Redactor) -> Verdict:
    details = tuple(
        (label, redactor.line(text) if label == _QUOTED else redactor.ours(text))
        for label, text in verdict.details
    )
    return replace(verdict, sentence=redactor.ours(verdict.sentence), details=details)


def _shown_snapshot(snapshot: Snapshot, redactor: Redactor) -> Snapshot:
    """The snapshot, of which other parts of a report are made, without values as well."""
    events = {
        uid: tuple(replace(item, message=_of_event(item, redactor)) for item in told)
        for uid, told in snapshot.events.items()
    }
    pods = tuple(_shown_pod(pod, redactor) for pod in snapshot.pods)
    return replace(snapshot, pods=pods, events=events)


def _shown_pod(pod: Pod, redactor: Redactor) -> Pod:
    containers = tuple(
        replace(item, message=redactor.line(item.message), said=redactor.own(item.said))
        for item in pod.containers
    )
    return replace(pod, containers=containers, unschedulable=redactor.line(pod.unschedulable))


def _of_event(event: Event | Told, redactor: Redactor) -> str:
    shows = redactor.own if clues.quotes(event.reason) else redactor.line
    return shows(event.message)


def _each(part: Part[T], change: Callable[[T], T], line: Callable[[str], str]) -> Part[T]:
    return Part(tuple(change(item) for item in part.items), line(part.missing))


def _shown_run(run: Run, redactor: Redactor) -> Run:
    shows = redactor.own if run.has_ended else redactor.line
    return replace(run, message=shows(run.message))


def _shown_log(log: Log, redactor: Redactor) -> Log:
    if log.lines and redactor.unknown:
        return replace(log, lines=(), missing=redactor.own("its lines"))
    lines = redactor.lines("\n".join(log.lines))
    return replace(log, lines=lines, missing=redactor.line(log.missing))


def _found(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Rows of what neither the sentence nor the verdict's own rows say."""
    known = " ".join([evidence.sentence, *(text for _, text in evidence.details)])
    for run in evidence.runs.items:
        if run.exit_code and run.exit not in known:
            yield "exit", f"{run.role} {run.container}: {run.exit}"
    named = _QUOTA.search(known)
    for item in evidence.quotas.items:
        if named and item.quota == named[1] and item.used == item.hard:
            yield "quota", f"{item.quota}: {item.used} of {item.hard} {item.resource} in use"
    warnings = [item for item in evidence.events.items if item.type == WARNING]
    for event in warnings[-1:]:
        if event.message not in known:
            yield "event", f"{event.reason}: {event.message}"


def _last_words(logs: Sequence[Log]) -> Sequence[str]:
    """The last lines of the run that ended, or else of the current one; first, what went wrong."""
    in_order = sorted(logs, key=lambda log: log.which != PREVIOUS)
    withheld = tuple(log.missing for log in in_order if log.missing.startswith(WITHHELD))[:1]
    lines = next((log.lines for log in in_order if log.lines), withheld)
    told = [line for line in lines if _TELLING.search(line)]
    last = list(lines[-_LAST_WORDS:])
    if told and told[-1] not in last:
        last[0] = told[-1]
    return [line.strip() for line in last if line.strip()]


def _cut(label: str, text: str) -> tuple[str, str]:
    longest = _LONGEST_MESSAGE if label == "message" else _LONGEST
    return label, text if label in _WHOLE else shortened(ascii_line(text), longest)


def _fitting(rows: Sequence[tuple[str, str]], room: int) -> Rows:
    """The rows that are worth most, as many as there is room for, in their order."""
    kept: set[int] = set()
    for number in sorted(range(len(rows)), key=lambda number: _rank(rows[number][0])):
        height = _height(rows[number][1], _WIDTH)
        if height <= room:
            kept.add(number)
            room -= height
    return tuple(row for number, row in enumerate(rows) if number in kept)


def _rank(label: str) -> int:
    return _WORTH.index(label) if label in _WORTH else len(_WORTH)


def _height(text: str, width: int) -> int:
    return len(textwrap.wrap(ascii_line(text), width, break_on_hyphens=False))
