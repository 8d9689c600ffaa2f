"""What the templates, the environment files, buildspec.yml and the code say of the same thing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sandbox.cloudformation import load
from tests.infra.conftest import ROOT, TEMPLATES
from wpdeploy.commands import parser

Template = Mapping[str, Any]
PIPELINE, ENVIRONMENT = load(TEMPLATES["pipeline"]), load(TEMPLATES["environment"])
GROUPS = {file.stem for file in (ROOT / "k8s" / "environments").glob("*.yaml")}
KNOWN = yaml.safe_load((ROOT / "k8s/parameters.yaml").read_text())["parameters"]
BUILDSPEC = yaml.safe_load((ROOT / "buildspec.yml").read_text())
TAG = "wpdeploy:deployment-group"
# What knows no resource, and where; anything else by * is too much.
ANY_RESOURCE = {
    ("BastionRole", "ssm:UpdateInstanceInformation"),
    ("BastionRole", "ssmmessages:CreateControlChannel"),
    ("BastionRole", "ssmmessages:CreateDataChannel"),
    ("BastionRole", "ssmmessages:OpenControlChannel"),
    ("BastionRole", "ssmmessages:OpenDataChannel"),
    ("BuildRole", "ecr:GetAuthorizationToken"),
    ("DeployRole", "ec2:DescribeInstances"),
    ("DeployRole", "ec2:DescribeInstanceStatus"),
    ("DeployRole", "tag:GetResources"),
    ("FlowLogRole", "logs:DescribeLogGroups"),
}


def resources(template: Template, kind: str) -> Mapping[str, Mapping[str, Any]]:
    return {
        name: item["Properties"]
        for name, item in template["Resources"].items()
        if item["Type"] == kind
    }


def environment(group: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((ROOT / f"k8s/environments/{group}.yaml").read_text())
    return found


def test_the_deployment_groups_are_the_environment_files() -> None:
    groups = resources(PIPELINE, "AWS::CodeDeploy::DeploymentGroup").values()
    assert {group["DeploymentGroupName"] for group in groups} == GROUPS
    for group in groups:
        [tag] = group["Ec2TagFilters"]
        assert (tag["Key"], tag["Value"]) == (TAG, group["DeploymentGroupName"])


def test_the_pipeline_deploys_to_test_and_then_with_an_approval_to_production() -> None:
    stages = PIPELINE["Resources"]["Pipeline"]["Properties"]["Stages"]
    names = [stage["Name"] for stage in stages]
    assert names == ["Source", "Build", "DeployToTest", "Approval", "DeployToProduction"]
    groups = [
        PIPELINE["Resources"][action["Configuration"]["DeploymentGroupName"]["Ref"]]["Properties"][
            "DeploymentGroupName"
        ]
        for stage in (stages[2], stages[4])
        for action in stage["Actions"]
    ]
    assert groups == ["Test", "Production"]
    assert PIPELINE["Resources"]["Pipeline"]["Properties"]["ExecutionMode"] == "QUEUED"


def test_the_bastion_has_the_tag_by_which_it_is_found() -> None:
    tags = ENVIRONMENT["Resources"]["Bastion"]["Properties"]["Tags"]
    assert {"Key": TAG, "Value": {"Ref": "Group"}, "PropagateAtLaunch": True} in tags


def test_stack_and_params_init_make_all_parameters() -> None:
    made = {
        item["Name"]["Fn::Sub"].removeprefix("/wordpress/${Group}/")
        for item in resources(ENVIRONMENT, "AWS::SSM::Parameter").values()
    }
    generated = {name for name, spec in KNOWN.items() if "generate" in spec}
    assert made | generated == set(KNOWN)
    assert not made & generated
    assert all(
        environment(group)["parameters"]["path"] == f"/wordpress/{group}" for group in GROUPS
    )


def test_the_environment_asks_for_what_the_pipeline_tells() -> None:
    told = {item["Name"] for item in resources(PIPELINE, "AWS::SSM::Parameter").values()}
    asked = {
        item["Default"]
        for item in ENVIRONMENT["Parameters"].values()
        if item["Type"].startswith("AWS::SSM::Parameter")
    }
    assert asked <= told


def test_names_are_those_of_the_environment_files() -> None:
    for group in GROUPS:
        cluster = environment(group)["cluster"]["eks"]
        assert cluster == f"wordpress-{group.lower()}"
        assert re.fullmatch(ENVIRONMENT["Parameters"]["ClusterName"]["AllowedPattern"], cluster)
    alias = ENVIRONMENT["Resources"]["KeyAlias"]["Properties"]["AliasName"]
    assert alias == {"Fn::Sub": "alias/${ClusterName}"}


def test_the_bastions_group_in_the_cluster_is_the_roles() -> None:
    entry = ENVIRONMENT["Resources"]["BastionAccess"]["Properties"]
    cluster = "".join(file.read_text() for file in (ROOT / "k8s/cluster").iterdir())
    [bound] = re.findall(r"kind: Group\n\s+name: (\S+)", cluster)
    assert entry["KubernetesGroups"] == [bound]


def test_python_and_machine_are_the_same_everywhere() -> None:
    wanted = ("--image", "--commit", "--branch", "--subject", "--build", "--out")
    options = parser().parse_args(["bundle", *(word for name in wanted for word in (name, "x"))])
    script = str(ENVIRONMENT["Resources"]["BastionTemplate"])
    assert f"python{options.python}" in script
    assert str(BUILDSPEC["phases"]["install"]["runtime-versions"]["python"]) == options.python
    machines = ENVIRONMENT["Parameters"]["BastionArchitecture"]
    assert machines["Default"] == options.platform
    assert PIPELINE["Parameters"]["BundlePlatform"]["AllowedValues"] == machines["AllowedValues"]


def test_the_project_sets_variables_that_the_build_knows() -> None:
    project = PIPELINE["Resources"]["Build"]["Properties"]["Environment"]["EnvironmentVariables"]
    told = {item["Name"] for item in project}
    known = {*BUILDSPEC["env"]["variables"], "IMAGE_REPOSITORY", "BRANCH"}
    assert told <= known
    approval = str(PIPELINE["Resources"]["Pipeline"])
    used = set(re.findall(r"#\{BuildVariables\.(\w+)\}", approval))
    assert used
    assert used <= set(BUILDSPEC["env"]["exported-variables"])


def test_the_hooks_times_fit_into_a_lifecycle_event() -> None:
    hooks = yaml.safe_load((ROOT / "appspec.yml").read_text())["hooks"]
    for scripts in hooks.values():
        assert sum(script["timeout"] for script in scripts) <= 3600


def test_logs_are_read_where_the_agent_writes_them() -> None:
    script = str(ENVIRONMENT["Resources"]["BastionTemplate"])
    for file in (
        "/var/log/aws/codedeploy-agent/codedeploy-agent.log",
        "/opt/codedeploy-agent/deployment-root/deployment-logs/codedeploy-agent-deployments.log",
    ):
        assert file in script
    groups = {
        str(item["LogGroupName"]) for item in resources(ENVIRONMENT, "AWS::Logs::LogGroup").values()
    }
    for name in ("codedeploy-agent", "wpdeploy"):
        assert f"/wordpress/${{Group}}/{name}" in script
        assert str({"Fn::Sub": f"/wordpress/${{Group}}/{name}"}) in groups


def statements(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, role in resources(template, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for item in policy["PolicyDocument"]["Statement"]:
                for each in item["Fn::If"][1:] if "Fn::If" in item else [item]:
                    yield name, each


def test_no_role_has_more_than_what_can_be_named() -> None:
    anything = set()
    for template in (PIPELINE, ENVIRONMENT):
        for role, statement in statements(template):
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert "*" not in action, (role, action)
                if statement["Resource"] == "*":
                    anything.add((role, action))
    assert anything == ANY_RESOURCE


def test_logs_end_some_day() -> None:
    for template in (PIPELINE, ENVIRONMENT):
        for name, group in resources(template, "AWS::Logs::LogGroup").items():
            assert "RetentionInDays" in group, name


def test_bundles_are_versioned_expire_and_are_sent_by_tls_alone() -> None:
    bucket = PIPELINE["Resources"]["Artifacts"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert rules["expire"]["ExpirationInDays"] == {"Ref": "ArtifactDays"}
    assert rules["tidy"]["ExpiredObjectDeleteMarker"] is True
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    policy = PIPELINE["Resources"]["ArtifactsPolicy"]["Properties"]["PolicyDocument"]
    [statement] = policy["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
