"""A deployment through EKS: how its token is renewed, and that nothing of it is left behind."""

import base64
import json
import time

import pytest

from sandbox.aws import BASTION, Aws
from sandbox.eks import Authenticator
from tests.cluster.conftest import EKS_CLUSTER, through_eks
from tests.cluster.plane import Plane
from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Site, running, until

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def access(plane: Plane, aws: Aws) -> str:
    return through_eks(plane, aws)


def revoke(site: Site, eks: Authenticator) -> None:
    """Return when the API server takes none of the tokens so far."""
    eks.revoke()
    # Another second, as a token that is signed within the same one would be the same.
    time.sleep(site.plane.token_seconds + 1.1)


def test_a_token_that_is_refused_in_mid_wait_is_renewed(
    site: Site, proxy: Proxy, eks: Authenticator
) -> None:
    site.configure({"rollout": {"stability_window": int(site.plane.token_seconds) + 10}})
    assert site.deploy(["render", "apply"]).code == 0
    proxy.tokens.clear()
    with running(site.start("validate")) as process:
        until(lambda: proxy.open_watches >= 4)
        revoke(site, eks)
        proxy.close_watches()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "ready 3/3" in output.splitlines()[-1]
    assert len(proxy.tokens) == 2, "the threads share a token"


def test_a_token_that_is_refused_in_mid_apply_is_renewed(
    site: Site, proxy: Proxy, eks: Authenticator
) -> None:
    assert site.run("render").code == 0
    proxy.tokens.clear()
    left = [1]

    def at_the_first_change(method: str, path: str) -> Answer | None:
        if method == "PATCH" and "dryRun" not in path and left:
            left.pop()
            revoke(site, eks)
        return None

    proxy.rules.append(at_the_first_change)
    result = site.run("apply")
    assert result.code == 0, result.output
    assert not left
    assert len(proxy.tokens) == 2
    assert site.run("validate").code == 0


def test_only_render_asks_eks_where_the_cluster_is(site: Site) -> None:
    assert site.run("render").code == 0
    for step in ("apply", "validate --settle"):
        result = site.run(*step.split(), AWS_ENDPOINT_URL=NOWHERE)
        assert result.code == 0, result.output


def test_the_next_steps_are_told_the_endpoint_and_the_authority(site: Site) -> None:
    site.deployed()
    file = site.directory / "root/var/lib/wpdeploy/Test/d-TEST00001/deployment.json"
    cluster = json.loads(file.read_text())["target"]["cluster"]
    authority = base64.b64decode(cluster.pop("certificate_authority"))
    assert authority == site.plane.ca_file.read_bytes()
    assert cluster == {"name": EKS_CLUSTER, "region": "eu-central-1", "endpoint": site.plane.url}


def test_no_token_and_no_credential_is_left_anywhere(site: Site, proxy: Proxy, aws: Aws) -> None:
    session = aws.assume(BASTION)
    output = "".join(
        site.run(step, "-v", **session.environ).output
        for step in ("cleanup", "render", "apply", "validate")
    )
    stranger = aws.assume("stranger")
    output += site.run("render", "-v", **stranger.environ).output
    assert "succeeded" in output
    assert "(401)" in output

    files = [path for path in site.directory.rglob("*") if path.is_file()]
    assert any(path.name == "deployment.json" for path in files)
    everywhere = b"".join(path.read_bytes() for path in files) + output.encode()
    everywhere += repr(site.fingerprint()).encode() + repr(site.pods()).encode()
    assert len(proxy.tokens) >= 2
    secrets = [token.removeprefix("Bearer k8s-aws-v1.") for token in proxy.tokens]
    secrets += [base64.urlsafe_b64decode(token + "===").decode() for token in secrets]
    secrets += ["X-Amz-Signature"]
    for one in (session, stranger):
        secrets += [one.access_key, one.secret_key, one.session_token]
    assert not [secret for secret in secrets if secret.encode() in everywhere]
