"""The Parameter Store as `params` uses it, at the wire: AWS JSON 1.1 from a script."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.wire import Act, FakeClock, Server, answer, cut_off, forget_surroundings
from wpdeploy.errors import ParameterError
from wpdeploy.provision import Held
from wpdeploy.redaction import forms
from wpdeploy.ssm_admin import Denied, SsmAdmin

VALUE = "s3ntinel/&+ p%w=?"
USER = "User: arn:aws:iam::111122223333:user/admin"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PARAMETER = "arn:aws:ssm:eu-central-1:111122223333:parameter/blog/password"
MADE = answer({"Version": 1, "Tier": "Standard"})


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


def ask(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    question: Callable[[SsmAdmin], Any],
    notice: Callable[[str], None] = pytest.fail,
) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return question(SsmAdmin("eu-central-1", FakeClock(), notice))


def make(store: SsmAdmin) -> bool:
    return store.make("/blog/password", VALUE, "alias/blog")


def refusal(code: str, message: str, status: int = 400) -> Act:
    return answer({"__type": code, "message": message}, status)


def page(*names: str, token: str = "") -> Act:
    found = [{"Name": name, "Type": "SecureString", "KeyId": f"key of {name}"} for name in names]
    return answer({"Parameters": found, **({"NextToken": token} if token else {})})


def held(*names: str) -> Act:
    found = [
        {"Name": name, "Type": "SecureString", "Version": 3, "Value": VALUE, "KeyId": "no key"}
        for name in names
    ]
    return answer({"Parameters": found})


def test_what_there_is_is_asked_for_ten_at_a_time_and_not_decrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"/blog/{number:02}" for number in range(11)]
    with Server(held(*names[1:10]), held(names[10])) as server:
        found = ask(server, monkeypatch, lambda store: store.look(names))
    assert found == {name: Held("SecureString", 3) for name in names[1:]}
    assert [seen.document for seen in server.received] == [
        {"Names": names[:10], "WithDecryption": False},
        {"Names": names[10:], "WithDecryption": False},
    ]
    assert VALUE not in str(found)


def test_keys_are_read_to_the_last_page_of_which_some_are_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(page("/a", token="1"), page(token="2"), page("/b")) as server:
        found = ask(server, monkeypatch, lambda store: store.keys(["/a", "/b", "/c"]))
    assert found == {"/a": "key of /a", "/b": "key of /b"}
    assert [seen.document.get("NextToken") for seen in server.received] == [None, "1", "2"]
    asked = {"Key": "Name", "Option": "Equals", "Values": ["/a", "/b", "/c"]}
    assert {str(seen.document["ParameterFilters"]) for seen in server.received} == {str([asked])}


def test_of_no_parameter_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        assert ask(server, monkeypatch, lambda store: (store.look([]), store.keys([]))) == ({}, {})
    assert server.received == []


def test_a_parameter_is_made_under_the_key_and_never_overwritten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(MADE) as server:
        assert ask(server, monkeypatch, make) is True
    [seen] = server.received
    assert seen.headers["x-amz-target"] == "AmazonSSM.PutParameter"
    assert seen.document == {
        "Name": "/blog/password",
        "Value": VALUE,
        "Type": "SecureString",
        "KeyId": "alias/blog",
        "Overwrite": False,
    }


def test_one_that_was_made_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    there = refusal("ParameterAlreadyExists", "The parameter already exists.")
    with Server(there) as server:
        assert ask(server, monkeypatch, make) is False


def test_two_at_once_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    notices: list[str] = []
    busy = refusal("TooManyUpdates", f"concurrent updates for {VALUE}")
    with Server(busy, cut_off(b"{"), MADE) as server:
        assert ask(server, monkeypatch, make, notices.append) is True
    assert len(server.received) == 3
    assert len(notices) == 2
    assert VALUE not in "".join(notices)


FOUND_NO_KEY = "Alias arn:aws:kms:eu-central-1:111122223333:alias/blog is not found."


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        pytest.param(
            "InvalidKeyId",
            FOUND_NO_KEY,
            f"KMS: alias/blog is no key that can encrypt: {FOUND_NO_KEY} (launch the environment's "
            "stack first, which makes it, or name your own key as parameters.key in the "
            "environment file)",
        ),
        pytest.param(
            "AccessDeniedException",
            f"{USER} is not authorized to perform: kms:Encrypt on resource: {KEY} because no "
            "identity-based policy allows the kms:Encrypt action",
            f"KMS: access denied: kms:Encrypt on {KEY} (allow it in your own policy and in the "
            "key's; an administrator has it)",
        ),
        pytest.param(
            "AccessDeniedException",
            f"{USER} is not authorized to perform: ssm:PutParameter on resource: {PARAMETER}",
            f"SSM Parameter Store: access denied: ssm:PutParameter on {PARAMETER} (run it as an "
            "administrator of the account)",
        ),
        pytest.param(
            "AccessDeniedException",
            "no",
            "SSM Parameter Store: access denied: ssm:PutParameter (run it as an administrator of "
            "the account)",
        ),
        pytest.param(
            "ParameterLimitExceeded",
            "You have exceeded the number of parameters",
            "SSM Parameter Store: refuses ssm:PutParameter of /blog/password: "
            "ParameterLimitExceeded: You have exceeded the number of parameters",
        ),
    ],
)
def test_why_one_is_not_made(
    code: str, message: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(refusal(code, message)) as server, pytest.raises(ParameterError) as caught:
        ask(server, monkeypatch, make)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("code", "status", "attempts"),
    [("ValidationException", 400, 1), ("InvalidKeyId", 400, 1), ("InternalServerError", 500, 8)],
)
def test_a_refusal_that_cites_the_value_is_told_without_it(
    code: str, status: int, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    cited = " or ".join(forms([VALUE]))
    acts = [refusal(code, f"Value '{cited}' at 'value' failed", status)] * attempts
    with Server(*acts) as server, pytest.raises(ParameterError) as caught:
        ask(server, monkeypatch, make, notices.append)
    shown = f"{caught.value}{caught.value.data}{notices}"
    assert shown.count("[redacted]") >= len(forms([VALUE]))
    assert not [each for each in forms([VALUE]) if each in shown]


@pytest.mark.parametrize(
    ("question", "action"),
    [
        (lambda store: store.look(["/a"]), "ssm:GetParameters"),
        (lambda store: store.keys(["/a"]), "ssm:DescribeParameters"),
    ],
)
def test_who_may_not_look_is_told_what_is_missing(
    question: Callable[[SsmAdmin], Any], action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = f"{USER} is not authorized to perform: {action} on resource: {PARAMETER}"
    refused = refusal("AccessDeniedException", message)
    with Server(refused) as server, pytest.raises(Denied) as caught:
        ask(server, monkeypatch, question)
    assert caught.value.problems == (f"access denied: {action} on {PARAMETER}",)
