"""`bootstrap` shows what becomes of each object, asks, and applies; or does nothing at all."""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit import wire
from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import Bundle
from tests.unit.fake_cluster import conflict, live, managed
from tests.unit.shipped import ROOT
from tests.unit.wire import forget_surroundings
from wpdeploy.errors import ClusterError, ConfigurationError, Exit, UsageError
from wpdeploy.handover import KUBECTL
from wpdeploy.kinds import Manifest
from wpdeploy.report import Report
from wpdeploy.steps import bootstrap

OBJECTS = ["Namespace blog", "Role wpdeploy", "RoleBinding wpdeploy"]
CLASSES = ["IngressClassParams alb", "IngressClass alb"]
AUTO_MODE: Manifest = {"resources": [{"name": "ingressclassparams"}]}
GROUP = "rbac.authorization.k8s.io"


class Server(ApplyServer):
    """An API server on which one has not the rights in `denied`: VERB RESOURCE, or * for all."""

    def __init__(self) -> None:
        super().__init__()
        self.denied: set[str] = set()
        self.rules: list[Manifest] = []

    def _answer(self, request: wire.Received) -> wire.Act:
        if request.path.endswith("/selfsubjectrulesreviews"):
            return wire.answer({"status": {"resourceRules": self.rules}})
        if request.path.endswith("/selfsubjectaccessreviews"):
            asked = request.document["spec"]["resourceAttributes"]
            right = f"{asked['verb']} {asked['resource']}"
            return wire.answer({"status": {"allowed": not {right, "*"} & self.denied}})
        return super()._answer(request)

    @property
    def applied(self) -> list[str]:
        """What was changed, in order."""
        return [each for each in self.cluster.requests if each.startswith(("apply", "force apply"))]

    def have_auto_mode(self) -> None:
        """Serve what EKS Auto Mode does."""
        self.cluster.objects["/apis/eks.amazonaws.com/v1"] = AUTO_MODE


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    forget_surroundings(monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with Server() as started:
        yield started


@pytest.fixture
def bundle(server: Server, tmp_path: Path) -> Bundle:
    made = Bundle(tmp_path, server.url)
    shutil.copytree(ROOT / "k8s" / "cluster", tmp_path / "k8s" / "cluster")
    return made


def run(bundle: Bundle, **options: Any) -> Report:
    given = {"kubeconfig": None, "context": None, "color": "never", **options}
    return bundle.run(bootstrap.run, **given)


def told_of(bundle: Bundle) -> list[str]:
    """What becomes of each object, as it was shown."""
    lines = bundle._stream.getvalue().splitlines()
    return [line for line in lines if line[1:2] == " " and line[2:3] != " "]


def test_what_is_missing_is_made_the_namespace_first(bundle: Bundle, server: Server) -> None:
    server.have_auto_mode()
    report = run(bundle, yes=True)
    assert (report.exit, report.sentence) == (Exit.SUCCESS, "namespace blog: 5 created")
    assert told_of(bundle) == [f"+ {name}: created" for name in (*OBJECTS, *CLASSES)]
    assert server.applied == [f"apply {name}" for name in (*OBJECTS, *CLASSES)]
    # What is in a namespace cannot be tried before there is one.
    assert server.cluster.requests.index("apply Namespace blog") < server.cluster.requests.index(
        "dry-run Role wpdeploy"
    )


def test_the_second_time_there_is_nothing_to_do_and_nobody_is_asked(
    bundle: Bundle, server: Server
) -> None:
    run(bundle, yes=True)
    server.cluster.requests.clear()
    report = run(bundle)
    summary = "3 unchanged, 1 left out"
    assert (report.exit, report.sentence) == (
        Exit.SUCCESS,
        f"namespace blog: nothing to do: {summary}",
    )
    assert (server.applied, report.data["changes"]) == ([], False)


def test_what_somebody_changed_is_shown_and_mended(bundle: Bundle, server: Server) -> None:
    run(bundle, yes=True)
    path = f"/apis/{GROUP}/v1/namespaces/blog/roles/wpdeploy"
    role = server.cluster.objects[path]
    server.cluster.objects[path] = {**role, "rules": [{**role["rules"][0], "verbs": ["get"]}]}
    report = run(bundle, yes=True)
    assert report.sentence == "namespace blog: 1 changed, 2 unchanged"
    lines = bundle._stream.getvalue().splitlines()
    assert '    - rules[0].verbs: ["get"]' in lines
    assert '    + rules[0].verbs: ["get", "create", "patch"]' in lines
    assert server.cluster.objects[path]["rules"] == role["rules"]


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", Exit.SUCCESS), (b"n\n", Exit.INTERRUPTED)])
def test_a_person_is_asked(
    bundle: Bundle, server: Server, terminal: int, typed: bytes, code: Exit
) -> None:
    os.write(terminal, typed)
    report = run(bundle)
    assert report.exit is code
    assert bundle.told[-4 if typed == b"y\n" else -1].endswith("apply this? [y/N]")
    assert bool(server.applied) is (code is Exit.SUCCESS)
    if code is Exit.INTERRUPTED:
        assert report.sentence == "namespace blog: nothing was changed"


@pytest.mark.parametrize("output", ["text", "json"])
def test_without_anybody_to_ask_it_is_shown_and_not_done(
    bundle: Bundle, server: Server, output: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run(bundle, output=output)
    assert str(caught.value) == (
        f"namespace blog at {server.url}: this comes to 3 created, 1 left out: "
        "there is nobody to ask whether to apply this (pass --yes)"
    )
    assert told_of(bundle)[0] == "+ Namespace blog: created"
    assert server.applied == []


def test_a_cluster_without_auto_mode_gets_no_class(bundle: Bundle, server: Server) -> None:
    report = run(bundle, yes=True)
    assert server.applied == [f"apply {name}" for name in OBJECTS]
    [(label, note)] = report.rows
    assert (label, note[:45]) == ("note", "IngressClass alb: the cluster has no IngressC")
    assert report.data["objects"][-1]["action"] == "left out"


POLICIES = "network_policy: {enabled: true}\n"


def add(bundle: Bundle, line: str) -> None:
    """Give the environment file one more setting."""
    bundle.write("k8s/environments/Test.yaml", bundle.context.environment_file.read_text() + line)


def test_auto_mode_is_told_once_to_keep_to_policies(bundle: Bundle, server: Server) -> None:
    server.have_auto_mode()
    add(bundle, POLICIES)
    path = "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni"
    assert run(bundle, yes=True).exit is Exit.SUCCESS
    assert server.cluster.objects[path]["data"] == {"enable-network-policy-controller": "true"}
    assert run(bundle).sentence == "namespace blog: nothing to do: 6 unchanged"


def test_the_network_of_another_cluster_is_left_to_who_runs_it(
    bundle: Bundle, server: Server
) -> None:
    add(bundle, POLICIES)
    notes = [text for _, text in run(bundle, yes=True).rows]
    assert notes[0].startswith("ConfigMap amazon-vpc-cni: the cluster is none of EKS Auto Mode: ")
    assert server.applied == [f"apply {name}" for name in OBJECTS]


def test_who_may_not_change_the_system_is_told_before(bundle: Bundle, server: Server) -> None:
    server.have_auto_mode()
    add(bundle, POLICIES)
    server.denied = {"patch configmaps"}
    with pytest.raises(ClusterError) as caught:
        run(bundle, yes=True)
    assert caught.value.problems == ("cannot patch configmaps in the namespace kube-system",)
    assert server.applied == []


def test_the_class_of_another_controller_stays_as_it_is(bundle: Bundle, server: Server) -> None:
    server.have_auto_mode()
    path = "/apis/networking.k8s.io/v1/ingressclasses/alb"
    other = {"spec": {"controller": "ingress.k8s.aws/alb"}}
    server.cluster.objects[path] = other
    report = run(bundle, yes=True)
    assert report.rows == (
        ("note", "IngressClass alb: it is there, and served by ingress.k8s.aws/alb"),
    )
    assert server.cluster.objects[path] == other
    assert server.applied == [f"apply {name}" for name in OBJECTS]


def test_what_is_to_come_before_the_objects_are_of_use_is_noted(
    bundle: Bundle, server: Server
) -> None:
    server.have_auto_mode()
    path = "/apis/eks.amazonaws.com/v1/ingressclassparams/alb"
    params = {"apiVersion": "eks.amazonaws.com/v1", "kind": "IngressClassParams"}
    spec = {"scheme": "internal"}
    server.cluster.objects[path] = live(params | {"metadata": {"name": "alb"}, "spec": spec})
    add(bundle, "uploads: {enabled: true, storage_class: efs, file_system: fs-01234567}\n")
    notes = [text for _, text in run(bundle, yes=True).rows]
    assert [note.partition(":")[0] for note in notes] == [
        "StorageClass efs",
        "IngressClassParams alb",
    ]


def test_missing_rights_are_told_all_at_once_and_nothing_is_tried(
    bundle: Bundle, server: Server
) -> None:
    server.denied = {"create namespaces", "patch namespaces", "patch roles", "bind roles"}
    server.rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "create", "patch"]}]
    with pytest.raises(ClusterError) as caught:
        run(bundle, yes=True)
    namespaces, roles, given = caught.value.problems
    assert namespaces == "cannot create, patch namespaces in the cluster"
    assert roles == "cannot patch roles in the namespace blog"
    assert given.startswith("the Role wpdeploy gives what its maker has not: list deployments, ")
    assert "administrator" in caught.value.hint
    assert server.cluster.requests == []


