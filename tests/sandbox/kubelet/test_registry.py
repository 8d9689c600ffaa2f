from itertools import pairwise

import pytest

from sandbox.kubelet.pace import Pace
from sandbox.kubelet.registry import DENIED, FORBIDDEN, NOT_FOUND, TOO_MANY, UNAVAILABLE, PullError
from tests.sandbox.kubelet.virtual_time import Play, pod_manifest

IMAGE = "registry:5000/wordpress"
RESOLVING = 'failed to resolve reference "registry:5000/blog:2": '
STATUS = "pulling from host registry:5000 failed with status code [manifests 2]: "


@pytest.mark.parametrize(
    ("error", "code", "cause"),
    [
        (NOT_FOUND, "NotFound", f"{RESOLVING}registry:5000/blog:2: not found"),
        (
            DENIED,
            "Unknown",
            (
                f"{RESOLVING}pull access denied, repository does not exist or may require "
                "authorization: server message: insufficient_scope: authorization failed"
            ),
        ),
        (FORBIDDEN, "Unknown", f"{RESOLVING}{STATUS}403 Forbidden"),
        (UNAVAILABLE, "Unknown", f"{RESOLVING}{STATUS}503 Service Unavailable"),
        (
            TOO_MANY,
            "Unknown",
            (
                "failed to copy: httpReadSeeker: failed open: unexpected status code "
                "https://registry:5000/v2/blog/manifests/2: 429 Too Many Requests - Server "
                "message: toomanyrequests: You have reached your pull rate limit. You may increase "
                "the limit by authenticating and upgrading: "
                "https://www.docker.com/increase-rate-limit"
            ),
        ),
    ],
)
def test_the_words_of_a_refusal(error: PullError, code: str, cause: str) -> None:
    assert error.told("registry:5000/blog:2") == (
        f"rpc error: code = {code} desc = failed to pull and unpack image "
        f'"registry:5000/blog:2": {cause}'
    )


def test_a_manifest_is_named_by_its_digest_where_there_is_one() -> None:
    digest = "sha256:" + "a" * 64
    told = UNAVAILABLE.told(f"registry:5000/blog:2@{digest}")
    assert f"[manifests {digest}]: 503 Service Unavailable" in told


@pytest.mark.parametrize("tag", ["badpull", "denied", "forbidden", "toomany"])
def test_most_refusals_last(tag: str) -> None:
    play = Play(pod_manifest(tag), Pace(scale=0.01)).until(600)
    assert set(play.states()) == {"ContainerCreating", "ErrImagePull", "ImagePullBackOff"}
    assert play.status["phase"] == "Pending"


def test_a_registry_recovers_and_so_does_the_pod() -> None:
    play = Play(pod_manifest("registry5xx"), Pace(scale=0.1, outage=3)).until(60)
    failing = ["ErrImagePull", "ImagePullBackOff"]
    assert play.states() == ["ContainerCreating", *failing, *failing, "Running", "Ready"]
    assert play.app["restartCount"] == 0
    name = f"{IMAGE}:registry5xx"
    failed = f'Failed to pull image "{name}": {UNAVAILABLE.told(name)}'
    assert ("Failed", failed, 2) in play.events()
    assert ("BackOff", f'Back-off pulling image "{name}"', 2) in play.events()
    assert ("Pulled", f'Successfully pulled image "{name}" in 0.1s', 1) in play.events()


def test_the_back_off_between_pulls_grows() -> None:
    play = Play(pod_manifest("toomany"), Pace(pull=0, scale=1)).until(2000)
    failures = [
        time
        for time, status in play.statuses
        if status["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull"
    ]
    # After ten seconds each error becomes a back-off.
    waits = [round(after - before) - 10 for before, after in pairwise(failures)]
    assert waits[:8] == [10, 20, 40, 80, 160, 300, 300, 300]
