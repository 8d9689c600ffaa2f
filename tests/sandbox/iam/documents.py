"""Policies of the tests."""

from typing import Any

from sandbox.iam import Policy

Json = dict[str, Any]


def statement(action: Any, resource: Any, effect: str = "Allow", **more: Any) -> Json:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy(*statements: Json, name: str = "own") -> Policy:
    return Policy.of(name, document(*statements))
