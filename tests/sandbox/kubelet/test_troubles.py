"""Containers that cannot be made, cannot be started, crash once or lose their readiness."""

import re
from itertools import groupby
from operator import itemgetter

from sandbox.kubelet.pace import Pace
from tests.sandbox.kubelet.virtual_time import Play, pod_manifest

NO_ENTRYPOINT = (
    "failed to create containerd task: OCI runtime create failed: container_linux.go:380: "
    'starting container process caused: exec: "/entrypoint.sh": stat /entrypoint.sh: '
    "no such file or directory: unknown"
)
UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"


def test_runerror_is_restarted_with_back_off() -> None:
    play = Play(pod_manifest("runerror"), Pace(scale=0.1)).until(2)
    failing = ["RunContainerError", "CrashLoopBackOff"]
    assert play.states() == ["ContainerCreating", *failing, *failing]
    assert play.app["restartCount"] == 2
    assert play.app["ready"] is False
    assert play.app["lastState"]["terminated"] == {
        "containerID": play.app["containerID"],
        "exitCode": 128,
        "reason": "StartError",
        "message": NO_ENTRYPOINT,
        "startedAt": "1970-01-01T00:00:00Z",
        "finishedAt": "2024-05-01T12:00:01Z",
    }
    assert play.status["phase"] == "Running"
    assert ("Created", "Created container app", 3) in play.events()
    assert ("Failed", f"Error: {NO_ENTRYPOINT}", 3) in play.events()
    assert "Started" not in {reason for reason, _, _ in play.events()}


def test_runerror_says_why_while_it_waits() -> None:
    play = Play(pod_manifest("runerror")).until(0.25)
    assert play.app["state"]["waiting"] == {"reason": "RunContainerError", "message": NO_ENTRYPOINT}


def test_runerror_fails_what_is_not_restarted() -> None:
    play = Play(pod_manifest("runerror", restartPolicy="Never")).until(5)
    assert play.status["phase"] == "Failed"
    assert play.app["state"]["terminated"]["exitCode"] == 128
    assert play.app["restartCount"] == 0


def test_createerror_is_another_message_each_time() -> None:
    play = Play(pod_manifest("createerror"), Pace(scale=0.1)).until(2.5)
    assert play.states() == ["ContainerCreating", "CreateContainerError"]
    waiting = play.app["state"]["waiting"]["message"]
    pattern = (
        r'failed to generate container "[0-9a-f]{64}" spec: '
        r"failed to generate spec: no command specified"
    )
    assert re.fullmatch(pattern, waiting)
    told = [message for reason, message, _ in play.events() if reason == "Failed"]
    assert len(set(told)) == len(told) == 3
    assert told[-1] == f"Error: {waiting}"
    assert play.app["restartCount"] == 0
    assert play.status["phase"] == "Pending"


def test_crashonce_is_well_afterwards() -> None:
    play = Play(pod_manifest("crashonce")).until(600)
    assert play.states() == ["ContainerCreating", "Running", "Error", "Running", "Ready"]
    assert play.app["restartCount"] == 1
    assert play.app["lastState"]["terminated"]["exitCode"] == 1
    assert play.statuses[-1][0] < 1


def test_flap_loses_its_readiness_and_gets_it_back_without_a_restart() -> None:
    play = Play(pod_manifest("flap"), Pace(flap_after=2, flap=1)).until(600)
    assert play.states() == ["ContainerCreating", "Running", "Ready", "Running", "Ready"]
    assert play.app["restartCount"] == 0
    shown = [(time, status["conditions"][1]["status"]) for time, status in play.statuses]
    changes = [next(group)[0] for _, group in groupby(shown, key=itemgetter(1))]
    _, ready, lost, back = changes
    assert (round(lost - ready, 3), round(back - lost, 3)) == (2, 1)
    assert ("Unhealthy", UNREADY, 1) in play.events()
