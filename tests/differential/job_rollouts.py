"""Whole lives of Jobs, played on both API servers: what to do, what to wait for."""

from typing import Any

from tests.differential.api import Step
from tests.differential.bodies import CORE
from tests.differential.left import KINDS
from tests.differential.waits import (
    COUNTED_QUOTA,
    JOB_PATH,
    TOLD,
    Action,
    Until,
    finished,
    reason,
    waiting,
)

_FEW = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}}
_NO_ROOM = Step("POST", f"{CORE}/resourcequotas", _FEW)


def _job(tag: str, policy: str, **spec: Any) -> Step:
    container = {"name": "c", "image": f"registry:5000/wp:{tag}"}
    pod = {
        "restartPolicy": policy,
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    body = {"backoffLimit": 0, "template": {"spec": pod}, **spec}
    return Step(
        "POST", JOB_PATH.rpartition("/")[0], {"metadata": {"name": "install"}, "spec": body}
    )


JOB_ROLLOUTS: dict[str, list[Action]] = {
    "a Job in parts": [_job("1", "Never", completions=3, parallelism=2), finished("Complete")],
    "a Job without an image": [
        _job("badpull", "Never", activeDeadlineSeconds=2),
        reason("Failed", "DeadlineExceeded", JOB_PATH),
    ],
    "a Job with a bad name": [_job("invalidname", "Never"), waiting("InvalidImageName", 1)],
    "a Job without room": [
        _NO_ROOM, COUNTED_QUOTA, _job("1", "Never"), TOLD,
    ],
    "a Job that is deleted": [
        _job("1", "Never"), finished("Complete"), Step("DELETE", JOB_PATH),
        Until("gone", lambda api: not api.get(KINDS[5])["items"]),
    ],
    "a Job that is deleted with its pods": [
        _job("1", "Never"), finished("Complete"),
        Step("DELETE", JOB_PATH, {"propagationPolicy": "Background"}),
        Until("gone", lambda api: not api.get(f"{CORE}/pods")["items"]),
    ],
    "a Job that completes": [_job("1", "Never"), finished("Complete")],
    "a Job that fails": [_job("joberror", "Never"), finished("Failed")],
    "a Job that restarts": [_job("joberror", "OnFailure", backoffLimit=1), finished("Failed")],
}  # fmt: skip
