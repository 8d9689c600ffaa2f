"""`params check` only looks; `params init` makes what is missing, if somebody agrees."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import REGION, Aws
from tests.unit.bundle import Bundle
from tests.unit.wire import forget_surroundings
from wpdeploy.errors import ConfigurationError, Exit, UsageError
from wpdeploy.report import Report
from wpdeploy.steps import params

KNOWN = """\
parameters:
  host: {env: HOST, secret: false}
  arn: {secretsmanager: {key: KEY}, secret: false, required: false}
  password: {env: PASSWORD, generate: 32}
  salt: {env: SALT, generate: 64}
  admin: {env: ADMIN, generate: 24, only: install}
"""
KEY = "alias/wordpress-test"
ALL = ("admin", "password", "salt")


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        forget_surroundings(patch)
        with Aws() as started:
            started.client("kms").create_alias(AliasName=KEY, TargetKeyId=started.key)
            yield started


@pytest.fixture
def store(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A Parameter Store without a parameter."""
    forget_surroundings(monkeypatch)
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    found = aws.client("ssm").describe_parameters()["Parameters"]
    for each in found:
        aws.delete_parameter(each["Name"])
    return aws


@pytest.fixture
def bundle(store: Aws, tmp_path: Path) -> Bundle:
    assert store.url
    made = Bundle(tmp_path, "http://127.0.0.1:1")
    made.write("k8s/parameters.yaml", KNOWN)
    return made


def configure(bundle: Bundle, line: str) -> None:
    """Give the environment file other parameters."""
    text = bundle.context.environment_file.read_text()
    bundle.write("k8s/environments/Test.yaml", text.replace("parameters: {path: /blog}", line))


def run(bundle: Bundle, action: str, **options: Any) -> Report:
    return bundle.run(params.run, action=action, **options)


def held(aws: Aws, *names: str) -> dict[str, dict[str, Any]]:
    """What the store has, decrypted, and by which key."""
    ssm = aws.client("ssm")
    found = ssm.get_parameters(Names=list(names), WithDecryption=True)["Parameters"]
    keys = {each["Name"]: each.get("KeyId") for each in ssm.describe_parameters()["Parameters"]}
    return {each["Name"]: each | {"KeyId": keys[each["Name"]]} for each in found}


def paths(*names: str) -> list[str]:
    return [f"/blog/{name}" for name in names]


def test_what_is_missing_is_made_under_the_environment_s_key(bundle: Bundle, store: Aws) -> None:
    store.put_parameters("/blog", {"host": ("db", False)})
    report = run(bundle, "init", yes=True)
    assert (report.exit, report.sentence, report.rows) == (
        Exit.SUCCESS,
        "3 made, 1 there already",
        (),
    )
    found = held(store, *paths(*ALL))
    assert {each["Type"] for each in found.values()} == {"SecureString"}
    assert {each["KeyId"] for each in found.values()} == {KEY}
    assert [len(found[path]["Value"]) for path in paths(*ALL)] == [24, 32, 64]
    assert len({each["Value"] for each in found.values()}) == 3
    assert [line for line in bundle.told if line.endswith(" made")] == [
        f"/blog/{name} made" for name in ("password", "salt", "admin")
    ]


def test_no_value_is_told(bundle: Bundle, store: Aws) -> None:
    store.put_parameters("/blog", {"host": ("db.s3ntinel", False)})
    reports = [run(bundle, "check"), run(bundle, "init", yes=True), run(bundle, "check")]
    shown = f"{reports}{bundle._stream.getvalue()}"
    values = [each["Value"] for each in held(store, *paths("host", *ALL)).values()]
    assert len(values) == 4
    assert not [value for value in values if value in shown]


def test_what_is_there_is_never_made_anew(bundle: Bundle, store: Aws) -> None:
    run(bundle, "init", yes=True)
    before = held(store, *paths(*ALL))
    store.delete_parameter("/blog/salt")
    report = run(bundle, "init", yes=True)
    after = held(store, *paths(*ALL))
    assert report.data["made"] == ["/blog/salt"]
    assert {path for path in after if after[path] != before[path]} == {"/blog/salt"}


