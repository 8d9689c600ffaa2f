from collections.abc import Mapping
from itertools import groupby

import pytest

from sandbox.kubelet.environment import LookupUnavailableError
from sandbox.kubelet.pace import Pace
from tests.sandbox.kubelet.virtual_time import Play, pod_manifest

IMAGE = "registry:5000/wordpress"
JOB = {"restartPolicy": "Never"}


def test_a_healthy_pod_is_ready_within_half_a_second() -> None:
    play = Play(pod_manifest()).until(60)
    assert play.states() == ["ContainerCreating", "Running", "Ready"]
    assert play.statuses[-1][0] <= 0.5
    assert play.status["phase"] == "Running"
    assert play.events() == [
        ("Pulling", f'Pulling image "{IMAGE}:1.0"', 1),
        ("Pulled", f'Successfully pulled image "{IMAGE}:1.0" in 0.1s', 1),
        ("Created", "Created container app", 1),
        ("Started", "Started container app", 1),
    ]


def test_without_a_readiness_probe_what_runs_is_ready() -> None:
    manifest = pod_manifest()
    del manifest["spec"]["containers"][0]["readinessProbe"]
    assert Play(manifest).until(1).states() == ["ContainerCreating", "Ready"]


def test_probe_delays_are_honoured_to_scale() -> None:
    manifest = pod_manifest()
    container = manifest["spec"]["containers"][0]
    container["startupProbe"] = {"initialDelaySeconds": 20}
    container["readinessProbe"]["initialDelaySeconds"] = 10
    play = Play(manifest, Pace(sandbox=0, pull=0, start=0, ready=0, scale=0.1)).until(1.9)
    assert (play.app["started"], play.app["ready"]) == (False, False)
    play.until(2.9)
    assert (play.app["started"], play.app["ready"]) == (True, False)
    assert play.until(3.1).app["ready"]


def test_init_containers_run_one_after_the_other_before_the_others() -> None:
    init = [{"name": name, "image": "busybox"} for name in ("first", "second")]
    play = Play(pod_manifest(initContainers=init))
    play.until(0.24)
    first, second = play.status["initContainerStatuses"]
    assert "running" in first["state"]
    assert second["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert play.states() == ["PodInitializing"]
    assert play.condition("Initialized")["message"] == (
        "containers with incomplete status: [first second]"
    )
    play.until(5)
    assert play.states() == ["PodInitializing", "Running", "Ready"]
    assert all(each["ready"] for each in play.status["initContainerStatuses"])


def test_badpull_goes_between_error_and_back_off() -> None:
    play = Play(pod_manifest("badpull"), Pace(scale=0.1)).until(6)
    name = f"{IMAGE}:badpull"
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )
    assert play.states() == [
        "ContainerCreating",
        *["ErrImagePull", "ImagePullBackOff"] * 2,
        "ErrImagePull",
    ]
    assert play.app["state"]["waiting"]["message"] == cause
    assert play.status["phase"] == "Pending"
    assert play.events() == [
        ("Pulling", f'Pulling image "{name}"', 3),
        ("Failed", f'Failed to pull image "{name}": {cause}', 3),
        ("Failed", "Error: ErrImagePull", 3),
        ("BackOff", f'Back-off pulling image "{name}"', 2),
        ("Failed", "Error: ImagePullBackOff", 2),
    ]


def test_invalidname_never_pulls() -> None:
    play = Play(pod_manifest("invalidname")).until(2.5)
    name = f"{IMAGE}:invalidname"
    message = (
        f'Failed to apply default image tag "{name}": couldn\'t parse image reference "{name}": '
        "invalid reference format: repository name must be lowercase"
    )
    assert play.app["state"]["waiting"] == {"reason": "InvalidImageName", "message": message}
    assert play.events() == [
        ("InspectFailed", message, 3),
        ("Failed", "Error: InvalidImageName", 3),
    ]


def test_crashloop() -> None:
    play = Play(pod_manifest("crashloop"), Pace(scale=0.1)).until(2)
    crash = ["Running", "Error"]
    loop = [*crash, "CrashLoopBackOff"]
    assert play.states() == ["ContainerCreating", *crash, *loop, *loop]
    app = play.app
    assert app["restartCount"] == 2
    assert app["state"]["waiting"]["message"] == (
        "back-off 20s restarting failed container=app pod=web-0_blog(u-1)"
    )
    last = app["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["containerID"]) == (
        1,
        "Error",
        app["containerID"],
    )
    assert play.status["phase"] == "Running"
    assert ("BackOff", "Back-off restarting failed container", 2) in play.events()


def test_back_off_doubles_up_to_five_minutes() -> None:
    play = Play(pod_manifest("crashloop"), Pace(scale=0.01)).until(60)
    messages = [
        status["containerStatuses"][0]["state"].get("waiting", {}).get("message", "")
        for _, status in play.statuses
    ]
    shown = [text.split()[1] for text, _ in groupby(messages) if text]
    assert shown[:8] == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"]


def test_oom() -> None:
    play = Play(pod_manifest("oom")).until(1)
    last = play.app["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")
    assert "CrashLoopBackOff" in play.states()