def test_who_has_all_that_the_role_gives_need_not_be_able_to_give_more(
    bundle: Bundle, server: Server
) -> None:
    server.denied = {"escalate roles", "bind roles"}
    server.rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    assert run(bundle, yes=True).exit is Exit.SUCCESS


def test_a_conflict_is_told_before_a_change(bundle: Bundle, server: Server) -> None:
    run(bundle, yes=True)
    server.cluster.requests.clear()
    field = ".metadata.labels.pod-security.kubernetes.io/enforce"
    server.cluster.refuse(
        "dry-run Namespace blog", conflict("Namespace blog", (field, "kubectl-label"))
    )
    with pytest.raises(ClusterError) as caught:
        run(bundle, yes=True)
    assert caught.value.problems == (f'Namespace blog: {field} is owned by "kubectl-label"',)
    assert "bootstrap, with --force-conflicts" in caught.value.hint
    assert server.applied == []


def test_what_kubectl_apply_owned_stays_so_until_somebody_agrees(
    bundle: Bundle, server: Server
) -> None:
    run(bundle, yes=True)
    path = f"/apis/{GROUP}/v1/namespaces/blog/roles/wpdeploy"
    entry = managed(KUBECTL, "Update", {"f:rules": {}})
    metadata = server.cluster.objects[path]["metadata"] | {"managedFields": [entry]}
    server.cluster.objects[path] = server.cluster.objects[path] | {"metadata": metadata}
    server.cluster.requests.clear()
    with pytest.raises(UsageError):
        run(bundle)
    assert {each.partition(" ")[0] for each in server.cluster.requests} == {"dry-run"}


