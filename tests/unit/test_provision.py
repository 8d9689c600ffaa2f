"""Which parameters there are, who makes the others, and the values that are made."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.shipped import ROOT
from wpdeploy import parameters, provision, settings
from wpdeploy.context import DeploymentContext
from wpdeploy.parameters import ParameterSpec
from wpdeploy.provision import SECURE, Entry, Held, Place, State
from wpdeploy.settings import Install, ParameterNames

CONTEXT = DeploymentContext("Test", "d-1", ROOT, ROOT, ROOT / "release.json")
PLACE = Place("Test", "eu-central-1", "alias/wordpress-test")
SECRET, PLAIN = ParameterSpec("PASSWORD", generate=32), ParameterSpec("HOST", secret=False)
BY_HAND = ParameterSpec("TOKEN")


def entry(spec: ParameterSpec, held: Held | None = None, path: str = "/p/name") -> Entry:
    return Entry("name", path, spec, held)


@pytest.mark.parametrize(
    ("spec", "held", "state"),
    [
        (SECRET, Held(SECURE, 1), State.THERE),
        (SECRET, None, State.GENERATED),
        (PLAIN, None, State.MISSING),
        (BY_HAND, None, State.MISSING),
        (replace(PLAIN, required=False), None, State.NOT_NEEDED),
    ],
)
def test_how_a_parameter_stands(spec: ParameterSpec, held: Held | None, state: State) -> None:
    assert entry(spec, held).state is state


@pytest.mark.parametrize("installs", [True, False])
def test_what_no_deployment_needs_is_left_out(*, installs: bool) -> None:
    env = replace(settings.read(CONTEXT), install=Install(enabled=installs))
    found = provision.entries(env, parameters.specs(CONTEXT), {})
    assert ("admin_password" in {each.name for each in found}) is installs


def test_a_parameter_is_found_by_the_name_that_the_environment_gives_it() -> None:
    names = ParameterNames("/p", {"mysql_password": "/old/mysql_pw"})
    env = replace(settings.read(CONTEXT), parameters=names)
    held = {"/old/mysql_pw": Held(SECURE, 7)}
    found = {each.name: each for each in provision.entries(env, parameters.specs(CONTEXT), held)}
    assert found["mysql_password"].held == Held(SECURE, 7)
    assert found["mysql_user"].path == "/p/mysql_user"


def test_what_the_repository_has_of_secrets_can_all_be_generated() -> None:
    lengths = {
        name: spec.generate for name, spec in parameters.specs(CONTEXT).items() if spec.secret
    }
    assert lengths.pop("mysql_password") == 32
    assert lengths.pop("admin_password") == 24
    assert set(lengths.values()) == {64}
    assert len(lengths) == 8


def test_a_value_is_of_letters_and_digits_and_never_the_same() -> None:
    values = [provision.value(entry(SECRET)) for _ in range(200)]
    assert len(set(values)) == 200
    assert all(re.fullmatch("[A-Za-z0-9]{32}", value) for value in values)
    # All sixty-two are drawn: of 6400 each is missing with a chance of 1e-45.
    assert len(set("".join(values))) == 62


@pytest.mark.parametrize(
    ("spec", "path", "maker"),
    [
        (SECRET, "/p/name", "made by `params init`"),
        (
            PLAIN,
            "/wordpress/Test/name",
            "made by the environment's stack (cloudformation/environment.yml), else by hand",
        ),
        (PLAIN, "/CodeBuild/WP-CICD/Test/name", "made by hand"),
        (BY_HAND, "/wordpress/Test/name", "made by hand"),
    ],
)
def test_who_makes_what_is_missing(spec: ParameterSpec, path: str, maker: str) -> None:
    assert provision.maker(entry(spec, path=path), PLACE) == maker


def test_what_is_missing_is_told_by_who_makes_it() -> None:
    found = [
        replace(entry(SECRET), name="a"),
        replace(entry(PLAIN), name="b"),
        replace(entry(SECRET), name="c"),
        replace(entry(replace(PLAIN, required=False)), name="d"),
        replace(entry(BY_HAND, Held(SECURE, 1)), name="e"),
    ]
    assert provision.missing(found, PLACE) == {
        "made by `params init`": ["a", "c"],
        "made by hand": ["b"],
    }
    assert provision.counted(found) == (
        "1 there, 2 to be generated, 1 missing, 1 missing, not required"
    )


STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$RECORDED/arguments"
cat > "$RECORDED/value"
"""


