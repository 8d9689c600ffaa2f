"""Pruning: what is deleted after a success, and all that is not."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.fake_cluster import FakeCluster, live, managed, refused
from tests.unit.past_deployments import record
from wpdeploy import pruning
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import KINDS, Manifest, labels, path_of, title
from wpdeploy.record import Record

APPLIED = managed("wpdeploy", "Apply", {"f:spec": {}})
PRUNED = {
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v1",
    "PodDisruptionBudget": "policy/v1",
    "CronJob": "batch/v1",
    "Job": "batch/v1",
    "ConfigMap": "v1",
}
KEPT = {
    "ServiceAccount": "v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
}


def manifest(kind: str, name: str = "site", **more: Any) -> Manifest:
    """An object of the environment as wpdeploy applies it."""
    metadata = {"name": name, "namespace": "blog", "labels": labels("site")}
    version = (PRUNED | KEPT | {"Secret": "v1"})[kind]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {}, **more}


def there(kind: str, name: str = "site", **metadata: Any) -> Manifest:
    """The object as it lives."""
    found = live(manifest(kind, name), APPLIED)
    found["metadata"] |= {"uid": f"uid-of-{name}", **metadata}
    return found


def pair(name: str) -> list[Manifest]:
    """A release's Secret and ConfigMap."""
    return [there("Secret", name), {**there("ConfigMap", name), "immutable": True}]


def refers(plural: str, config: str, name: str = "site-5d4f") -> tuple[str, Manifest]:
    """A path, and an object there whose pod template refers to a Secret and a ConfigMap."""
    env = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": config, "key": "X"}}}]
    template = {"spec": {"containers": [{"name": "wordpress", "env": env}]}}
    group = "apps" if plural == "replicasets" else "batch"
    path = f"/apis/{group}/v1/namespaces/blog/{plural}/{name}"
    return path, {"metadata": {"name": name}, "spec": {"template": template}}


def newest(*manifests: Manifest, **changes: Any) -> Record:
    """The record of what has succeeded now."""
    return record(9, **{"manifests": manifests, "config": "site-new"} | changes)


def pruned(cluster: FakeCluster, *records: Record) -> list[str]:
    """What is deleted, by title, in its order; what was told of it."""
    before = set(cluster.objects)
    told: list[str] = []
    inventory = pruning.survey(cluster, "blog", "site")
    pruning.prune(cluster, pruning.plan(inventory, records or [newest()]), "site", told.append)
    deleted = [line.removesuffix(" deleted: the release does not have it") for line in told]
    assert len(before - set(cluster.objects)) == len(deleted)
    return deleted


def titles(due: Sequence[Manifest]) -> list[str]:
    return [title(item) for item in due]


@pytest.mark.parametrize("kind", PRUNED)
def test_what_the_release_does_not_have_is_deleted(kind: str) -> None:
    assert pruned(FakeCluster(there(kind, "site-old"))) == [f"{kind} site-old"]


@pytest.mark.parametrize("kind", PRUNED)
def test_what_the_release_has_stays(kind: str) -> None:
    assert pruned(FakeCluster(there(kind)), newest(manifest(kind))) == []


@pytest.mark.parametrize("kind", KEPT)
def test_what_holds_data_or_is_never_switched_off_stays(kind: str) -> None:
    assert pruned(FakeCluster(there(kind, "site-old"))) == []


def test_every_kind_is_pruned_or_kept_on_purpose() -> None:
    assert set(KINDS) == {*PRUNED, *KEPT, "Secret"}


def unlabelled(item: Manifest) -> None:
    item["metadata"]["labels"] = {}


def of_another_instance(item: Manifest) -> None:
    item["metadata"]["labels"] = labels("shop")


def of_another_tool(item: Manifest) -> None:
    item["metadata"]["labels"] |= {"app.kubernetes.io/managed-by": "Helm"}


def copied_by_somebody(item: Manifest) -> None:
    item["metadata"]["managedFields"] = [managed("kubectl-create", "Update", {"f:spec": {}})]


def without_managed_fields(item: Manifest) -> None:
    del item["metadata"]["managedFields"]


def made_by_a_controller(item: Manifest) -> None:
    item["metadata"]["ownerReferences"] = [{"kind": "Deployment", "uid": "u"}]


def already_on_its_way(item: Manifest) -> None:
    item["metadata"]["deletionTimestamp"] = "2026-11-20T10:00:00Z"


FOREIGN = (
    unlabelled,
    of_another_instance,
    of_another_tool,
    copied_by_somebody,
    without_managed_fields,
    made_by_a_controller,
    already_on_its_way,
)


@pytest.mark.parametrize("change", FOREIGN)
@pytest.mark.parametrize("kind", PRUNED)
def test_what_is_not_ours_stays(kind: str, change: Any) -> None:
    item = there(kind, "site-old")
    change(item)
    assert pruned(FakeCluster(item)) == []