def test_a_namespace_that_is_going_is_waited_for(bundle: Bundle, server: Server) -> None:
    run(bundle, yes=True)
    namespace = server.cluster.objects["/api/v1/namespaces/blog"]
    namespace["metadata"]["deletionTimestamp"] = "2026-11-20T10:00:00Z"
    with pytest.raises(ClusterError, match="Namespace blog: is being deleted"):
        run(bundle, yes=True)


def test_the_administrator_s_own_kubeconfig_leads_to_the_cluster(
    bundle: Bundle, tmp_path: Path
) -> None:
    own = tmp_path / "own.kubeconfig"
    shutil.copy(bundle.kubeconfig, own)
    Path(bundle.kubeconfig).unlink()
    with pytest.raises(ConfigurationError):
        run(bundle, yes=True)
    assert run(bundle, yes=True, kubeconfig=str(own)).exit is Exit.SUCCESS
    with pytest.raises(ConfigurationError, match="is no usable kubeconfig"):
        run(bundle, yes=True, kubeconfig=str(own), context="nowhere")


def test_a_context_belongs_to_a_kubeconfig(bundle: Bundle, server: Server) -> None:
    with pytest.raises(UsageError, match="--context: is a context of a kubeconfig"):
        run(bundle, yes=True, context="admin")
    assert server.received == []
