"""Both templates created in moto, as far as it goes, and what that lacks."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws import REGION
from tests.infra.conftest import programs

Template = Mapping[str, Any]
# The types of which moto makes nothing; what refers to one of them gets something in its place.
LACKING = {
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodePipeline::Pipeline",
    "AWS::EKS::AccessEntry",
    "AWS::EKS::Addon",
    "AWS::EKS::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
}
# Made by moto, but without the secret that RDS manages.
INCOMPLETE = {"AWS::RDS::DBInstance"}
GIVEN = {
    "pipeline": {"ApprovalEmail": "approver@example.com"},
    "environment": {
        "Group": "Test",
        "ClusterName": "wordpress-test",
        "SiteUrl": "https://www.example.com",
        "AdminEmail": "editor@example.com",
        "AdministratorArn": "arn:aws:iam::123456789012:role/administrator",
        "Uploads": "true",
    },
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A whole moto, from a lock of its own: the sandbox has but a part of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(programs("moto.lock") / "moto_server"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    log = (tmp_path_factory.mktemp("moto") / "log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def client(url: str, service: str) -> Any:
    session = boto3.session.Session("testing", "testing", region_name=REGION)
    return session.client(service, endpoint_url=url)


def reduced(template: Template) -> Template:
    """The template without what moto lacks; values that these would have are made up."""
    kinds = {name: item["Type"] for name, item in template["Resources"].items()}
    gone = {name for name, kind in kinds.items() if kind in LACKING | INCOMPLETE}
    kept = {
        name: {key: value for key, value in item.items() if key != "DependsOn"}
        for name, item in template["Resources"].items()
        if name not in gone
    }
    parts = {key: template[key] for key in ("Parameters", "Conditions") if key in template}
    made: Template = _without({**parts, "Resources": kept}, gone)
    return made


def _without(value: Any, gone: set[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, gone) for item in value]
    if isinstance(value, str):
        names = "|".join(map(re.escape, sorted(gone)))
        return re.sub(rf"\$\{{({names})(\.[A-Za-z.]+)?\}}", "made-up", value)
    if not isinstance(value, Mapping):
        return value
    [name, *more] = value or [""]
    if name in {"Ref", "Fn::GetAtt"} and not more:
        target = value[name] if name == "Ref" else value[name][0]
        if target not in gone:
            return value
        # The cluster's own group: rules need one that is there.
        own_group = value[name][-1] == "ClusterSecurityGroupId"
        return {"Ref": "DatabaseSecurityGroup"} if own_group else "made-up"
    return {key: _without(item, gone) for key, item in value.items()}


def create(url: str, name: str, template: Template) -> list[Mapping[str, Any]]:
    """The resources of a stack that is made of it."""
    formation = client(url, "cloudformation")
    pairs = GIVEN[name].items()
    formation.create_stack(
        StackName=f"wordpress-{name}",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in pairs],
        Capabilities=["CAPABILITY_IAM"],
    )
    found: list[Mapping[str, Any]] = formation.describe_stack_resources(
        StackName=f"wordpress-{name}"
    )["StackResources"]
    # Of what it lacks there is an entry without a name.
    return [item for item in found if "LogicalResourceId" in item]


@pytest.fixture(scope="module")
def stacks(url: str, templates: Mapping[str, Template]) -> Mapping[str, list[Mapping[str, Any]]]:
    # In this order: the environment asks for what the pipeline says of itself.
    return {name: create(url, name, reduced(templates[name])) for name in GIVEN}


@pytest.mark.parametrize("name", GIVEN)
def test_what_moto_knows_is_created(
    stacks: Mapping[str, list[Mapping[str, Any]]], templates: Mapping[str, Template], name: str
) -> None:
    made = {item["LogicalResourceId"] for item in stacks[name]}
    assert {item["ResourceStatus"] for item in stacks[name]} == {"CREATE_COMPLETE"}
    template = templates[name]["Resources"]
    unmet = {"HasInterfaceEndpoints", "HasNatPerZone", "HasThirdZone", "HasThirdNat"}
    unmet |= {"HasThirdMount", "HasFlowLogs"}
    wanted = {
        logical
        for logical, item in template.items()
        if item["Type"] not in LACKING | INCOMPLETE and item.get("Condition") not in unmet
    }
    assert made == wanted


@pytest.mark.parametrize("kind", sorted(LACKING))
def test_what_moto_lacks_it_lacks(url: str, kind: str) -> None:
    formation, name = client(url, "cloudformation"), kind.replace("::", "-")
    template = {"Resources": {"It": {"Type": kind, "Properties": {}}}}
    try:
        formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        found = formation.describe_stack_resources(StackName=name)["StackResources"]
    except Exception:  # noqa: BLE001  # however it says so
        found = []
    assert not [item for item in found if item.get("PhysicalResourceId")]


def test_the_environment_tells_its_parameters(
    url: str, stacks: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    assert stacks
    found = client(url, "ssm").get_parameters_by_path(Path="/wordpress/Test")["Parameters"]
    values = {Path(item["Name"]).name: item["Value"] for item in found}
    assert values["site_url"] == "https://www.example.com"
    assert values["admin_email"] == "editor@example.com"
    assert {item["Type"] for item in found} == {"String"}


def test_bundles_are_encrypted(url: str, stacks: Mapping[str, list[Mapping[str, Any]]]) -> None:
    [bucket] = [item for item in stacks["pipeline"] if item["ResourceType"] == "AWS::S3::Bucket"]
    s3, name = client(url, "s3"), bucket["PhysicalResourceId"]
    [rule] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_images_cannot_be_overwritten(
    url: str, stacks: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    assert stacks
    [repository] = client(url, "ecr").describe_repositories()["repositories"]
    assert repository["repositoryName"] == "wordpress"
    assert repository["imageTagMutability"] == "IMMUTABLE"


def test_who_approves_is_asked_and_told(
    url: str, stacks: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    topics = {
        item["PhysicalResourceId"]
        for item in stacks["pipeline"]
        if item["ResourceType"] == "AWS::SNS::Topic"
    }
    found = client(url, "sns").list_subscriptions()["Subscriptions"]
    assert {item["TopicArn"] for item in found} == topics
    assert len(topics) == 2
    assert {(item["Protocol"], item["Endpoint"]) for item in found} == {
        ("email", "approver@example.com")
    }


def test_the_rule_of_failures_is_kept_with_its_message(
    url: str, stacks: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    assert stacks
    events = client(url, "events")
    [rule] = [item for item in events.list_rules()["Rules"] if "FAILED" in item["EventPattern"]]
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    message = target["InputTransformer"]["InputTemplate"]
    assert message.startswith('"wordpress-pipeline: <stage> failed')
    assert "${" not in message


def test_logs_of_builds_end_some_day(
    url: str, stacks: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    assert stacks
    found = client(url, "logs").describe_log_groups(logGroupNamePrefix="/wordpress/")["logGroups"]
    assert "/wordpress/pipeline/build" in {item["logGroupName"] for item in found}
    assert {item["retentionInDays"] for item in found} == {30}
