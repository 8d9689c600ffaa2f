"""What AWS refuses and why, in the words that it uses."""

from typing import NamedTuple

import pytest

from tests.unit.wire import Act, FakeClock, Server, answer, cut_off, forget_surroundings, raw, text
from wpdeploy import ssm
from wpdeploy.errors import ParameterError

NAMES = ["/blog/password", "/blog/salt"]
USER = "User: arn:aws:sts::111122223333:assumed-role/bastion/i-0123456789abcdef0"
PARAMETER = "arn:aws:ssm:eu-central-1:111122223333:parameter/blog/password"
ACCOUNT = "arn:aws:ssm:eu-central-1:111122223333:*"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# What SSM adds to the words of KMS.
KMS = (
    "(Service: AWSKMS; Status Code: 400; Error Code: {}; "
    "Request ID: 59647aab-d88f-4bf5-8ac7-b358b03f4722; Proxy: null)"
)
SOME_KEY = "the key that encrypts one of /blog/password, /blog/salt"
KMS_HINT = "allow kms:Decrypt on the key in the role's policy and in the key's own policy"
SSM_HINT = "allow the action on these parameters in the role's policy"
DONE = answer({"Parameters": [], "InvalidParameters": NAMES})


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


def _refusal(code: str, message: str | None, status: int = 400) -> Act:
    document = {"__type": code}
    return answer(document if message is None else {**document, "message": message}, status)


class Asked(NamedTuple):
    """What became of asking for NAMES: how often, what was slept and told, and the error."""

    calls: int
    slept: list[float]
    notices: list[str]
    error: ParameterError | None


