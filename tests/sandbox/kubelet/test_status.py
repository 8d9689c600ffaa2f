from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from sandbox.kubelet.faults import Faults
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import Pod, admit
from sandbox.kubelet.status import phase, pod_status
from tests.sandbox.kubelet.virtual_time import START, Play, pod_manifest

Json = dict[str, Any]

RUNNING = {"running": {"startedAt": "2024-05-01T12:00:00Z"}}
WAITING = {"waiting": {"reason": "CrashLoopBackOff"}}
DONE = {"terminated": {"exitCode": 0}}
FAILED = {"terminated": {"exitCode": 1}}


def pod(policy: str, *states: Json, last: Json | None = None) -> Pod:
    containers = [{"name": f"c{n}", "image": "wp:1"} for n in range(len(states))]
    manifest = pod_manifest(containers=containers, restartPolicy=policy)
    admitted = admit(manifest, "10.244.0.9", Faults(Pace()))
    for container, state in zip(admitted.containers, states, strict=True):
        container.state = state
        container.last_state = last or {}
    return admitted


@pytest.mark.parametrize(
    ("policy", "states", "expected"),
    [
        ("Always", [WAITING], "Pending"),
        ("Always", [RUNNING, WAITING], "Pending"),
        ("Always", [RUNNING, RUNNING], "Running"),
        ("Always", [FAILED], "Running"),
        ("Never", [DONE, RUNNING], "Running"),
        ("Never", [DONE, DONE], "Succeeded"),
        ("Never", [DONE, FAILED], "Failed"),
        ("OnFailure", [DONE, FAILED], "Running"),
        ("OnFailure", [DONE], "Succeeded"),
    ],
)
def test_phase(policy: str, states: list[Json], expected: str) -> None:
    assert phase(pod(policy, *states)) == expected


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
def test_what_waits_to_be_restarted_is_running(policy: str) -> None:
    assert phase(pod(policy, WAITING, last=FAILED)) == "Running"


def test_shape_of_a_ready_pod() -> None:
    play = Play(pod_manifest()).until(5)
    container = play.pod.containers[0]
    image = "registry:5000/wordpress:1.0"
    assert play.status == {
        "phase": "Running",
        "conditions": [
            condition("Initialized"),
            condition("Ready"),
            condition("ContainersReady"),
            condition("PodScheduled"),
        ],
        "hostIP": "127.0.0.1",
        "podIP": "10.244.0.9",
        "podIPs": [{"ip": "10.244.0.9"}],
        "startTime": "2024-05-01T12:00:00Z",
        "containerStatuses": [
            {
                "name": "app",
                "state": RUNNING,
                "lastState": {},
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": image,
                "imageID": container.image_id,
                "containerID": container.container_id,
            }
        ],
    }
    assert container.image_id.startswith("registry:5000/wordpress@sha256:")
    assert container.container_id.startswith("containerd://")


def condition(kind: str) -> Json:
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": "2024-05-01T12:00:00Z",
    }


def test_a_new_pod_has_no_address_yet() -> None:
    status = pod_status(admit(pod_manifest(), "10.244.0.9", Faults(Pace())), START)
    assert "podIP" not in status
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert "containerID" not in status["containerStatuses"][0]


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    subject = pod("Always", RUNNING)
    early = pod_status(subject, START)["conditions"]
    subject.conditions = deepcopy(early)
    assert pod_status(subject, START + timedelta(minutes=1))["conditions"] == early
    subject.containers[0].ready = True
    later = pod_status(subject, START + timedelta(minutes=1))["conditions"]
    times = {each["type"]: each["lastTransitionTime"] for each in later}
    assert times["Initialized"] == "2024-05-01T12:00:00Z"
    assert times["Ready"] == times["ContainersReady"] == "2024-05-01T12:01:00Z"


def test_conditions_of_others_stay() -> None:
    subject = pod("Always", RUNNING)
    gate = {"type": "target-health.elbv2.k8s.aws/x", "status": "True"}
    subject.conditions = [gate]
    assert gate in pod_status(subject, START)["conditions"]


def test_a_restarted_player_takes_over_what_runs() -> None:
    before = Play(pod_manifest()).until(5)
    manifest = pod_manifest() | {"status": before.status}
    after = Play(manifest).until(60)
    assert after.states() == ["Ready"]
    assert after.app["containerID"] == before.app["containerID"]
    assert after.events() == []
    assert after.status == before.status
