"""Init containers that fail, and sidecars: init containers that go on beside the others."""

from typing import Any

from sandbox.kubelet.pace import Pace
from tests.sandbox.kubelet.virtual_time import Play, pod_manifest

Json = dict[str, Any]


def init(name: str, tag: str = "1", **more: Any) -> Json:
    return {"name": name, "image": f"registry:5000/wp:{tag}", **more}


def sidecar(name: str, tag: str = "1", **more: Any) -> Json:
    return init(name, tag, restartPolicy="Always", **more)


def statuses(play: Play) -> dict[str, Json]:
    return {each["name"]: each for each in play.status["initContainerStatuses"]}


def test_an_init_container_that_crashes_is_restarted_with_back_off() -> None:
    play = Play(pod_manifest(initContainers=[init("migrate", "initcrash")]), Pace(scale=0.1))
    play.until(1)
    migrate = statuses(play)["migrate"]
    assert migrate["restartCount"] == 1
    assert migrate["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": "back-off 10s restarting failed container=migrate pod=web-0_blog(u-1)",
    }
    last = migrate["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], migrate["ready"]) == (1, "Error", False)
    assert play.status["phase"] == "Pending"
    assert play.states() == ["PodInitializing"]
    assert play.condition("Initialized")["message"] == (
        "containers with incomplete status: [migrate]"
    )
    assert ("BackOff", "Back-off restarting failed container", 1) in play.events()
    logs = play.pod.init[0].logs.values()
    assert {line for lines in logs for _, line in lines} == {
        "Error: Error establishing a database connection."
    }


def test_an_init_container_that_fails_fails_a_job() -> None:
    manifest = pod_manifest(initContainers=[init("migrate", "initcrash")], restartPolicy="Never")
    play = Play(manifest).until(60)
    assert play.status["phase"] == "Failed"
    assert statuses(play)["migrate"]["restartCount"] == 0
    assert play.states() == ["PodInitializing"]


def test_sidecars_start_in_order_and_the_others_after_them() -> None:
    slow = sidecar("second", startupProbe={"initialDelaySeconds": 20})
    containers = [sidecar("first"), slow, init("migrate")]
    play = Play(pod_manifest(initContainers=containers), Pace(scale=0.1)).until(1)
    first, second, migrate = (statuses(play)[each] for each in ("first", "second", "migrate"))
    assert (first["started"], first["ready"]) == (True, True)
    assert (second["started"], "running" in second["state"]) == (False, True)
    assert migrate["state"]["waiting"]["reason"] == "PodInitializing"
    assert "started" not in migrate
    assert play.condition("Initialized")["message"] == (
        "containers with incomplete status: [second migrate]"
    )
    play.until(5)
    assert play.states() == ["PodInitializing", "Running", "Ready"]
    assert all(each["ready"] for each in statuses(play).values())
    assert "running" in statuses(play)["first"]["state"]
    assert statuses(play)["migrate"]["state"]["terminated"]["reason"] == "Completed"
    assert play.condition("Initialized")["status"] == "True"


def test_a_sidecar_counts_for_the_readiness_of_the_pod() -> None:
    proxy = sidecar("proxy", readinessProbe={"initialDelaySeconds": 50})
    play = Play(pod_manifest(initContainers=[proxy]), Pace(scale=0.1)).until(3)
    assert play.app["ready"]
    assert play.condition("Ready")["message"] == "containers with unready status: [proxy]"
    assert play.until(6).condition("Ready")["status"] == "True"


def test_a_sidecar_that_crashes_is_restarted_and_does_not_stop_the_others() -> None:
    play = Play(pod_manifest(initContainers=[sidecar("proxy", "sidecarcrash")]), Pace(scale=0.1))
    play.until(3)
    proxy = statuses(play)["proxy"]
    assert proxy["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert proxy["restartCount"] >= 2
    assert (proxy["ready"], proxy["started"], play.app["ready"]) == (False, False, True)
    assert play.status["phase"] == "Running"
    assert play.condition("Initialized")["status"] == "True"
    assert play.condition("ContainersReady")["message"] == "containers with unready status: [proxy]"


def test_a_sidecar_ends_with_its_job() -> None:
    play = Play(pod_manifest(initContainers=[sidecar("proxy")], restartPolicy="Never")).until(60)
    assert play.status["phase"] == "Succeeded"
    assert statuses(play)["proxy"]["state"]["terminated"]["exitCode"] == 0
