"""Records of deployments, as far as a test does not say otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.bundle import MODIFIED
from wpdeploy.record import Record, RecordedParameter, Result
from wpdeploy.release import Release

STARTED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def release(tag: str) -> Release:
    """A release whose image has that tag."""
    return Release(f"registry.example/wordpress:{tag}@sha256:{'a' * 64}", tag * 4, "wp:1", "now")


def password(version: int = 3, modified: str = MODIFIED) -> RecordedParameter:
    """A secret parameter."""
    return RecordedParameter("WORDPRESS_DB_PASSWORD", True, "/blog/password", version, modified)  # noqa: FBT003  # a dataclass's field


def record(number: int, tag: str = "v1", **changes: Any) -> Record:
    """A deployment that succeeded, `d-NUMBER`; its manifests differ by the tag alone."""
    started = STARTED + timedelta(hours=number)
    metadata = {"name": "site", "namespace": "blog", "labels": {"tag": tag}}
    spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": "wordpress"}]}}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    own: dict[str, Any] = {
        "number": number,
        "deployment_id": f"d-{number}",
        "group": "Test",
        "result": Result.SUCCEEDED,
        "started": started,
        "ended": started + timedelta(minutes=2),
        "reason": "",
        "restores": None,
        "release": release(tag),
        "config": "site-1a2b",
        "env": {},
        "parameters": {"password": password()},
        "manifests": (deployment,),
        "applied": None,
    }
    return Record(**own | changes)


def failed(number: int, tag: str = "v2", **changes: Any) -> Record:
    """A deployment whose rollout failed."""
    return record(number, tag, **{"result": Result.FAILED, "reason": "it crashed"} | changes)
