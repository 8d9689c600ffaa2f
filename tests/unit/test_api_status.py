"""The API server's refusals, told to a person."""

from collections.abc import Mapping
from typing import Any

import pytest

from wpdeploy import api_status
from wpdeploy.api_status import ApiError, Conflict
from wpdeploy.errors import Exit

ROLE = (
    'deployments.apps "w" is forbidden: User "bastion" cannot patch resource "deployments" in API '
    'group "apps" in the namespace "blog"'
)
QUOTA = 'pods "w" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4'
IMMUTABLE = 'Deployment.apps "w" is invalid: spec.selector: Invalid value: {}: field is immutable'
TERMINATING = (
    'secrets "w" is forbidden: unable to create new content in namespace blog because it is being '
    "terminated"
)
UNTYPED = "failed to create typed patch object: .spec.ports[0].port: expected numeric, got string"


def _error(code: int, status: Mapping[str, Any], where: str = "Deployment w") -> ApiError:
    return api_status.error(where, "PATCH", code, status)


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        pytest.param(
            401,
            {"message": "Unauthorized"},
            "Deployment w: the API server does not know who is asking (401) "
            "(renew the credentials)",
            id="unknown user",
        ),
        pytest.param(
            403,
            {"message": ROLE},
            f"Deployment w: forbidden: {ROLE} (have an administrator run bootstrap, and see that "
            "the user has the group wpdeploy)",
            id="no Role",
        ),
        pytest.param(
            403,
            {"message": 'deployments.apps "w" is forbidden: '},
            'Deployment w: forbidden: deployments.apps "w" is forbidden: cannot create resource '
            '"deployments" (have an administrator run bootstrap, and see that the user has the '
            "group wpdeploy)",
            id="a Role to apply with, and not to create",
        ),
        pytest.param(
            403,
            {"message": QUOTA},
            f"Deployment w: PATCH refused (403): {QUOTA}",
            id="a quota, which no Role helps against",
        ),
        pytest.param(
            403,
            {"message": TERMINATING},
            f"Deployment w: PATCH refused (403): {TERMINATING}",
            id="a namespace that is going",
        ),
        pytest.param(
            404,
            {
                "message": 'namespaces "blog" not found',
                "details": {"name": "blog", "kind": "namespaces"},
            },
            'Deployment w: the namespace "blog" does not exist '
            "(have an administrator run bootstrap: docs/bootstrap.md)",
            id="no namespace",
        ),
        pytest.param(
            404,
            {"message": "the server could not find the requested resource", "details": {}},
            "Deployment w: the API server has no such API for Deployment w "
            "(switch the object off in the environment file, or upgrade the cluster)",
            id="no such API",
        ),
        pytest.param(
            404,
            {"message": "404 page not found"},
            "Deployment w: the API server has no such API for Deployment w "
            "(switch the object off in the environment file, or upgrade the cluster)",
            id="no such API group",
        ),
        pytest.param(
            404,
            {
                "message": 'deployments.apps "w" not found',
                "details": {"name": "w", "kind": "deployments"},
            },
            'Deployment w: PATCH refused (404): deployments.apps "w" not found',
            id="no such object",
        ),
        pytest.param(
            409,
            {"message": "the object has been modified"},
            "Deployment w: PATCH refused (409): the object has been modified",
            id="conflict",
        ),
        pytest.param(
            422,
            {"message": IMMUTABLE},
            f"Deployment w: invalid: {IMMUTABLE} "
            "(keep the immutable field's value, or delete the object before)",
            id="immutable",
        ),
        *(
            pytest.param(
                422,
                {"message": message},
                f"Deployment w: invalid: {message} "
                "(keep the immutable field's value, or delete the object before)",
                id=message,
            )
            for message in (
                "parameters: Forbidden: updates to parameters are forbidden.",
                'roleRef: Invalid value: rbac.RoleRef{Name:"x"}: cannot change roleRef',
            )
        ),
        pytest.param(
            422,
            {"message": "spec.ports: Required value"},
            "Deployment w: invalid: spec.ports: Required value (correct its template in k8s)",
            id="invalid",
        ),
        pytest.param(
            500,
            {"message": UNTYPED},
            f"Deployment w: invalid: {UNTYPED} (correct its template in k8s)",
            id="wrong type, server before 1.22",
        ),
        pytest.param(
            500,
            {"message": "etcdserver: leader changed"},
            "Deployment w: PATCH refused (500): etcdserver: leader changed",
            id="server error",
        ),
        pytest.param(
            502,
            {},
            "Deployment w: PATCH refused (502): HTTP 502 without a reason",
            id="no reason",
        ),
        pytest.param(
            503,
            {"message": None, "details": None},
            "Deployment w: PATCH refused (503): HTTP 503 without a reason",
            id="null for a reason",
        ),
    ],
)
def test_a_refusal_says_where_what_and_what_to_do(
    code: int, status: Mapping[str, Any], told: str
) -> None:
    error = _error(code, status)

    assert (str(error), error.code, error.status) == (told, code, status)


@pytest.mark.parametrize(
    ("code", "message", "exit_code"),
    [
        (500, UNTYPED, Exit.MANIFEST),
        (500, "failed to convert new object to proper version", Exit.MANIFEST),
        (500, "cannot convert int64 to string", Exit.MANIFEST),
        (500, "etcdserver: request timed out", Exit.CLUSTER),
        (422, UNTYPED, Exit.CLUSTER),
        (503, UNTYPED, Exit.CLUSTER),
        (403, "forbidden", Exit.CLUSTER),
    ],
)
def test_only_a_wrong_type_is_the_templates_fault(code: int, message: str, exit_code: Exit) -> None:
    assert _error(code, {"message": message}).exit_code == exit_code


def test_the_conflicts_name_manager_and_field() -> None:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-edit" using apps/v1 at 2026-11-20T10:00:00Z',
            "field": '.spec.template.spec.containers[name="w"].image',
        },
        {"reason": "FieldManagerConflict", "message": 'conflict with "argo cd"'},
    ]

    assert _error(409, {"details": {"causes": causes}}).conflicts == [
        Conflict("kubectl-edit", '.spec.template.spec.containers[name="w"].image'),
        Conflict("argo cd", ""),
    ]


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"details": None},
        {"details": {"causes": None}},
        {"details": {"causes": [{"reason": "FieldValueInvalid", "message": "is odd"}]}},
        {"details": {"causes": [{"reason": "FieldManagerConflict", "message": "with whom?"}]}},
    ],
    ids=["no details", "null details", "null causes", "another cause", "no manager"],
)
def test_without_a_field_manager_there_is_no_conflict(status: Mapping[str, Any]) -> None:
    assert _error(409, status).conflicts == []


@pytest.mark.parametrize("details", ["none", [{"@type": "type.googleapis.com/x"}], 7])
@pytest.mark.parametrize("code", [404, 409])
def test_details_of_another_servers_making_are_no_details(code: int, details: object) -> None:
    error = _error(code, {"message": "no", "details": details})

    assert (error.code, error.conflicts) == (code, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"message": "no", "code": 403}', {"message": "no", "code": 403}),
        ("", {"message": ""}),
        ("  upstream connect error\n", {"message": "upstream connect error"}),
        ("<html>" + "x" * 300, {"message": "<html>" + "x" * 194}),
        ('["no"]', {"message": '["no"]'}),
        ("null", {"message": "null"}),
        ('"no"', {"message": '"no"'}),
    ],
)
def test_an_answer_that_is_no_status_is_its_own_message(
    body: str, status: Mapping[str, Any]
) -> None:
    assert api_status.parse(body) == status
