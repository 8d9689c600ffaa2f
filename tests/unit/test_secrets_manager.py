"""Secrets Manager at its wire: moto's, and what AWS refuses in its own words."""

import json

import pytest

from sandbox.aws import REGION, Aws
from tests.unit.wire import Act, FakeClock, Server, answer, forget_surroundings
from wpdeploy import secrets_manager
from wpdeploy.errors import ParameterError
from wpdeploy.parameters import StoredSecret

ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1f2e-AbCdEf"
USER = "User: arn:aws:sts::111122223333:assumed-role/bastion/i-0123456789abcdef0"
TEXT = json.dumps({"username": "admin", "password": 'hush "\U0001f600'})
FOUND = {"ARN": ARN, "VersionId": "v-1", "SecretString": TEXT}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


def ask(
    monkeypatch: pytest.MonkeyPatch, url: str, arn: str = ARN, *, keeps_text: bool = True
) -> StoredSecret:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    return secrets_manager.get(arn, REGION, FakeClock(), pytest.fail, keeps_text=keeps_text)


def test_a_secret_is_asked_for_by_its_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answer(FOUND)) as server:
        assert ask(monkeypatch, server.url) == StoredSecret("v-1", TEXT)
    [seen] = server.received
    assert seen.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert seen.document == {"SecretId": ARN}


def test_a_text_that_nobody_wants_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answer(FOUND)) as server:
        assert ask(monkeypatch, server.url, keeps_text=False) == StoredSecret("v-1", None)


def test_a_secret_that_is_rotated_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as aws:
        arn = aws.put_secret("rds!db-1", {"password": "old"})
        before = ask(monkeypatch, aws.url, arn)
        assert aws.put_secret("rds!db-1", {"password": "new"}) == arn
        after = ask(monkeypatch, aws.url, arn)
        with pytest.raises(ParameterError, match="there is no secret"):
            ask(monkeypatch, aws.url, ARN)
    assert before.version != after.version
    assert [json.loads(item.text or "") for item in (before, after)] == [
        {"password": "old"},
        {"password": "new"},
    ]


def refusal(code: str, message: str) -> Act:
    return answer({"__type": code, "message": message}, 400)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (
            refusal(
                "AccessDeniedException",
                f"{USER} is not authorized to perform: secretsmanager:GetSecretValue on resource: "
                f"{ARN} because no identity-based policy allows the action",
            ),
            (
                f"Secrets Manager: access denied: secretsmanager:GetSecretValue on {ARN} "
                "(allow it in the role's policy; if the key is your own, kms:Decrypt on it as well)"
            ),
        ),
        (
            refusal("AccessDeniedException", "Access to KMS is not allowed"),
            (
                f"Secrets Manager: access denied: secretsmanager:GetSecretValue on {ARN} "
                "(allow it in the role's policy; if the key is your own, kms:Decrypt on it as well)"
            ),
        ),
        (
            refusal("InvalidRequestException", "the secret was marked for deletion"),
            (
                f"Secrets Manager: there is no secret {ARN}, or it is being deleted "
                "(mend the parameter that names it, or switch install.enabled off)"
            ),
        ),
        (
            refusal("DecryptionFailure", "Secrets Manager can't decrypt"),
            (
                f"Secrets Manager: refuses secretsmanager:GetSecretValue of {ARN}: "
                "DecryptionFailure: Secrets Manager can't decrypt"
            ),
        ),
        (
            answer({"ARN": ARN, "VersionId": "v-1", "SecretBinary": "aHVzaA=="}),
            f"secret {ARN}: holds bytes and no text (name the secret that RDS manages)",
        ),
    ],
)
def test_a_refusal_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, act: Act, told: str
) -> None:
    with Server(act) as server, pytest.raises(ParameterError) as caught:
        ask(monkeypatch, server.url)
    assert str(caught.value) == told
