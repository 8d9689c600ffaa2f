"""cfn-lint has nothing to say, checkov nothing that is not answered here, shellcheck neither."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.infra.conftest import ROOT, TEMPLATES, programs

_OWN_KEY = (
    "CloudWatch Logs encrypts by itself, and there is no secret in a log of ours: a key of one's "
    "own would have to let the service in"
)
# What checkov finds and what is answered to it, by the check and the resource.
ACCEPTED: Mapping[tuple[str, str], str] = {
    **{
        ("CKV_AWS_158", f"AWS::Logs::LogGroup.{name}"): _OWN_KEY
        for name in (
            *("AgentLogs", "WpdeployLogs", "ClusterLogs", "ContainerLogs", "HostLogs"),
            *("DataplaneLogs", "DatabaseErrorLogs", "DatabaseSlowQueryLogs"),
        )
    },
    ("CKV_AWS_157", "AWS::RDS::DBInstance.Database"): (
        "a parameter, DatabaseMultiAz: off for Test, where it would double the price"
    ),
    ("CKV_AWS_161", "AWS::RDS::DBInstance.Database"): (
        "WordPress signs in with a password; no IAM of AWS reaches into PHP"
    ),
    ("CKV_AWS_118", "AWS::RDS::DBInstance.Database"): (
        "enhanced monitoring costs by the metric; the basic one is there"
    ),
    ("CKV_AWS_111", "AWS::IAM::Role.BastionRole"): (
        "Session Manager's actions know no resource; AWS's own policy has * as well"
    ),
    ("CKV_AWS_18", "AWS::S3::Bucket.Artifacts"): (
        "CloudTrail has who read a bundle; a bucket for the access log would want one itself"
    ),
}


def test_cfn_lint_finds_nothing() -> None:
    command = [
        str(programs("lint.lock") / "cfn-lint"),
        "--regions",
        "eu-central-1",
        "us-east-1",
        "--",
    ]
    ended = subprocess.run(
        [*command, *map(str, TEMPLATES.values())], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "")


def test_checkov_finds_what_is_answered_here_and_nothing_else() -> None:
    command = [str(programs("lint.lock") / "checkov"), "--directory", str(ROOT / "cloudformation")]
    options = ["--framework", "cloudformation", "--output", "json", "--compact", "--skip-download"]
    ended = subprocess.run([*command, *options], check=False, capture_output=True, text=True)
    found = json.loads(ended.stdout)["results"]
    assert len(found["passed_checks"]) > 100
    failed = {(item["check_id"], item["resource"]) for item in found["failed_checks"]}
    assert failed == set(ACCEPTED)


def test_a_template_can_be_given_to_cloudformation_as_it_is() -> None:
    sizes = {name: file.stat().st_size for name, file in TEMPLATES.items()}
    assert max(sizes.values()) <= 51_200, sizes


def user_data(template: Mapping[str, Any]) -> str:
    """The script of the bastion's first start, with its references filled in."""
    data = template["Resources"]["BastionTemplate"]["Properties"]["LaunchTemplateData"]
    script: str = data["UserData"]["Fn::Base64"]["Fn::Sub"]
    return re.sub(r"\$\{[A-Za-z:]+\}", "value", script)


def test_the_bastions_first_start_is_a_script_without_a_fault(
    templates: Mapping[str, Mapping[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "user-data.sh"
    file.write_text(user_data(templates["environment"]))
    shellcheck = Path(sys.executable).with_name("shellcheck")
    ended = subprocess.run([shellcheck, file], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "")
