"""A Status as one screen of at most 23 lines of 100 columns, and as JSON."""

import dataclasses
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from wpdeploy import ages
from wpdeploy import release as releases
from wpdeploy.record import Record
from wpdeploy.release import short
from wpdeploy.report import COLUMNS, ascii_line, fitted
from wpdeploy.status import Drift, Newer, PodState, Status

# How many lines of each there are at most.
_IMAGES, _REVISIONS, _TROUBLES, _NEWER = 3, 3, 4, 3
DEPLOYMENTS = 4


def lines(status: Status) -> list[str]:
    """The screen; its first line says whether the site is up."""
    sections = {
        "release": _release(status),
        "image": _first(_IMAGES, _images(status)),
        "pods": [
            *_first(_REVISIONS, list(_revisions(status))),
            *_first(_TROUBLES, [_pod(pod) for pod in status.pods if pod.trouble]),
        ],
        "deployed": [_deployment(status, *item) for item in status.deployments],
        "lock": [status.lock.told(status.now) if status.lock else "nobody holds it"],
        "parameters": _parameters(status),
    }
    shown = _headline(status)
    for label, texts in sections.items():
        shown += [
            f"{'' if number else label:12}{text}" for number, text in enumerate(texts or ["none"])
        ]
    return [fitted(line) for line in shown]


def document(status: Status) -> dict[str, Any]:
    """The status for programs."""
    current, lock, newer = status.current, status.lock, status.newer
    return {
        "service": status.service.name.lower(),
        "now": _iso(status.now),
        "release": current and _record(current, current.result),
        "images": dict(status.images),
        "drift": [dataclasses.asdict(item) | {"since": _iso(item.since)} for item in status.drift],
        "revision": status.revision,
        "pods": [dataclasses.asdict(pod) for pod in status.pods],
        "deployments": [_record(*item) for item in status.deployments],
        "lock": lock and {"holder": lock.holder.identity, "since": _iso(lock.since)},
        "newer": [
            dataclasses.asdict(item) | {"modified": _iso(item.modified)}
            for item in ([] if isinstance(newer, str) else newer)
        ],
        "newer_unknown": newer if isinstance(newer, str) else None,
    }


def _headline(status: Status) -> list[str]:
    """Whether the site is up, and why not: a reason that is cut off helps nobody."""
    text, indent = ascii_line(status.headline), " " * 12
    return textwrap.wrap(text, COLUMNS, subsequent_indent=indent, max_lines=2, placeholder="...")


def _release(status: Status) -> list[str]:
    current = status.current
    if current is None:
        return ["no record of it"]
    release, age = current.release, ages.told(status.now - current.started)
    since = f"deployed {age} ago ({_iso(current.started)}) by {current.deployment_id}"
    restores = f", restores #{current.restores}" if current.restores else ""
    standing = current.standing(status.lock.holder.identity if status.lock else "")
    return [
        releases.told(release),
        f"build {release.build}, built {release.time}",
        f"{since}, #{current.number}{restores}: {standing}",
    ]


def _images(status: Status) -> list[str]:
    found = [f"{name}: {short(image)}" for name, image in status.images.items()]
    return found + [_drift(status.now, item) for item in status.drift]


def _drift(now: datetime, item: Drift) -> str:
    since = f" {ages.told(now - item.since)} ago" if item.since else ""
    return f'{item.container} was changed by "{item.manager}"{since}, from {short(item.released)}'


def _revisions(status: Status) -> Iterator[str]:
    for revision in dict.fromkeys(pod.revision for pod in status.pods):
        own = [pod for pod in status.pods if pod.revision == revision]
        which = " (current)" if revision == status.revision else ""
        restarts = sum(pod.restarts for pod in own)
        ready = sum(pod.ready for pod in own)
        yield f"revision {revision}{which}: {ready}/{len(own)} ready, restarts: {restarts}"


def _pod(pod: PodState) -> str:
    restarts = f", restarts: {pod.restarts}" if pod.restarts else ""
    return f"{pod.name}{restarts}: {pod.trouble}"


def _deployment(status: Status, record: Record, standing: str) -> str:
    age = f"{ages.told(status.now - record.started)} ago"
    reason = record.reason.removeprefix(f"Deployment {status.instance}: ")
    failed = f"commit {releases.short_commit(record.release)}: {reason}"
    what = failed if reason else releases.told(record.release)
    return f"#{record.number:<4}{age:>10}  {standing:12}{record.deployment_id}, {what}"


def _parameters(status: Status) -> list[str]:
    if isinstance(status.newer, str):
        return [status.newer]
    if status.current is None:
        return ["no record tells which versions the release has"]
    since = status.current.started
    told = [_newer(item, since, status.now) for item in status.newer]
    return _first(_NEWER, told) or ["those of the release"]


def _newer(item: Newer, released: datetime, now: datetime) -> str:
    if item.modified is None:
        return f"{item.name} is gone; the release has version {item.released}"
    versions = f"{item.name}, version {item.released} -> {item.version}"
    if item.modified < released:
        return f"{versions}, changed {ages.told(now - item.modified)} ago"
    return f"{versions}, changed {ages.told(item.modified - released)} after this release"


def _record(record: Record, standing: str) -> dict[str, Any]:
    return {
        "number": record.number,
        "deployment_id": record.deployment_id,
        "result": standing,
        "started": _iso(record.started),
        "ended": _iso(record.ended),
        "reason": record.reason,
        **dataclasses.asdict(record.release),
    }


def _first(count: int, texts: Sequence[str]) -> list[str]:
    if len(texts) <= count:
        return list(texts)
    return [*texts[: count - 1], f"... and {len(texts) - count + 1} more"]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
