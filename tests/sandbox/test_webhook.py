"""TokenReview as a real API server asks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import yaml

from sandbox.kubernetes.access import User
from sandbox.webhook import TokenWebhook

USERS = {"good": User("eva", ("wpdeploy", "viewers"))}


@pytest.fixture(scope="module")
def webhook() -> Iterator[TokenWebhook]:
    with TokenWebhook(USERS.get) as started:
        yield started


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize(
    ("token", "status"),
    [
        (
            "good",
            {
                "authenticated": True,
                "user": {"username": "eva", "groups": ["wpdeploy", "viewers"]},
            },
        ),
        ("bad", {"authenticated": False}),
    ],
)
def test_a_token_is_reviewed_in_the_version_that_is_asked(
    webhook: TokenWebhook, tmp_path: Path, version: str, token: str, status: object
) -> None:
    config = yaml.safe_load(webhook.write_config(tmp_path / "webhook").read_text())
    about = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "TokenReview"}
    body = about | {"metadata": {}, "spec": {"token": token}, "status": {}}
    url = config["clusters"][0]["cluster"]["server"]
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("POST", url, json=body)
    assert (answer.status, answer.json()) == (200, about | {"status": status})