def _ask(monkeypatch: pytest.MonkeyPatch, *script: Act) -> Asked:
    clock, notices = FakeClock(), list[str]()
    with Server(*script) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        store = ssm.Ssm("eu-central-1", clock, notices.append)
        try:
            store.get(NAMES)
        except ParameterError as error:
            return Asked(len(server.received), clock.slept, notices, error)
    return Asked(len(server.received), clock.slept, notices, None)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        pytest.param(
            f"{USER} is not authorized to perform: ssm:GetParameters on resource: {PARAMETER} "
            "because no identity-based policy allows the ssm:GetParameters action",
            f"SSM Parameter Store: access denied: ssm:GetParameters on {PARAMETER} ({SSM_HINT})",
            id="no policy allows it",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: ssm:GetParameters on resource: {PARAMETER} "
            "with an explicit deny in an identity-based policy",
            f"SSM Parameter Store: access denied: ssm:GetParameters on {PARAMETER} ({SSM_HINT})",
            id="a policy denies it",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: ssm:GetParameters on resource: {ACCOUNT}",
            f"SSM Parameter Store: access denied: ssm:GetParameters on {ACCOUNT} ({SSM_HINT})",
            id="of a parameter that does not exist",
        ),
        pytest.param(
            None,
            "SSM Parameter Store: access denied: ssm:GetParameters on one of "
            f"/blog/password, /blog/salt ({SSM_HINT})",
            id="without a word",
        ),
        pytest.param(
            "The ciphertext refers to a customer master key that does not exist, does not exist in "
            f"this region, or you are not allowed to access. {KMS.format('AccessDeniedException')}",
            f"KMS: access denied: kms:Decrypt on {SOME_KEY} ({KMS_HINT})",
            id="KMS, a key that it will not name",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: kms:Decrypt on resource: {KEY} because no "
            "identity-based policy allows the kms:Decrypt action "
            f"{KMS.format('AccessDeniedException')}",
            f"KMS: access denied: kms:Decrypt on {KEY} ({KMS_HINT})",
            id="KMS, the role's policy",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: kms:Decrypt on resource: {KEY} because no "
            f"resource-based policy allows the kms:Decrypt action {KMS.format('AccessDenied')}",
            f"KMS: access denied: kms:Decrypt on {KEY} ({KMS_HINT})",
            id="KMS, the key's policy",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: kms:Decrypt on this resource because the "
            "resource does not exist in this Region, no resource-based policies allow access, or a "
            f"resource-based policy explicitly denies access {KMS.format('AccessDenied')}",
            f"KMS: access denied: kms:Decrypt on {SOME_KEY} ({KMS_HINT})",
            id="KMS, a key of another account",
        ),
        pytest.param(
            f"{USER} is not authorized to perform: kms:Decrypt on the resource associated with "
            "this ciphertext because the resource does not exist in this Region, no resource-based "
            "policies allow access, or a resource-based policy explicitly denies access",
            f"KMS: access denied: kms:Decrypt on {SOME_KEY} ({KMS_HINT})",
            id="KMS, by its ciphertext",
        ),
    ],
)
def test_a_denial_names_the_action_and_the_arn_and_tells_ssm_from_kms(
    message: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _ask(monkeypatch, _refusal("AccessDeniedException", message))

    assert (str(asked.error), asked.calls, asked.notices) == (told, 1, [])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidKeyId", f"{KEY} is pending deletion. {KMS.format('KMSInvalidStateException')}"),
        ("InvalidKeyId", f"{KEY} is disabled. {KMS.format('DisabledException')}"),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        ("InvalidSignatureException", "Signature expired: 20261120T100000Z is now earlier than"),
        ("ValidationException", "1 validation error detected: Value '[/blog/{{ x }}]' at 'names'"),
    ],
)
def test_any_other_refusal_is_told_as_it_is_and_not_tried_again(
    code: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _ask(monkeypatch, _refusal(code, message))

    assert str(asked.error) == (
        f"SSM Parameter Store: refuses ssm:GetParameters of /blog/password...: {code}: {message}"
    )
    assert (asked.calls, asked.notices) == (1, [])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("TooManyRequestsException", 429),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_what_may_pass_is_tried_again_by_our_clock(
    code: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _ask(monkeypatch, *[_refusal(code, "Rate exceeded", status)] * 2, DONE)

    assert asked.error is None
    assert asked.slept == [0.25, 0.5]
    assert asked.notices[0] == (
        "trying again (1 of 8): SSM Parameter Store: refuses ssm:GetParameters of "
        f"/blog/password...: {code}: Rate exceeded"
    )


@pytest.mark.parametrize("act", [raw(b""), cut_off(b'{"Parameters": [')])
def test_a_broken_answer_is_asked_for_again(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _ask(monkeypatch, act, DONE)

    assert (asked.error, asked.slept) == (None, [0.25])


def test_throttling_that_does_not_end_is_an_error_after_eight_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _ask(monkeypatch, *[_refusal("ThrottlingException", "Rate exceeded")] * 9)

    assert (asked.calls, sum(asked.slept)) == (8, 23.75)
    assert str(asked.error) == (
        "SSM Parameter Store: refuses ssm:GetParameters of /blog/password...: "
        "ThrottlingException: Rate exceeded"
    )


def test_an_endpoint_that_is_not_there_is_an_error_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server() as gone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gone.url)
    clock = FakeClock()

    with pytest.raises(ParameterError) as caught:
        ssm.Ssm("eu-central-1", clock, lambda _: None).get(NAMES)

    assert str(caught.value) == (
        "SSM Parameter Store: is not reached: Could not connect to the endpoint URL: "
        f'"{gone.url}/" (check the route to SSM, or its VPC endpoint)'
    )
    assert len(clock.slept) == 7


@pytest.mark.parametrize("body", ["<html>captive portal</html>", "", "{}"])
def test_an_answer_that_stays_another_servers_is_an_error(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _ask(monkeypatch, *[text(body)] * 8)

    assert asked.calls == 8
    assert str(asked.error) == (
        'SSM Parameter Store: answers ssm:GetParameters without "Parameters" '
        "(check AWS_ENDPOINT_URL and the proxies)"
    )


def test_without_credentials_the_role_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked = _ask(monkeypatch)

    assert str(asked.error) == (
        "SSM Parameter Store: there are no AWS credentials "
        "(give the bastion's instance profile a role, or set AWS credentials)"
    )
    assert asked.calls == 0


def test_a_name_that_boto_does_not_take_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(ParameterError) as caught:
        ssm.Ssm("eu-central-1", FakeClock(), pytest.fail).get([""])

    (problem,) = caught.value.problems
    assert problem == (
        "Parameter validation failed:\n"
        "Invalid length for parameter Names[0], value: 0, valid min length: 1"
    )


@pytest.mark.parametrize(
    ("region", "environ", "problem"),
    [
        (
            "eu central/1",
            {},
            "Provided region_name 'eu central/1' doesn't match a supported format.",
        ),
        ("eu-central-1", {"AWS_PROFILE": "n{{o"}, "The config profile (n{{o) could not be found"),
        ("eu-central-1", {"AWS_ENDPOINT_URL": "no url"}, "Invalid endpoint: no url"),
        (
            "eu-central-1",
            {"AWS_SECRET_ACCESS_KEY": ""},
            "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_settings_that_boto_does_not_take_are_an_error(
    region: str, environ: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ParameterError) as caught:
        ssm.Ssm(region, FakeClock(), pytest.fail)

    error = caught.value
    assert error.problems == (f"cannot be asked: {problem}",)
    assert error.hint == "check the region, and the AWS_ variables"
