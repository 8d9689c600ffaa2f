import base64
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wpdeploy import site_config
from wpdeploy.parameters import Parameter, ParameterSpec, StoredParameter
from wpdeploy.site_config import SiteConfig

LABELS = {"app.kubernetes.io/instance": "blog"}


def parameter(
    env: str, value: str, *, secret: bool = True, version: int = 1, modified: str = "2026-11-01"
) -> Parameter:
    stored = StoredParameter(f"/blog/{env.lower()}", value, version, modified)
    return Parameter(env.lower(), ParameterSpec(env, secret=secret), stored)


PARAMETERS = (
    parameter("PASSWORD", "hush"),
    parameter("HOST", "db:3306", secret=False),
    parameter("AUTH_KEY", "$(HOST) $$"),
)


def made(
    parameters: tuple[Parameter, ...] = PARAMETERS, plain: Mapping[str, str] | None = None
) -> SiteConfig:
    return site_config.make(parameters, {"WP_DEBUG": "1"} if plain is None else plain, "b", LABELS)


def reference(variable: str, source: str, name: str) -> dict[str, object]:
    return {"name": variable, "valueFrom": {source: {"name": name, "key": variable}}}


def test_secrets_go_into_a_secret_and_all_else_into_a_config_map() -> None:
    config = made()
    metadata = {"name": config.name, "labels": LABELS}
    assert config.secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "immutable": True,
        "data": {"PASSWORD": "aHVzaA==", "AUTH_KEY": "JChIT1NUKSAkJA=="},
    }
    assert config.config_map == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "immutable": True,
        "data": {"HOST": "db:3306", "WP_DEBUG": "1"},
    }


def test_a_container_has_each_variable_by_reference_and_in_order() -> None:
    config = made()
    assert config.environment == (
        reference("AUTH_KEY", "secretKeyRef", config.name),
        reference("PASSWORD", "secretKeyRef", config.name),
        reference("HOST", "configMapKeyRef", config.name),
        reference("WP_DEBUG", "configMapKeyRef", config.name),
    )


def test_the_name_is_the_sites_and_a_hash_of_ten() -> None:
    prefix, _, unique = made().name.rpartition("-")
    assert prefix == "b"
    assert len(unique) == 10
    assert int(unique, 16) >= 0


def test_the_same_configuration_has_the_same_name_in_every_version_of_wpdeploy() -> None:
    # Another name would restart all pods of all sites at their next deployment.
    assert made().name == "b-42b3eec692"


def test_without_parameters_the_objects_are_there_and_empty() -> None:
    config = made((), {})
    assert (config.secret["data"], config.config_map["data"], config.environment) == ({}, {}, ())


def test_the_order_of_parameters_and_variables_does_not_matter() -> None:
    plain = {"A": "1", "B": "2"}
    turned = made(PARAMETERS[::-1], dict(reversed(plain.items())))
    assert turned == made(PARAMETERS, plain)


FIRST, *OTHERS = PARAMETERS


@pytest.mark.parametrize(
    "changed",
    [
        replace(FIRST, stored=replace(FIRST.stored, version=2)),
        replace(FIRST, stored=replace(FIRST.stored, modified="2026-11-02")),
        replace(FIRST, stored=replace(FIRST.stored, name="/other/password")),
        replace(FIRST, spec=replace(FIRST.spec, env="PASS")),
        replace(FIRST, spec=replace(FIRST.spec, secret=False)),
    ],
    ids=["version", "modification date", "name in the store", "variable", "secrecy"],
)
def test_what_feeds_the_variables_changes_the_name(changed: Parameter) -> None:
    assert made((changed, *OTHERS)).name != made().name


def test_a_parameter_more_or_less_changes_the_name() -> None:
    assert made(tuple(OTHERS)).name != made().name


@pytest.mark.parametrize("plain", [{"WP_DEBUG": "0"}, {"WP_DEBUG2": "1"}, {}])
def test_a_plain_variable_changes_the_name(plain: Mapping[str, str]) -> None:
    assert made(plain=plain).name != made().name


def test_the_name_says_nothing_about_a_parameters_value() -> None:
    other = replace(FIRST, stored=replace(FIRST.stored, value="other"))
    assert made((other, *OTHERS)).name == made().name


def test_the_objects_do_not_share_what_could_be_changed_in_one_of_them() -> None:
    config = made()
    config.secret["metadata"]["name"] = "x"
    assert config.config_map["metadata"]["name"] == config.name


@settings(max_examples=50)
@given(st.text())
def test_a_value_is_in_its_object_as_it_is_and_nowhere_else(value: str) -> None:
    config = made((parameter("KEY", value), parameter("TEXT", value, secret=False)), {})
    assert base64.b64decode(config.secret["data"]["KEY"]).decode() == value
    assert config.config_map["data"]["TEXT"] == value
    assert "value" not in {key for item in config.environment for key in item}