def test_what_others_make_is_still_missing_afterwards(bundle: Bundle, store: Aws) -> None:
    report = run(bundle, "init", yes=True)
    assert (report.exit, report.sentence) == (
        Exit.PARAMETERS,
        "3 made, 0 there already; others are missing",
    )
    assert report.rows == (("missing", "host: made by hand"),)
    assert len(held(store, *paths(*ALL))) == 3
    lines = bundle._stream.getvalue().splitlines()
    assert "! /blog/host: missing, made by hand" in lines
    assert (
        f"    printf %s 'VALUE' | aws ssm put-parameter --region {REGION} --name /blog/host "
        "--type String --value file:///dev/stdin"
    ) in lines


@pytest.mark.parametrize("output", ["text", "json"])
def test_without_anybody_to_ask_nothing_is_made(bundle: Bundle, store: Aws, output: str) -> None:
    with pytest.raises(UsageError, match=f"3 to make in {REGION}, under {KEY}: there is nobody"):
        run(bundle, "init", output=output)
    assert held(store, *paths(*ALL)) == {}


@pytest.mark.parametrize(("typed", "made"), [(b"y\n", 3), (b"n\n", 0)])
def test_a_person_is_asked(
    bundle: Bundle, store: Aws, terminal: int, typed: bytes, made: int
) -> None:
    store.put_parameters("/blog", {"host": ("db", False)})
    os.write(terminal, typed)
    report = run(bundle, "init")
    assert report.exit is (Exit.SUCCESS if made else Exit.INTERRUPTED)
    assert len(held(store, *paths(*ALL))) == made
    assert "make them? [y/N]" in bundle.told


def test_where_nothing_is_missing_nobody_is_asked(bundle: Bundle, store: Aws) -> None:
    store.put_parameters("/blog", dict.fromkeys((*ALL, "host"), ("x", True)))
    assert run(bundle, "init") == run(bundle, "init", yes=True)
    assert run(bundle, "init").sentence == "0 made, 4 there already"


def test_names_and_key_are_those_of_the_environment(bundle: Bundle, store: Aws) -> None:
    configure(bundle, "parameters: {path: /p, key: alias/other, names: {password: /old/mysql_pw}}")
    run(bundle, "init", yes=True)
    found = held(store, "/old/mysql_pw", "/p/salt")
    assert {path: each["KeyId"] for path, each in found.items()} == {
        "/old/mysql_pw": "alias/other",
        "/p/salt": "alias/other",
    }


def test_what_no_job_installs_is_not_made(bundle: Bundle, store: Aws) -> None:
    text = bundle.context.environment_file.read_text()
    bundle.write("k8s/environments/Test.yaml", f"{text}install: {{enabled: false}}\n")
    run(bundle, "init", yes=True)
    assert held(store, *paths(*ALL)).keys() == set(paths("password", "salt"))


def test_a_check_tells_what_is_missing_and_by_whom_it_is_made(bundle: Bundle, store: Aws) -> None:
    store.put_parameters("/blog", {"salt": ("x", True)})
    report = run(bundle, "check")
    assert report.exit is Exit.PARAMETERS
    assert report.sentence == ("1 there, 2 to be generated, 1 missing, 1 missing, not required")
    assert report.rows[:2] == (
        ("missing", "host: made by hand"),
        ("missing", "password, admin: made by `params init`"),
    )
    assert bundle._stream.getvalue().splitlines()[2] == (
        "! /blog/arn: missing, not required, made by hand"
    )
    states = {each["name"]: each["state"] for each in report.data["parameters"]}
    assert states["salt"] == "there"
    assert held(store, *paths("password")) == {}


def test_a_check_warns_of_what_is_not_encrypted_or_with_another_key(
    bundle: Bundle, store: Aws
) -> None:
    store.put_parameters("/blog", {"host": ("db", False), "password": ("hunter22", False)})
    ssm = store.client("ssm")
    ssm.put_parameter(Name="/blog/salt", Value="x", Type="SecureString")
    ssm.put_parameter(Name="/blog/admin", Value="x", Type="SecureString", KeyId=KEY)
    report = run(bundle, "check")
    assert report.exit is Exit.SUCCESS
    password, salt = report.data["warnings"]
    assert password.startswith("/blog/password: it is a String and no SecureString")
    assert salt == f"/blog/salt: it is encrypted with alias/aws/ssm, and not with {KEY}"
    assert "hunter22" not in f"{report}{bundle._stream.getvalue()}"


def test_an_environment_file_that_names_an_unknown_parameter_is_refused(bundle: Bundle) -> None:
    configure(bundle, "parameters: {path: /p, names: {pasword: /x}}")
    with pytest.raises(ConfigurationError, match='has "pasword", which is not in parameters'):
        run(bundle, "init", yes=True)
