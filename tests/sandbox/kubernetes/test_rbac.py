from typing import Any

import pytest

from sandbox.kubernetes.access import User
from sandbox.kubernetes.actions import Action
from sandbox.kubernetes.rbac import Authorizer
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Store

GROUP = "rbac.authorization.k8s.io"
ANNA = User("anna", ("editors",))
RULES = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]},
    {"apiGroups": [""], "resources": ["*/log", "pods/*", "services/proxy"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["one"]},
]
URLS = [{"nonResourceURLs": ["/api", "/apis/*"], "verbs": ["get"]}]


@pytest.fixture
def store() -> Store:
    found = Store()
    put(found, "roles", "n", "editor", rules=RULES)
    put(found, "clusterroles", "", "looker", rules=URLS)
    bind(found, "n", "editor", kind="Group", name="editors")
    bind(found, "", "looker", kind="User", name="anna")
    return found


def put(store: Store, plural: str, namespace: str, name: str, **body: Any) -> None:
    metadata = {"name": name, "namespace": namespace}
    store.put((f"{GROUP}/{plural}", namespace, name), {"metadata": metadata, **body}, None)


def bind(store: Store, namespace: str, role: str, **subject: str) -> None:
    kind = "Role" if namespace else "ClusterRole"
    reference = {"kind": kind, "name": role}
    put(store, f"{kind.lower()}bindings", namespace, role, roleRef=reference, subjects=[subject])


def apps(verb: str, namespace: str = "n") -> Action:
    return Action(verb, "apps", "deployments", namespace)


def core(verb: str, resource: str, name: str = "") -> Action:
    return Action(verb, "", resource, "n", name)


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (apps("get"), True),
        (apps("delete"), False),
        (apps("get", "other"), False),
        (apps("get", ""), False),
        (Action("get", "", "deployments", "n"), False),
        (Action("get", "apps", "deployments/scale", "n"), False),
        (core("get", "pods/log"), True),
        # Only the part before the slash may be any.
        (core("get", "pods/status"), False),
        (core("get", "pods"), False),
        (core("create", "services/proxy"), True),
        (core("create", "services"), False),
        (core("get", "secrets", "one"), True),
        (core("get", "secrets", "two"), False),
        (core("get", "secrets"), False),
        (Action("get", path="/api"), True),
        (Action("get", path="/apis/apps/v1"), True),
        (Action("get", path="/api/v1"), False),
        (Action("post", path="/api"), False),
    ],
)
def test_what_rules_allow(wanted: Action, allowed: bool, store: Store) -> None:  # noqa: FBT001
    assert Authorizer(store).decide(ANNA, wanted).allowed is allowed
    assert not Authorizer(store).decide(User("bert"), wanted).allowed
    assert Authorizer(store).decide(User("root", ("system:masters",)), wanted).allowed


def test_a_binding_to_a_role_that_is_not_there_is_told(store: Store) -> None:
    bind(store, "n", "gone", kind="User", name="bert")
    with pytest.raises(StatusError) as caught:
        Authorizer(store).check(User("bert"), apps("get"))
    assert caught.value.message == (
        'deployments.apps is forbidden: User "bert" cannot get resource "deployments" in API '
        f'group "apps" in the namespace "n": RBAC: role.{GROUP} "gone" not found'
    )


def test_the_reason_names_binding_role_and_subject(store: Store) -> None:
    assert Authorizer(store).decide(ANNA, apps("get")).reason == (
        'RBAC: allowed by RoleBinding "editor/n" of Role "editor" to Group "editors"'
    )


def test_a_witness_is_told_of_what_was_done_and_of_nothing_else(store: Store) -> None:
    seen: list[tuple[User, Action]] = []
    authorizer = Authorizer(store, lambda *used: seen.append(used))
    authorizer.check(ANNA, apps("get"))
    assert authorizer.may(ANNA, apps("patch"))
    assert not authorizer.may(ANNA, apps("delete"))
    with pytest.raises(StatusError):
        authorizer.check(User("bert"), apps("get"))
    authorizer.decide(ANNA, apps("patch"))
    assert seen == [(ANNA, apps("get")), (ANNA, apps("patch"))]
