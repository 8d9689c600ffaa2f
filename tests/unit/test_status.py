"""What a status is made of: pods, images, parameters, and whether visitors are served."""

from datetime import UTC, datetime

import pytest

from tests.unit.bundle import MODIFIED
from tests.unit.past_deployments import password, record
from tests.unit.rollout_states import container, pod, snapshot, starting, unready, waiting, workload
from wpdeploy import status
from wpdeploy.kinds import Manifest
from wpdeploy.observed import Snapshot
from wpdeploy.parameters import StoredParameter
from wpdeploy.pods import Pod
from wpdeploy.record import AppliedAt
from wpdeploy.status import Drift, Newer, PodState, Service

WHEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD = pod("web-0", owner="old")
LOST = unready("web-9", *waiting("ErrImagePull", "manifest unknown"))
NO_IMAGE = "pod web-9: the registry has no such image (ErrImagePull)"


@pytest.mark.parametrize(
    ("found", "service", "sentence"),
    [
        (snapshot(), Service.UP, "ready 3/3"),
        (
            starting(LOST, OLD, serving=frozenset({OLD.uid})),
            Service.UP,
            f"1 serve; rollout failed: {NO_IMAGE}",
        ),
        (
            starting(LOST),
            Service.DOWN,
            f"no pod serves; rollout failed: {NO_IMAGE}",
        ),
        (
            snapshot(serving=frozenset({"of another Service"})),
            Service.DOWN,
            "no pod serves; the Service has no ready endpoint among the new pods",
        ),
        (
            snapshot(workload=workload(observed_generation=6)),
            Service.UP,
            "3 serve; waiting for the controller to see the new generation",
        ),
    ],
)
def test_the_site_is_up_where_a_pod_serves(
    found: Snapshot, service: Service, sentence: str
) -> None:
    assert status.service(found) == (service, sentence)


CRASHED = container(
    waiting="CrashLoopBackOff", message="back-off", last_exit="exit code 1", restarts=4
)


@pytest.mark.parametrize(
    ("found", "trouble"),
    [
        (pod("web-1"), ""),
        (unready("web-1"), "not ready"),
        (unready("web-1", container()), "not ready"),
        (unready("web-1", *waiting("ErrImagePull", "denied")), "ErrImagePull: denied"),
        (unready("web-1", CRASHED), "CrashLoopBackOff (exit code 1): back-off"),
        (unready("web-1", unschedulable="0/3 nodes"), "0/3 nodes"),
        (pod("web-1", deleting=True), "terminating"),
        (unready("web-1", over=True), "over"),
    ],
)
def test_a_pod_that_is_not_ready_says_why(found: Pod, trouble: str) -> None:
    (shown,) = status.pods(snapshot(found))
    assert shown.trouble == trouble


def test_pods_come_with_their_revision_the_newest_first() -> None:
    crashed = unready("web-2", CRASHED, container(restarts=1))
    found = status.pods(snapshot(OLD, crashed, pod("web-1"), pod("web-x", owner="nobody")))
    assert [(item.name, item.revision, item.restarts) for item in found] == [
        ("web-1", 4, 0),
        ("web-2", 4, 5),
        ("web-0", 3, 0),
        ("web-x", 0, 0),
    ]
    assert found[0] == PodState("web-1", 4, ready=True, restarts=0, trouble="")


def test_the_current_release_is_the_one_that_was_applied_last() -> None:
    applied = record(2, applied=AppliedAt(WHEN, 7))
    older = record(1, applied=AppliedAt(WHEN, 6))
    assert status.current([record(3), applied, older]) == applied
    assert status.current([record(3)]) is None


# Drift


def owns(manager: str, when: str | None, name: str = "web", field: str = "f:image") -> Manifest:
    containers: Manifest = {f'k:{{"name":"{name}"}}': {field: {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    return {"manager": manager, "operation": "Update", "time": when, "fieldsV1": fields}


def site(image: str, *managed: Manifest) -> Manifest:
    containers = [{"name": "web", "image": image}, {"name": "beside", "image": "x"}]
    return {
        "kind": "Deployment",
        "metadata": {"name": "site", "managedFields": list(managed)},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


APPLIED = record(1, manifests=({"kind": "Service", "metadata": {"name": "site"}}, site("v1")))
NOON = "2026-11-20T12:00:00Z"


@pytest.mark.parametrize(
    ("managed", "manager", "since"),
    [
        ([owns("wpdeploy", NOON), owns("kubectl-set", NOON)], "kubectl-set", WHEN),
        ([owns("argocd", "2026-11-20T11:00:00Z"), owns("kubectl-set", NOON)], "kubectl-set", WHEN),
        ([owns("wpdeploy", NOON)], "wpdeploy", WHEN),
        ([owns("kubectl-set", None)], "kubectl-set", None),
        ([owns("a", NOON, "beside"), owns("b", NOON, field="f:env")], "nobody", None),
        ([], "nobody", None),
    ],
)
def test_an_image_that_is_not_the_releases_says_who_set_it(
    managed: list[Manifest], manager: str, since: datetime | None
) -> None:
    found = status.drift(site("v2", *managed), APPLIED, "site")
    assert found == (Drift("web", "v2", "v1", manager, since),)


def test_the_releases_image_is_no_drift() -> None:
    assert status.drift(site("v1", owns("kubectl-set", NOON)), APPLIED, "site") == ()


def test_without_a_record_nothing_is_drift() -> None:
    assert status.drift(site("v2"), None, "site") == ()
    assert status.drift(site("v2"), APPLIED, "another") == ()


# Parameters


def stored(version: int = 3, modified: str = MODIFIED) -> dict[str, StoredParameter]:
    return {"/blog/password": StoredParameter("/blog/password", "", version, modified)}


LATER = "2026-11-20T12:00:00.000+00:00"


@pytest.mark.parametrize(
    ("found", "newer"),
    [
        (stored(), ()),
        (stored(version=4, modified=LATER), (Newer("password", 3, 4, WHEN),)),
        (stored(modified=LATER), (Newer("password", 3, 3, WHEN),)),
        ({}, (Newer("password", 3, None, None),)),
    ],
)
def test_a_parameter_is_newer_by_its_version_or_its_date(
    found: dict[str, StoredParameter], newer: tuple[Newer, ...]
) -> None:
    assert status.newer(record(1, parameters={"password": password()}), found) == newer
