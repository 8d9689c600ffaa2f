"""`history`: the deployments of an environment that its cluster remembers, the newest first."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from wpdeploy import ages, lock, settings
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.record import Record
from wpdeploy.release import Release, short_commit
from wpdeploy.report import Report, fitted
from wpdeploy.steps import locking, recording
from wpdeploy.steps.connection import connect, located

_HEADINGS = ("", "age", "release", "commit", "result", "took", "who")
# Longer cells are cut; the first one is a number.
_WIDTHS = (6, 7, 24, 12, 11, 7, 27)
_DIGEST = 12


def run(invocation: Invocation) -> Report:
    """List the records; read nothing else and change nothing."""
    target = located(invocation, settings.read(invocation.context))
    cluster = connect(invocation, target)
    records = recording.records(invocation, cluster, target).all()
    lease = lock.look(cluster, locking.place(invocation, target))
    holder, now = lease.holder.identity if lease else "", cluster.server_time()
    for line in lines(records, holder, now):
        invocation.console.listed(line)
    where = f"{target.name} in {target.namespace}"
    sentence = f"{len(records)} deployments of {where}" if records else f"no record of {where} yet"
    data = {"records": [_document(item, holder) for item in records]}
    return Report(Exit.SUCCESS, sentence, data=data)


def lines(records: Sequence[Record], holder: str, now: datetime) -> Iterator[str]:
    """The table; below a row, what the release is, why it failed, or what it restored.

    `holder` has the environment's lock.
    """
    if records:
        yield _row(_HEADINGS)
    for item in records:
        yield _row(_cells(item, holder, now))
        if about := _about(item.release):
            yield fitted(f"      {about}")
        if item.restores is not None:
            yield f"      rolled back to #{item.restores}"
        if item.reason:
            yield fitted(f"      {item.reason}")


def _cells(record: Record, holder: str, now: datetime) -> tuple[str, ...]:
    return (
        f"#{record.number}",
        ages.told(now - record.started),
        _release(record.release.image),
        short_commit(record.release),
        record.standing(holder),
        ages.told(record.ended - record.started) if record.ended else "",
        record.deployment_id,
    )


def _release(image: str) -> str:
    """The image's tag; its digest where it has none."""
    name, _, digest = image.partition("@sha256:")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest[:_DIGEST]


def _row(cells: Sequence[str]) -> str:
    padded = [f"{fitted(cell, width):{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)]
    return " ".join(padded).rstrip()


def _about(release: Release) -> str:
    return ": ".join(text for text in (release.branch, release.subject) if text)


def _document(record: Record, holder: str) -> dict[str, Any]:
    """A record for programs: what history tells, and nothing of what it restores."""
    ended = record.ended
    return {
        "number": record.number,
        "deployment_id": record.deployment_id,
        "group": record.group,
        "result": record.standing(holder),
        "started": record.started.isoformat(),
        "ended": ended.isoformat() if ended else None,
        "seconds": int((ended - record.started).total_seconds()) if ended else None,
        "reason": record.reason,
        "restores": record.restores,
        "release": dataclasses.asdict(record.release),
        "config": record.config,
        "generation": record.applied.generation if record.applied else None,
    }
