"""What the pipeline is told and tells: pushes, failures, the question for an approval."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.cloudformation import load
from tests.infra.conftest import ROOT, TEMPLATES
from wpdeploy import release

TEMPLATE = load(TEMPLATES["pipeline"])
RESOURCES: Mapping[str, Mapping[str, Any]] = {
    name: item["Properties"] for name, item in TEMPLATE["Resources"].items()
}
STAGES = {stage["Name"]: stage["Actions"] for stage in RESOURCES["Pipeline"]["Stages"]}
# A repository of ECR in the region with the longest name, and a branch as long as is sensible.
REPOSITORY = "123456789012.dkr.ecr.ap-southeast-1.amazonaws.com/wordpress"
BRANCH = "b" * 100


def transformer(rule: str) -> Mapping[str, Any]:
    [target] = RESOURCES[rule]["Targets"]
    found: Mapping[str, Any] = target["InputTransformer"]
    return found


@pytest.mark.parametrize("rule", ["Push", "FailureNotification"])
def test_a_rule_takes_from_the_event_what_it_says(rule: str) -> None:
    taken = transformer(rule)
    said = str(taken["InputTemplate"])
    assert set(re.findall(r"<(\w+)>", said)) == set(taken["InputPathsMap"])
    assert all(path.startswith("$.detail.") for path in taken["InputPathsMap"].values())


def test_a_push_starts_the_pipeline_with_its_own_commit() -> None:
    [revision] = json.loads(transformer("Push")["InputTemplate"])["sourceRevisions"]
    [either] = STAGES["Source"]
    names = {action["Name"] for action in either["Fn::If"][1:]}
    assert names == {revision["actionName"]}
    assert (revision["revisionType"], revision["revisionValue"]) == ("COMMIT_ID", "<commit>")


def test_each_failed_action_of_the_pipeline_is_told() -> None:
    pattern = RESOURCES["FailureNotification"]["EventPattern"]
    assert pattern["source"] == ["aws.codepipeline"]
    assert pattern["detail-type"] == ["CodePipeline Action Execution State Change"]
    assert pattern["detail"] == {"pipeline": [{"Ref": "Pipeline"}], "state": ["FAILED"]}
    # One e-mail a failure: a stage has one action.
    assert {len(actions) for actions in STAGES.values()} == {1}


def test_a_message_of_a_failure_is_strings_that_no_event_can_break() -> None:
    taken = transformer("FailureNotification")
    lines = taken["InputTemplate"]["Fn::Sub"].splitlines()
    assert len(lines) > 1
    for line in lines:
        assert re.fullmatch(r'"[^"\\]+"', line)
    # Names of the template and an id: what AWS or a person says of the failure may have quotes.
    assert set(taken["InputPathsMap"]) == {"stage", "action", "execution"}


def test_eventbridge_may_publish_failures_to_a_topic_that_is_encrypted() -> None:
    events = {"Service": "events.amazonaws.com"}
    [publish] = RESOURCES["FailuresPolicy"]["PolicyDocument"]["Statement"]
    assert (publish["Principal"], publish["Action"]) == (events, "sns:Publish")
    [use] = [
        item for item in RESOURCES["Key"]["KeyPolicy"]["Statement"] if item["Principal"] == events
    ]
    assert set(use["Action"]) == {"kms:GenerateDataKey*", "kms:Decrypt"}
    # EventBridge's requests to a key know no aws:SourceAccount and no aws:SourceArn: who asks for
    # one of these gets no message, and is not told so.
    assert set(use["Condition"]["ArnLike"]) == {"kms:EncryptionContext:aws:sns:topicArn"}
    assert "aws:Source" not in json.dumps([publish, use])


def test_the_question_fits_whatever_the_commit_is_called() -> None:
    [approval] = STAGES["Approval"]
    question = approval["Configuration"]["CustomData"]["Fn::Sub"]
    longest = {
        "#{BuildVariables.COMMIT}": "c" * 40,
        "#{BuildVariables.SUBJECT}": release.subject("s" * 1000),
        "#{BuildVariables.IMAGE}": f"{REPOSITORY}:{'c' * 40}@sha256:{'d' * 64}",
        "${Branch}": BRANCH,
    }
    for name, value in longest.items():
        assert name in question
        question = question.replace(name, value)
    assert "{" not in question
    assert len(question) <= 1000


def test_the_question_leads_to_the_commit() -> None:
    [approval] = STAGES["Approval"]
    links = approval["Configuration"]["ExternalEntityLink"]["Fn::If"][1:]
    assert all("#{SourceVariables.CommitId}" in str(link) for link in links)
    [source] = STAGES["Source"]
    assert {action["Namespace"] for action in source["Fn::If"][1:]} == {"SourceVariables"}


def test_the_build_may_ask_ecr_what_it_asks() -> None:
    asked = re.findall(r'"((?:describe|get)_\w+)"', (ROOT / "pipeline/registry.py").read_text())
    wanted = {"ecr:" + "".join(word.capitalize() for word in method.split("_")) for method in asked}
    [policy] = RESOURCES["BuildRole"]["Policies"]
    plain = [item for item in policy["PolicyDocument"]["Statement"] if "Action" in item]
    allowed = {
        action
        for item in plain
        for action in ([item["Action"]] if isinstance(item["Action"], str) else item["Action"])
    }
    assert wanted
    assert wanted <= allowed


def test_each_parameter_is_in_the_page_on_launching_it() -> None:
    page = (ROOT / "docs/launch.md").read_text()
    assert {name for name in TEMPLATE["Parameters"] if f"`{name}`" not in page} == set()