def test_crashlater_was_ready_before() -> None:
    play = Play(pod_manifest("crashlater"), Pace(crash_later=2)).until(2.9)
    assert play.states() == ["ContainerCreating", "Running", "Ready", "Error", "Running", "Ready"]
    assert play.app["restartCount"] == 1


def test_notready_says_so_again_and_again() -> None:
    play = Play(pod_manifest("notready"), Pace(scale=0.1)).until(4)
    assert play.states() == ["ContainerCreating", "Running"]
    assert play.condition("Ready")["message"] == "containers with unready status: [app]"
    unready = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    assert ("Unhealthy", unready, 4) in play.events()


def test_slow_becomes_ready_in_the_end() -> None:
    play = Play(pod_manifest("slow"), Pace(slow=3))
    assert play.until(3).states()[-1] == "Running"
    assert play.until(4).states()[-1] == "Ready"


def test_badconfig_waits_for_its_secret() -> None:
    play = Play(pod_manifest("badconfig")).until(3)
    waiting = play.app["state"]["waiting"]
    assert waiting == {
        "reason": "CreateContainerConfigError",
        "message": 'secret "absent" not found',
    }
    assert ("Failed", 'Error: secret "absent" not found', 3) in play.events()


def test_a_missing_secret_that_comes_lets_the_container_run() -> None:
    secrets: dict[str, dict[str, str]] = {}
    manifest = pod_manifest()
    manifest["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "db"}}]
    play = Play(manifest, lookup=lambda _kind, name: secrets.get(name)).until(0.5)
    assert play.states() == ["ContainerCreating", "CreateContainerConfigError"]
    secrets["db"] = {"PASSWORD": "x"}
    assert play.until(2).states()[-1] == "Ready"
    assert play.pod.containers[0].environment == {"PASSWORD": "x"}


def test_an_api_server_that_is_away_shows_no_config_error() -> None:
    asked = []

    def lookup(_kind: str, name: str) -> Mapping[str, str] | None:
        asked.append(name)
        if len(asked) == 3:
            return {"A": "1"}
        raise LookupUnavailableError

    manifest = pod_manifest()
    manifest["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "db"}}]
    play = Play(manifest, lookup=lookup).until(2)
    assert play.states() == ["ContainerCreating", "Running", "Ready"]


def test_the_environment_knows_the_address() -> None:
    manifest = pod_manifest()
    reference = {"fieldRef": {"fieldPath": "status.podIP"}}
    manifest["spec"]["containers"][0]["env"] = [{"name": "IP", "valueFrom": reference}]
    play = Play(manifest).until(1)
    assert play.pod.containers[0].environment == {"IP": "10.244.0.9"}


def test_a_job_completes() -> None:
    play = Play(pod_manifest(**JOB)).until(10)
    assert play.states()[-1] == "Completed"
    assert play.status["phase"] == "Succeeded"
    assert play.condition("Ready")["reason"] == "PodCompleted"
    assert play.app["restartCount"] == 0


@pytest.mark.parametrize("tag", ["crashloop", "oom", "notready", "crashlater"])
def test_faults_of_a_server_leave_jobs_alone(tag: str) -> None:
    assert Play(pod_manifest(tag, **JOB)).until(10).status["phase"] == "Succeeded"


def test_joberror_fails_a_job_but_no_server() -> None:
    play = Play(pod_manifest("joberror", **JOB)).until(10)
    assert play.status["phase"] == "Failed"
    assert play.app["state"]["terminated"]["exitCode"] == 1
    assert Play(pod_manifest("joberror")).until(10).states()[-1] == "Ready"


def test_on_failure_restarts_with_back_off() -> None:
    play = Play(pod_manifest("joberror", restartPolicy="OnFailure")).until(1.5)
    assert play.status["phase"] == "Running"
    assert play.states()[-1] == "CrashLoopBackOff"
    assert play.app["restartCount"] == 1


def test_termination() -> None:
    play = Play(pod_manifest()).until(1).terminate().until(2)
    assert play.statuses[-1][0] == pytest.approx(1.1)
    assert play.app["state"]["terminated"]["exitCode"] == 0
    assert play.condition("Ready")["status"] == "False"
    assert ("Killing", "Stopping container app", 1) in play.events()


def test_termination_waits_for_the_pre_stop_hook() -> None:
    manifest = pod_manifest()
    hook = {"exec": {"command": ["sh", "-c", "sleep 5; apachectl graceful-stop"]}}
    manifest["spec"]["containers"][0]["lifecycle"] = {"preStop": hook}
    play = Play(manifest, Pace(scale=0.1, stop=0.1)).until(1).terminate().until(9)
    assert play.statuses[-1][0] == pytest.approx(1.6)


def test_slowterm_is_killed_at_the_end_of_the_grace_period() -> None:
    manifest = pod_manifest("slowterm")
    manifest["metadata"]["deletionGracePeriodSeconds"] = 20
    play = Play(manifest, Pace(scale=0.1)).until(1).terminate().until(9)
    assert play.statuses[-1][0] == pytest.approx(3)
    assert play.app["state"]["terminated"]["exitCode"] == 137
