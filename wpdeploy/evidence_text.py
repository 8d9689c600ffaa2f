"""Evidence as a text for people."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from wpdeploy.clues import PodRow, Run, Told, Used
from wpdeploy.evidence import Evidence, Log, Part

T = TypeVar("T")
_POD = "  {:30} {:8} {:>8} {:16} {:>6}  {}"
_TITLES = ("name", "", "restarts", "node", "age", "state")


def lines(evidence: Evidence) -> list[str]:
    """The whole text: what was judged, then section by section."""
    return [line.rstrip() for line in "\n".join(_lines(evidence)).split("\n")]


def _lines(evidence: Evidence) -> Iterator[str]:
    yield from (f"{evidence.about}, {_time(evidence.snapshot.now)}", "", evidence.sentence)
    width = max((len(label) for label, _ in evidence.details), default=0)
    yield from (f"  {label:{width}}  {text}" for label, text in evidence.details)
    if evidence.stopped:
        yield f"  evidence: {evidence.stopped}"
    if evidence.scheduler:
        yield from ("", f"Scheduler, of {evidence.culprit}", f"  {evidence.scheduler}")
    if evidence.culprit:
        yield from _section(f"Containers of {evidence.culprit}", evidence.runs, _run)
    for log in evidence.logs:
        yield from _log(log, evidence.culprit)
    yield from _section("Events, the newest last", evidence.events, _event)
    if evidence.quotas != Part():
        yield from _section("Quotas", evidence.quotas, _quota)
    titles = [_POD.format(*_TITLES)] if evidence.pods.items else []
    yield from _section("Pods", evidence.pods, _pod, *titles)


def _section(title: str, part: Part[T], told: Callable[[T], str], *titles: str) -> Iterator[str]:
    yield from ("", title, *titles)
    yield from (told(item) for item in part.items)
    if part.missing:
        yield f"  {'and not' if part.items else 'not available'}: {part.missing}"
    elif not part.items:
        yield "  none"


def _run(run: Run) -> str:
    state = run.exit if run.has_ended else " ".join(filter(None, (run.state, run.reason)))
    times = " - ".join(_time(moment) for moment in (run.started, run.finished) if moment)
    told = "; ".join(filter(None, (state, times)))
    said = f"\n    {run.message}" if run.message else ""
    return f"  {run.role} {run.container}, {run.which} run: {told}{said}"


def _log(log: Log, pod: str) -> Iterator[str]:
    yield from ("", f"Log of {log.container} in {pod}, {log.which} run")
    yield from (f"  | {line}" for line in log.lines)
    if log.missing:
        yield f"  {'and not' if log.lines else 'not available'}: {log.missing}"
    elif not log.lines:
        yield "  it has written nothing"


def _event(event: Told) -> str:
    moment = _time(event.last) if event.last else "at no known time"
    times = f" x{event.count}" if event.count > 1 else ""
    return f"  {moment}  {event.type:7}  {event.about}: {event.reason}{times}: {event.message}"


def _quota(item: Used) -> str:
    return f"  {item.quota}: {item.resource}: {item.used} of {item.hard} in use"


def _pod(row: PodRow) -> str:
    node, age = row.node or "-", f"{row.age} s"
    return _POD.format(row.name, row.kind, row.restarts, node, age, row.state)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
