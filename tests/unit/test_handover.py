"""The handover rewrites who owns which field, and nothing else."""

from typing import Any

import pytest

from wpdeploy import handover
from wpdeploy.kinds import Manifest

OURS = "wpdeploy"
Fields = dict[str, Any]


def _entry(manager: str, operation: str, fields: Fields | None, **more: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def _kubectl(fields: Fields | None, **more: Any) -> dict[str, Any]:
    return _entry("kubectl-client-side-apply", "Update", fields, **more)


def _live(*entries: dict[str, Any]) -> Manifest:
    return {"metadata": {"resourceVersion": "7", "managedFields": list(entries)}}


CONTROLLER = _entry("kube-controller-manager", "Update", {"f:status": {}}, subresource="status")


@pytest.mark.parametrize(
    ("live", "due"),
    [
        pytest.param(None, False, id="no object"),
        pytest.param({"metadata": {}}, False, id="an object that nobody manages"),
        pytest.param({"metadata": {"managedFields": None}}, False, id="no entries"),
        pytest.param(_live(_kubectl({"f:spec": {}})), True, id="kubectl apply"),
        pytest.param(_live(CONTROLLER, _kubectl({})), True, id="kubectl apply among others"),
        pytest.param(_live(_entry("kubectl", "Apply", {})), False, id="kubectl --server-side"),
        pytest.param(_live(_entry("kubectl-edit", "Update", {})), False, id="kubectl edit"),
        pytest.param(_live(_kubectl({}, subresource="status")), False, id="a subresource"),
        pytest.param(_live(_entry(OURS, "Apply", {})), False, id="ours already"),
        pytest.param(
            _live({"operation": "Update", "fieldsV1": {}}), False, id="a manager without a name"
        ),
    ],
)
def test_a_handover_is_due_while_kubectl_apply_owns_something(
    live: Manifest | None, *, due: bool
) -> None:
    assert handover.is_due(live) is due


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        (("f:spec", "f:replicas"), True),
        (("f:spec",), True),
        (("f:spec", "f:template"), False),
        (("f:status", "f:replicas"), False),
    ],
)
def test_a_field_is_owned_where_its_path_is_among_the_applied_ones(
    path: tuple[str, ...], *, owned: bool
) -> None:
    live = _live(CONTROLLER, _entry(OURS, "Apply", {"f:spec": {"f:replicas": {}}}))

    assert handover.owns(live, OURS, *path) is owned


@pytest.mark.parametrize(
    "entry",
    [
        _entry("argocd", "Apply", {"f:spec": {"f:replicas": {}}}),
        _entry(OURS, "Update", {"f:spec": {"f:replicas": {}}}),
        {"operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ],
    ids=["another manager", "not by an apply", "a manager without a name"],
)
def test_what_somebody_else_holds_is_not_owned(entry: dict[str, Any]) -> None:
    assert not handover.owns(_live(entry), OURS, "f:spec", "f:replicas")


def test_kubectls_fields_become_our_apply_and_the_others_stay() -> None:
    fields: Fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {}}}}

    assert handover.operations(_live(_kubectl(fields), CONTROLLER), OURS) == [
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": [_entry(OURS, "Apply", fields), CONTROLLER],
        },
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
    ]


def test_what_is_ours_already_is_united_with_kubectls() -> None:
    # A key such as k:{"name":"a"} is one list item, "." is the item itself.
    kubectls: Fields = {"f:spec": {'k:{"name":"a"}': {".": {}, "f:value": {}}}, "f:data": {}}
    ours: Fields = {"f:spec": {'k:{"name":"a"}': {".": {}, "f:image": {}}, "f:replicas": {}}}
    both: Fields = {
        "f:spec": {'k:{"name":"a"}': {".": {}, "f:value": {}, "f:image": {}}, "f:replicas": {}},
        "f:data": {},
    }

    for entries in ([kubectls, ours], [ours, kubectls]):
        live = _live(
            *(
                _kubectl(fields) if fields is kubectls else _entry(OURS, "Apply", fields)
                for fields in entries
            )
        )
        assert handover.operations(live, OURS)[0]["value"] == [_entry(OURS, "Apply", both)]


def test_an_entry_without_fields_is_handed_over_as_well() -> None:
    assert handover.operations(_live(_kubectl(None)), OURS)[0]["value"] == [
        _entry(OURS, "Apply", {})
    ]


def test_the_live_object_itself_is_left_as_it_is() -> None:
    live = _live(_kubectl({"f:a": {"f:b": {}}}), _entry(OURS, "Apply", {"f:a": {"f:c": {}}}))

    handover.operations(live, OURS)

    assert live == _live(
        _kubectl({"f:a": {"f:b": {}}}), _entry(OURS, "Apply", {"f:a": {"f:c": {}}})
    )
