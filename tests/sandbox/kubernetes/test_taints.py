from typing import Any

import pytest

from sandbox.kubernetes.controllers.taints import repelled, toleration

Json = dict[str, Any]

GPU = {"key": "gpu", "value": "a", "effect": "NoSchedule"}


def pod(*tolerations: Json) -> Json:
    return {"spec": {"tolerations": list(tolerations)}}


def node(ready: str, *taints: Json) -> Json:
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    return {"spec": {"taints": list(taints)}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("tolerated", "fits"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "a"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "b"}, False),
        ({"key": "disk", "operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_tolerations(tolerated: Json, *, fits: bool) -> None:
    assert (toleration(pod(tolerated), GPU) is not None) is fits
    assert (repelled(pod(tolerated), node("True", GPU)) is None) is fits


@pytest.mark.parametrize(
    ("ready", "key"),
    [("Unknown", "unreachable"), ("False", "not-ready"), ("", "not-ready"), ("True", None)],
)
def test_a_node_that_is_not_ready_repels(ready: str, key: str | None) -> None:
    found = repelled(pod(), node(ready))
    assert (found and found["key"]) == (key and f"node.kubernetes.io/{key}")


def test_a_preference_repels_nobody() -> None:
    assert repelled(pod(), node("True", GPU | {"effect": "PreferNoSchedule"})) is None