def ran(command: str, directory: Path, typed: str = "") -> tuple[list[str], str]:
    """What `aws` gets from a printed command: its arguments, and its input."""
    program = directory / "aws"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    environ = {"PATH": f"{directory}:{os.environ['PATH']}", "RECORDED": str(directory)}
    subprocess.run(["/bin/sh", "-c", command], env=environ, input=typed, text=True, check=True)
    arguments = (directory / "arguments").read_text().splitlines()
    return arguments, (directory / "value").read_text()


def test_the_command_for_a_secret_reads_what_is_typed(tmp_path: Path) -> None:
    place = replace(PLACE, key="alias/a b'; touch x")
    command = provision.command(entry(BY_HAND, path="/p/o'dd $(x)"), place)
    arguments, value = ran(command, tmp_path, "hunter22 $x 'q'\n")
    assert arguments == [
        *("ssm", "put-parameter", "--region", "eu-central-1", "--name", "/p/o'dd $(x)"),
        *("--type", SECURE, "--key-id", "alias/a b'; touch x", "--value", "file:///dev/stdin"),
    ]
    assert value == "hunter22 $x 'q'"


def test_the_command_for_a_plain_one_has_its_value(tmp_path: Path) -> None:
    command = provision.command(entry(PLAIN), PLACE)
    arguments, value = ran(command.replace("VALUE", "https://www.example.com/%s"), tmp_path)
    assert arguments[4:] == [
        *("--name", "/p/name", "--type", "String", "--value", "file:///dev/stdin")
    ]
    assert value == "https://www.example.com/%s"


ARN = "arn:aws:kms:eu-central-1:123456789012"
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("key", "wanted", "other"),
    [
        ("alias/wordpress-test", "alias/wordpress-test", False),
        (f"{ARN}:alias/wordpress-test", "alias/wordpress-test", False),
        ("alias/aws/ssm", "alias/wordpress-test", True),
        ("alias/wordpress-production", "alias/wordpress-test", True),
        # Whose alias that is only KMS knows.
        (ID, "alias/wordpress-test", False),
        (f"{ARN}:key/{ID}", ID, False),
        (f"{ARN}:key/{ID}", f"{ARN}:key/{ID[::-1]}", True),
        (None, "alias/wordpress-test", False),
    ],
)
def test_a_key_that_is_certainly_another_is_told(
    key: str | None, wanted: str, *, other: bool
) -> None:
    keys: Mapping[str, str] = {"/p/name": key} if key else {}
    place = replace(PLACE, key=wanted)
    found = list(provision.warnings(entry(SECRET, Held(SECURE, 1)), place, keys))
    assert found == ([f"it is encrypted with {key}, and not with {wanted}"] if other else [])


@pytest.mark.parametrize("kind", ["String", "StringList"])
def test_a_secret_that_is_not_encrypted_is_told(kind: str) -> None:
    [found] = provision.warnings(entry(SECRET, Held(kind, 1)), PLACE, {})
    assert found.startswith(f"it is a {kind} and no SecureString: whoever may read parameters ")


@pytest.mark.parametrize("held", [None, Held("String", 1), Held(SECURE, 1)])
def test_a_plain_one_may_be_of_any_kind(held: Held | None) -> None:
    assert list(provision.warnings(entry(PLAIN, held), PLACE, {"/p/name": "alias/x"})) == []
