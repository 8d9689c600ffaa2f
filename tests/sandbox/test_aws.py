"""What the stand-in for AWS tells a client of any language."""

import base64
from dataclasses import replace
from pathlib import Path

import boto3
import botocore.session
import pytest
import urllib3
from botocore.utils import IMDSRegionProvider

from sandbox.aws import BASTION, REGION, Aws
from sandbox.codedeploy import DownloadError
from sandbox.deployments import BUCKET, CodeDeploy


def test_a_process_with_its_environment_is_the_role_of_the_bastion(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    answer = boto3.session.Session(region_name=REGION).client("sts").get_caller_identity()
    assert f":assumed-role/{BASTION}/i-" in answer["Arn"]


def test_a_host_gets_the_role_and_the_region_from_its_metadata(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.instance_environ.items():
        monkeypatch.setenv(name, value)
    region = IMDSRegionProvider(botocore.session.get_session()).provide()
    answer = boto3.session.Session(region_name=region).client("sts").get_caller_identity()
    assert region == REGION
    assert f":assumed-role/{BASTION}/i-" in answer["Arn"]


def test_metadata_need_the_token_of_a_session(aws: Aws) -> None:
    path = f"{aws.url}/latest/meta-data/iam/security-credentials/"
    assert urllib3.request("GET", path, retries=False).status == 401


@pytest.mark.usefixtures("service")
def test_two_stand_ins_in_one_process_know_nothing_of_each_other(aws: Aws) -> None:
    aws.put_parameters("", {"own": ("this one's", False)})
    with Aws() as other:
        ssm = other.client("ssm")
        CodeDeploy(other)  # whose bucket has the same name
        assert ssm.describe_parameters()["Parameters"] == []
        ssm.put_parameter(Name="/own", Value="the other's", Type="String")
        assert aws.client("ssm").get_parameter(Name="/own")["Parameter"]["Value"] == "this one's"
        assert ssm.get_parameter(Name="/own")["Parameter"]["Value"] == "the other's"
    aws.delete_parameter("/own")


def test_a_cluster_is_described_by_the_api_server_that_is_given(aws: Aws, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.crt"
    ca_file.write_text("a certificate")
    aws.put_cluster("described", ("https://127.0.0.1:6443", ca_file))
    found = aws.client("eks").describe_cluster(name="described")["cluster"]
    assert (found["status"], found["endpoint"]) == ("ACTIVE", "https://127.0.0.1:6443")
    assert base64.b64decode(found["certificateAuthority"]["data"]) == b"a certificate"


def test_a_cluster_that_is_not_ready_has_no_endpoint(aws: Aws) -> None:
    aws.put_cluster("early")
    found = aws.client("eks").describe_cluster(name="early")["cluster"]
    assert found["status"] == "CREATING"
    assert "endpoint" not in found
    assert found["certificateAuthority"] == {}


@pytest.fixture(scope="module")
def service(aws: Aws) -> CodeDeploy:
    """Its bucket is there once."""
    return CodeDeploy(aws)


def test_a_deployment_goes_from_the_bucket_to_its_end(
    aws: Aws, service: CodeDeploy, tmp_path: Path
) -> None:
    archive = tmp_path / "bundle.zip"
    archive.write_bytes(b"a bundle")
    first, second = service.deploy("Test", archive), service.deploy("Test", archive)
    for made in (first, second):
        assert made.id.startswith("d-")
        assert len(made.id) == 11
        assert made.id.removeprefix("d-").isalnum()
    assert first.group_id == second.group_id
    stored = aws.client("s3").get_object(Bucket=BUCKET, Key=first.revision.key)
    assert (stored["Body"].read(), stored["ETag"]) == (b"a bundle", f'"{first.revision.etag}"')

    told = aws.client("codedeploy").get_deployment(deploymentId=first.id)["deploymentInfo"]
    assert told["deploymentId"] == first.id
    assert told["revision"]["s3Location"]["key"] == first.revision.key
    assert told["revision"]["s3Location"]["version"] == first.revision.version
    assert service.status(first) == "Created"
    service.begin(first)
    assert service.status(first) == "InProgress"
    service.end(first, succeeded=True)
    service.end(second, succeeded=False)
    assert (service.status(first), service.status(second)) == ("Succeeded", "Failed")


def test_an_agent_gets_a_revision_from_the_bucket(service: CodeDeploy, tmp_path: Path) -> None:
    archive, got = tmp_path / "bundle.zip", tmp_path / "got"
    archive.write_bytes(b"first")
    pinned = service.deploy("Test", archive).revision
    newest = service.deploy("Test", archive, pinned=False).revision
    archive.write_bytes(b"second")
    service.deploy("Test", archive)
    service.fetch(pinned, got)
    assert got.read_bytes() == b"first"
    with pytest.raises(DownloadError, match=r"^the ETag of .* is not"):
        service.fetch(newest, got)
    with pytest.raises(DownloadError):
        service.fetch(replace(pinned, key="nothing"), got)
