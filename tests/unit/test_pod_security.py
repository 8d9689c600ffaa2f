"""The pods are such as the namespace admits: Kubernetes' Pod Security Standard `restricted`."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.shipped import shipped
from wpdeploy.kinds import Manifest
from wpdeploy.settings import Cron, Install, Upgrade, Uploads

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_PROFILES = {"RuntimeDefault", "Localhost"}


def violations(spec: Manifest) -> Iterator[str]:
    """What the standard forbids of a pod, or wants and does not find."""
    pod: dict[str, Any] = spec.get("securityContext") or {}
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes") or ():
        if not set(volume) - {"name"} <= _VOLUMES:
            yield f"volume {volume['name']}"
    if pod.get("sysctls") or pod.get("runAsUser") == 0:
        yield "sysctls or root"
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        own: dict[str, Any] = container.get("securityContext") or {}
        yield from (f"{container['name']}: {each}" for each in _of_container(container, own, pod))


def _of_container(container: Manifest, own: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    capabilities = own.get("capabilities") or {}
    profile = own.get("seccompProfile") or pod.get("seccompProfile") or {}
    rules = {
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
        "privileged": bool(own.get("privileged")),
        "procMount": own.get("procMount", "Default") != "Default",
        "drop": "ALL" not in (capabilities.get("drop") or ()),
        "add": bool(set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}),
        "runAsNonRoot": own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True,
        "runAsUser": own.get("runAsUser") == 0,
        "seccompProfile": profile.get("type") not in _PROFILES,
        "hostPort": any(port.get("hostPort") for port in container.get("ports") or ()),
    }
    yield from (rule for rule, broken in rules.items() if broken)


@pytest.mark.parametrize("uploads", [True, False])
@pytest.mark.parametrize("group", ["Test", "Production"])
def test_every_pod_of_the_templates_is_admitted(group: str, *, uploads: bool) -> None:
    made = shipped(
        group,
        uploads=Uploads(enabled=uploads),
        cron=Cron(enabled=True),
        install=Install(enabled=True),
        upgrade=Upgrade(enabled=True),
    )
    pods = dict(made.pods)
    assert pods.keys() == {"Deployment", "CronJob", "Job install", "Job upgrade"}
    found = {name: list(violations(template["spec"])) for name, template in pods.items()}
    assert found == {name: [] for name in pods}


def test_the_check_finds_what_is_forbidden() -> None:
    container = {"name": "c", "securityContext": {"privileged": True}, "ports": [{"hostPort": 1}]}
    spec = {"hostPID": True, "volumes": [{"name": "v", "hostPath": {}}], "containers": [container]}
    assert set(violations(spec)) == {
        "hostPID",
        "volume v",
        *(
            f"c: {each}"
            for each in (
                "allowPrivilegeEscalation",
                "privileged",
                "drop",
                "runAsNonRoot",
                "seccompProfile",
                "hostPort",
            )
        ),
    }
