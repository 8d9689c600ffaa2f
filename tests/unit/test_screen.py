"""A status on one screen, and for programs."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.past_deployments import STARTED, failed, record, release
from wpdeploy import screen
from wpdeploy.lease import Holder, Lease
from wpdeploy.record import Result
from wpdeploy.status import Drift, Newer, PodState, Service, Status

NOW = STARTED + timedelta(hours=10)
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress:v1@sha256:{'a' * 64}"
READY = PodState("site-5f-x", 7, ready=True, restarts=0, trouble="")
HELD = Lease("u", "1", Holder("d-9", "Test, apply, host"), NOW - timedelta(minutes=3), 120, 1)


def status(**changes: Any) -> Status:
    """A site that is as it was released."""
    found = Status(
        instance="site",
        now=NOW,
        service=Service.UP,
        sentence="ready 2/2",
        revision=7,
        images={"wordpress": IMAGE},
        pods=(READY, dataclasses.replace(READY, name="site-5f-y")),
        current=record(7),
        deployments=((record(7), "succeeded"), (failed(6), "failed")),
        drift=(),
        lock=None,
        newer=(),
    )
    return dataclasses.replace(found, **changes)


def test_a_site_that_is_as_it_was_released() -> None:
    assert screen.lines(status()) == [
        "Deployment site: up: ready 2/2",
        "release     commit v1v1v1v1",
        "            build wp:1, built now",
        "            deployed 3 h ago (2026-11-20T17:00:00+00:00) by d-7, #7: succeeded",
        "image       wordpress: wordpress:v1@sha256:aaaaaaaaaaaa",
        "pods        revision 7 (current): 2/2 ready, restarts: 0",
        "deployed    #7      3 h ago  succeeded   d-7, commit v1v1v1v1",
        "            #6      4 h ago  failed      d-6, commit v2v2v2v2: it crashed",
        "lock        nobody holds it",
        "parameters  those of the release",
    ]


def test_a_site_that_is_not_deployed() -> None:
    absent = status(
        service=Service.ABSENT, images={}, pods=(), current=None, deployments=(), sentence="nothing"
    )
    assert screen.lines(absent) == [
        "Deployment site: not deployed: nothing",
        "release     no record of it",
        "image       none",
        "pods        none",
        "deployed    none",
        "lock        nobody holds it",
        "parameters  no record tells which versions the release has",
    ]


def shown(label: str, **changes: Any) -> list[str]:
    """The lines with that label."""
    lines = screen.lines(status(**changes))[1:]
    first = next(number for number, line in enumerate(lines) if line.startswith(label))
    rest = [number for number, line in enumerate(lines) if number > first and line[0] != " "]
    return [line[12:] for line in lines[first : [*rest, len(lines)][0]]]


def test_pods_are_told_by_revision_and_those_in_trouble_by_name() -> None:
    lost = PodState("site-6a-z", 8, ready=False, restarts=4, trouble="CrashLoopBackOff")
    new = PodState("site-6a-a", 8, ready=False, restarts=0, trouble="not ready")
    assert shown("pods", pods=(new, lost, READY), revision=8) == [
        "revision 8 (current): 0/2 ready, restarts: 4",
        "revision 7: 1/1 ready, restarts: 0",
        "site-6a-a: not ready",
        "site-6a-z, restarts: 4: CrashLoopBackOff",
    ]


def test_an_image_that_somebody_changed_says_who_and_from_what() -> None:
    since = NOW - timedelta(minutes=5)
    drift = Drift("wordpress", "registry/wordpress:hand", IMAGE, "kubectl-set", since)
    changed = {"images": {"wordpress": "registry/wordpress:hand"}, "drift": (drift,)}
    assert shown("image", **changed) == [
        "wordpress: wordpress:hand",
        'wordpress was changed by "kubectl-set" 5 min ago, from wordpress:v1@sha256:aaaaaaaaaaaa',
    ]


def test_a_deployment_that_is_at_work_and_one_that_was_interrupted() -> None:
    applying = record(9, result=Result.APPLYING, ended=None, deployment_id="d-9")
    assert shown("release", current=applying, lock=HELD)[2].endswith("by d-9, #9: applying")
    assert shown("release", current=applying)[2].endswith("by d-9, #9: interrupted")
    assert shown("lock", lock=HELD) == [
        "held by d-9 (Test, apply, host) since 2026-11-20T19:57:00+00:00, for 0:03:00"
    ]


LOGO = dataclasses.replace(
    release("v1"), commit="c0ffee" * 7, branch="main", subject="Gr\xf6\xdferes Logo \U0001f600" * 9
)


def test_a_release_is_told_by_its_commit_its_branch_and_its_subject() -> None:
    told = shown("release", current=record(7, release=LOGO))[0]
    assert told.startswith(
        "commit c0ffeec0ffee on main: Gr\\xf6\\xdferes Logo \\U0001f600Gr\\xf6\\xdferes"
    )
    assert (len(told), told[-3:]) == (88, "...")


def test_a_deployment_tells_why_it_failed_else_what_it_was() -> None:
    rows = ((record(7, release=LOGO), "succeeded"), (failed(6, release=LOGO), "failed"))
    good, bad = shown("deployed", deployments=rows)
    assert "  d-7, commit c0ffeec0ffee on main: Gr" in good
    assert bad.endswith("  d-6, commit c0ffeec0ffee: it crashed")


def test_a_rollback_says_what_it_restores() -> None:
    assert shown("release", current=record(7, restores=4))[2].endswith(
        "by d-7, #7, restores #4: succeeded"
    )


@pytest.mark.parametrize(
    ("hours", "version", "told"),
    [
        (9, 4, "password, version 3 -> 4, changed 2 h after this release"),
        (-20, 4, "password, version 3 -> 4, changed 30 h ago"),
        (0, None, "password is gone; the release has version 3"),
    ],
)
def test_a_parameter_that_is_not_the_releases_says_since_when(
    hours: int, version: int | None, told: str
) -> None:
    modified = STARTED + timedelta(hours=hours) if version else None
    assert shown("parameters", newer=(Newer("password", 3, version, modified),)) == [told]


def test_parameters_that_may_not_be_read_are_no_reason_to_show_nothing() -> None:
    assert shown("parameters", newer="not readable: denied") == ["not readable: denied"]


def test_the_reason_is_not_cut_off() -> None:
    sentence = "no pod serves; rollout failed: pod wordpress-5f7d9c6b8d-x2x4z: the registry has no"
    found = status(service=Service.DOWN, sentence=f"{sentence} such image (ImagePullBackOff)")
    assert screen.lines(found)[:3] == [
        f"Deployment site: DOWN: {sentence.removesuffix(' has no')}",
        "            has no such image (ImagePullBackOff)",
        "release     commit v1v1v1v1",
    ]


WORST = status(
    sentence="x" * 300 + "\nnext",
    images={f"c{number}": IMAGE for number in range(9)},
    pods=tuple(
        PodState("p" * 60 + str(number), number, ready=False, restarts=9, trouble="why\n" * 99)
        for number in range(20)
    ),
    deployments=((failed(1, reason="because " * 100), "failed"),) * screen.DEPLOYMENTS,
    lock=HELD,
    newer=tuple(Newer(f"p{number}", 1, None, None) for number in range(30)),
)


def test_the_worst_of_sites_fits_on_a_screen() -> None:
    lines = screen.lines(WORST)
    assert len(lines) == 23
    assert all(len(line) <= 100 and line.isprintable() for line in lines)
    assert lines[-1] == "            ... and 28 more"


@pytest.mark.parametrize("found", [status(), WORST, status(newer="not readable")])
def test_a_program_reads_it_whole(found: Status) -> None:
    document = json.loads(json.dumps(screen.document(found)))
    assert document["service"] == "up"
    assert len(document["pods"]) == len(found.pods)
    assert document["now"] == "2026-11-20T20:00:00+00:00"
    assert document["release"]["image"].endswith("@sha256:" + "a" * 64)