@pytest.mark.parametrize("change", FOREIGN)
def test_a_secret_that_is_not_ours_stays_whatever_its_name(change: Any) -> None:
    secret, config_map = pair("site-old")
    change(secret)
    cluster = FakeCluster(secret, config_map)
    assert pruned(cluster) == ["ConfigMap site-old"]
    assert path_of(secret) in cluster.objects


def test_a_secret_goes_before_its_config_map_by_which_it_is_found() -> None:
    cluster = FakeCluster(*pair("site-old"))
    assert pruned(cluster) == ["Secret site-old", "ConfigMap site-old"]
    assert not [request for request in cluster.requests if request == "get secrets"]


def test_a_config_map_that_has_lost_its_secret_goes_as_well() -> None:
    assert pruned(FakeCluster(pair("site-old")[1])) == ["ConfigMap site-old"]


@pytest.mark.parametrize("plural", ["replicasets", "jobs", "cronjobs"])
def test_what_a_pod_template_refers_to_stays_whoever_made_it(plural: str) -> None:
    cluster = FakeCluster(*pair("site-old"), *pair("site-older"))
    cluster.objects.update([refers(plural, "site-old")])
    assert pruned(cluster) == ["Secret site-older", "ConfigMap site-older"]


def test_what_only_a_job_had_that_goes_as_well_goes_with_it() -> None:
    spec = refers("jobs", "site-install")[1]["spec"]
    job = {**there("Job", "site-install-1"), "spec": spec}
    earlier = record(8, manifests=(job,), config="site-new")
    cluster = FakeCluster(job, *pair("site-install"))
    gone = ["Job site-install-1", "Secret site-install", "ConfigMap site-install"]
    assert pruned(cluster, newest(), earlier) == gone


def test_what_a_job_of_the_release_has_stays() -> None:
    spec = refers("jobs", "site-install")[1]["spec"]
    job = {**there("Job", "site-install-1"), "spec": spec}
    assert pruned(FakeCluster(job, *pair("site-install")), newest(job)) == []


def test_what_a_record_refers_to_stays() -> None:
    cluster = FakeCluster(*pair("site-new"), *pair("site-old"), *pair("site-older"))
    records = newest(), record(8, config="site-old")
    assert pruned(cluster, *records) == ["Secret site-older", "ConfigMap site-older"]


def test_a_config_map_of_a_template_stays_while_a_recorded_manifest_mentions_it() -> None:
    volumes = [{"name": "x", "configMap": {"name": "site-apache"}}]
    spec = {"template": {"spec": {"volumes": volumes}}}
    earlier = record(8, manifests=(manifest("Deployment", spec=spec),))
    cluster = FakeCluster(there("ConfigMap", "site-apache"), there("ConfigMap", "site-php"))
    assert pruned(cluster, newest(), earlier) == ["ConfigMap site-php"]


def test_an_object_that_only_an_earlier_release_had_goes() -> None:
    earlier = record(8, manifests=(manifest("Ingress"),))
    assert pruned(FakeCluster(there("Ingress")), newest(), earlier) == ["Ingress site"]


def test_a_record_itself_is_not_pruned() -> None:
    item = there("ConfigMap", "site-record-3")
    item["metadata"]["labels"]["wpdeploy/record"] = "3"
    assert pruned(FakeCluster(item)) == []


def test_the_plan_alone_changes_nothing() -> None:
    cluster = FakeCluster(there("Ingress"), *pair("site-old"))
    inventory = pruning.survey(cluster, "blog", "site")
    due = pruning.plan(inventory, [newest()])
    assert titles(due) == ["Ingress site", "Secret site-old", "ConfigMap site-old"]
    assert not [request for request in cluster.requests if not request.startswith("get ")]


class Without(FakeCluster):
    """An API server that lacks an API."""

    def listed(self, path: str, query: Any) -> Manifest | None:
        return None if "/policy/" in path else super().listed(path, query)


def test_an_api_that_the_server_lacks_has_nothing_to_prune() -> None:
    assert pruned(Without(there("Ingress"))) == ["Ingress site"]


class Changing(FakeCluster):
    """Somebody changes the Ingress after it was listed."""

    def delete(self, found: Manifest) -> None:
        newer = {**found["metadata"], "resourceVersion": "17"}
        self.objects[path_of(found)] = {**found, "metadata": newer}
        super().delete(found)


def test_what_has_changed_since_it_was_looked_at_stays_and_ends_the_pruning() -> None:
    cluster = Changing(there("Ingress"), there("NetworkPolicy"))
    with pytest.raises(ClusterError, match="might have been modified"):
        pruned(cluster)
    assert len(cluster.objects) == 2


def test_a_refusal_leaves_the_config_map_by_which_its_secret_is_found() -> None:
    cluster = FakeCluster(*pair("site-old"))
    cluster.refuse("delete Secret site-old", refused("Secret site-old", 403, "forbidden"))
    with pytest.raises(ClusterError, match="forbidden"):
        pruned(cluster)
    assert pruned(cluster) == ["Secret site-old", "ConfigMap site-old"]
