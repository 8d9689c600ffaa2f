"""`bootstrap` where the API server has what EKS Auto Mode brings: IngressClassParams.

The real API server gets the kind as EKS serves it, by a definition. What the simulated one has of
it is seen in tests/sandbox/test_cluster.py.
"""

from collections.abc import Iterator

import pytest

from tests.cluster.plane import Plane
from tests.cluster.site import Json, Site, until
from tests.cluster.test_bootstrap import access, actions, bootstrap, prepared

__all__ = ["access"]

GROUP, PLURAL = "eks.amazonaws.com", "ingressclassparams"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PARAMS = f"/apis/{GROUP}/v1/{PLURAL}"
CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "scheme": {"type": "string", "enum": ["internal", "internet-facing"]},
                "certificateARNs": {"type": "array", "items": {"type": "string"}},
            },
        }
    },
}
DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Cluster",
        "names": {"kind": "IngressClassParams", "plural": PLURAL},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
        ],
    },
}


@pytest.fixture
def auto_mode(plane: Plane, unfounded: Site) -> Iterator[Site]:
    """A site in a cluster that has the kind, and no class yet."""

    def is_served() -> bool:
        status: int = plane.admin.request("GET", plane.url + PARAMS).status
        return status == 200

    unfounded.ask("POST", DEFINITIONS, DEFINITION)
    until(is_served)
    yield unfounded
    # Other tests rely on there being none.
    unfounded.plane_request("DELETE", f"{CLASSES}/alb")
    unfounded.ask("DELETE", f"{DEFINITIONS}/{PLURAL}.{GROUP}")
    until(lambda: not is_served())


def test_the_class_and_its_parameters_are_made_once(auto_mode: Site) -> None:
    result = prepared(auto_mode)
    assert f"namespace {auto_mode.namespace}: 5 created" in result.verdict
    found = auto_mode.ask("GET", f"{CLASSES}/alb")["spec"]
    assert found["controller"] == "eks.amazonaws.com/alb"
    assert found["parameters"]["name"] == "alb"
    assert set(actions(auto_mode).values()) == {"unchanged"}
    by_hand = f"{PARAMS}/alb?fieldManager=kubectl-edit"
    change = {"spec": {"scheme": "internet-facing"}}
    auto_mode.ask("PATCH", by_hand, change, "application/merge-patch+json")
    told = bootstrap(auto_mode)
    assert (told.code, "nothing to do: 5 unchanged" in told.verdict) == (0, True)
    assert "its spec.scheme, internet-facing, overrules ingress.scheme" in told.verdict


def test_the_class_of_another_controller_is_left_alone(auto_mode: Site) -> None:
    spec = {"controller": "ingress.k8s.aws/alb"}
    auto_mode.ask("POST", CLASSES, {"metadata": {"name": "alb"}, "spec": spec})
    result = prepared(auto_mode)
    assert "IngressClass alb: it is there, and served by ingress.k8s.aws/alb" in result.verdict
    assert auto_mode.ask("GET", f"{CLASSES}/alb")["spec"] == spec
    assert auto_mode.plane_request("GET", f"{PARAMS}/alb")[0] == 404
