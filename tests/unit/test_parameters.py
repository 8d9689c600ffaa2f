from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from wpdeploy import parameters
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError, ParameterError
from wpdeploy.parameters import Parameter, ParameterSpec, StoredParameter, StoredSecret
from wpdeploy.settings import ClusterAccess, Install, ParameterNames, Settings

ROOT = Path(__file__).parent.parent.parent
HOST = ParameterSpec("WORDPRESS_DB_HOST", secret=False)
PASSWORD = ParameterSpec("WORDPRESS_DB_PASSWORD")
PROXY = ParameterSpec("WORDPRESS_PROXY", required=False)
KNOWN = {"host": HOST, "password": PASSWORD, "proxy": PROXY}
SETTINGS = Settings(ClusterAccess("/k"), "blog", ParameterNames("/blog"))
AN_SSM_NAME = "an SSM name: letters, digits, '_', '.', '-' and '/'"
HINT = (
    "create it (`params check` says how), "
    "or map its name under parameters.names in the environment file"
)
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1f2e-AbCdEf"
ADMINISTRATOR = ParameterSpec(
    secretsmanager={"username": "DB_ADMIN", "password": "DB_ADMIN_PASSWORD"},
    secret=False,
    required=False,
    only="install",
)


class Store:
    """A Parameter Store with these values; it notes what it is asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.asked: list[Sequence[str]] = []

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        self.asked.append(names)
        return {name: stored(name, self.values[name]) for name in names if name in self.values}


def nobody(arn: str) -> StoredSecret:
    raise AssertionError(f"asked for {arn}")


def stored(name: str, value: str) -> StoredParameter:
    return StoredParameter(name, value, version=3, modified="2026-11-01T12:00:00.000+00:00")


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    (tmp_path / "k8s").mkdir()
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def problems(context: DeploymentContext, content: bytes | None) -> tuple[str, ...]:
    if content is not None:
        (context.bundle / "k8s" / "parameters.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        parameters.specs(context)
    assert caught.value.where == "k8s/parameters.yaml"
    return caught.value.problems


def test_a_parameter_is_required_and_secret_unless_it_says_not(context: DeploymentContext) -> None:
    (context.bundle / "k8s" / "parameters.yaml").write_text("""
parameters:
  host: {env: WORDPRESS_DB_HOST, secret: false}
  password: {env: WORDPRESS_DB_PASSWORD}
  proxy: {env: WORDPRESS_PROXY, required: false}
""")
    assert parameters.specs(context) == KNOWN


def test_the_file_of_this_repository_is_right(tmp_path: Path) -> None:
    context = DeploymentContext("Test", "d-1", ROOT, tmp_path, tmp_path / "release.json")
    specs = parameters.specs(context)
    assert {name for name, spec in specs.items() if not spec.secret} == {
        *("mysql_host", "mysql_database", "mysql_user", "memcached_host", "site_url"),
        *("site_title", "admin_user", "admin_email", "mysql_admin_secret"),
    }
    assert [name for name, spec in specs.items() if not spec.required] == ["mysql_admin_secret"]
    made = {name for name, spec in specs.items() if spec.generate}
    assert made == {name for name, spec in specs.items() if spec.secret}
    fed = [variable for spec in specs.values() for variable in spec.variables]
    assert all(variable.startswith("WORDPRESS_") for variable in fed)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file"),
        (b"\xff\xd8\xff", "is not UTF-8 text (byte 0)"),
        (b"", "line 1: the file is empty"),
        (b"- host", "line 1: the file must be a mapping, found a list"),
        (b"parameters: [host]", "line 1: parameters must be a mapping, found a list"),
        (b"parameters: {host: }", "line 1: parameters.host must be a mapping, found nothing"),
        (
            b"parameters: {host: {}}",
            "line 1: parameters.host must have one of env and secretsmanager, and not both",
        ),
        (
            b"parameters: {host: {env: A-B}}",
            'line 1: parameters.host.env is "A-B", but must be the name of an environment variable',
        ),
        (
            b"parameters: {host: {env: A, secret: no}}",
            'line 1: parameters.host.secret must be true or false, found the string "no"',
        ),
        (
            b"parameters: {host: {env: A, secrets: true}}",
            'line 1: parameters.host has the unknown key "secrets": did you mean "secret"?',
        ),
        (
            b"parameters: {a b: {env: A}}",
            f'line 1: the file is "a b", but must be {AN_SSM_NAME}',
        ),
        (
            b"parameters: {a: {env: A}, b: {env: B}, c: {env: B}, d: {env: A}, e: {env: E}}",
            "line 1: the file feeds A, B from more than one parameter",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused(
    context: DeploymentContext, content: bytes | None, problem: str
) -> None:
    assert problems(context, content) == (problem,)


def test_everything_that_is_wrong_with_the_file_is_told_at_once(context: DeploymentContext) -> None:
    content = b"parameters:\n  host: {env: 1}\n  user: {}\nparameter: {}\n"
    assert problems(context, content) == (
        "line 2: parameters.host.env must be a string, found 1: put it in quotes",
        "line 3: parameters.user must have one of env and secretsmanager, and not both",
        'line 4: the file has the unknown key "parameter": did you mean "parameters"?',
    )


def test_an_environment_that_knows_its_parameters_passes(context: DeploymentContext) -> None:
    names = ParameterNames("/blog", {"password": "/old/pw"})
    parameters.check(context, replace(SETTINGS, parameters=names, env={"WP_DEBUG": "1"}), KNOWN)


def test_an_environment_that_contradicts_the_parameters_is_refused(
    context: DeploymentContext,
) -> None:
    names = ParameterNames("/blog", {"pasword": "/old/pw", "salt": "/old/salt"})
    env = {"WP_DEBUG": "1", "WORDPRESS_DB_HOST": "db"}
    with pytest.raises(ConfigurationError) as caught:
        parameters.check(context, replace(SETTINGS, parameters=names, env=env), KNOWN)
    assert caught.value.where == "k8s/environments/Test.yaml"
    assert caught.value.problems == (
        'parameters.names has "pasword", which is not in parameters.yaml',
        'parameters.names has "salt", which is not in parameters.yaml',
        "env has WORDPRESS_DB_HOST, which the parameter host feeds",
    )


def test_parameters_are_read_in_one_call_from_where_the_environment_has_them() -> None:
    names = ParameterNames("/blog", {"password": "/old/pw"})
    store = Store({"/blog/host": "db:3306", "/blog/proxy": "squid", "/old/pw": "pa$(A)ss"})
    assert parameters.read(replace(SETTINGS, parameters=names), KNOWN, store, nobody) == (
        Parameter("host", HOST, stored("/blog/host", "db:3306")),
        Parameter("password", PASSWORD, stored("/old/pw", "pa$(A)ss")),
        Parameter("proxy", PROXY, stored("/blog/proxy", "squid")),
    )
    assert store.asked == [["/blog/host", "/blog/proxy", "/old/pw"]]


def test_two_parameters_may_have_one_name_in_the_store() -> None:
    names = ParameterNames("/blog", {"password": "/blog/host"})
    store = Store({"/blog/host": "same"})
    found = parameters.read(replace(SETTINGS, parameters=names), KNOWN, store, nobody)
    assert [(one.name, one.stored.value) for one in found] == [
        ("host", "same"),
        ("password", "same"),
    ]
    assert store.asked == [["/blog/host", "/blog/proxy"]]


def test_an_optional_parameter_may_be_missing() -> None:
    store = Store({"/blog/host": "db", "/blog/password": "x"})
    found = parameters.read(SETTINGS, KNOWN, store, nobody)
    assert [parameter.name for parameter in found] == ["host", "password"]


def test_all_required_parameters_that_are_missing_are_told_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        parameters.read(SETTINGS, KNOWN, Store({}), nobody)
    assert str(caught.value) == (
        f"SSM Parameter Store: /blog/host does not exist; /blog/password does not exist ({HINT})"
    )


@pytest.mark.parametrize("name", ["host", "password", "proxy"])
def test_a_value_that_no_environment_variable_can_hold_is_refused_and_not_shown(name: str) -> None:
    values = {"/blog/host": "db", "/blog/password": "x"} | {f"/blog/{name}": "hush\0hush"}
    with pytest.raises(ParameterError) as caught:
        parameters.read(SETTINGS, KNOWN, Store(values), nobody)
    problem = f"/blog/{name} holds a NUL byte, which no environment variable can hold"
    assert caught.value.problems == (problem,)


def test_a_value_is_not_shown_by_repr() -> None:
    shown = repr(Parameter("password", PASSWORD, stored("/blog/password", "hush")))
    assert "/blog/password" in shown
    assert "hush" not in shown


INSTALLS = {"host": HOST, "title": ParameterSpec("TITLE", only="install"), "admin": ADMINISTRATOR}
VALUES = {"/blog/host": "db", "/blog/title": "A site", "/blog/admin": SECRET}
BOTH = '{"username": "root", "password": "pa$(A)ss", "engine": "mysql"}'


def test_a_secret_feeds_a_variable_for_each_of_its_keys() -> None:
    asked = []

    def ask(arn: str) -> StoredSecret:
        asked.append(arn)
        return StoredSecret("v-1", BOTH)

    *_, user, password = parameters.read(SETTINGS, INSTALLS, Store(VALUES), ask)
    assert asked == [SECRET]
    assert (user.name, user.spec) == ("admin.username", ParameterSpec("DB_ADMIN", only="install"))
    assert (user.stored.name, user.stored.value) == (f"{SECRET}:username::v-1", "root")
    assert (password.spec.env, password.stored.value) == ("DB_ADMIN_PASSWORD", "pa$(A)ss")


def test_a_secret_that_is_not_decrypted_is_known_by_its_version() -> None:
    found = parameters.read(SETTINGS, INSTALLS, Store(VALUES), lambda _: StoredSecret("v-2", None))
    assert [(one.stored.name, one.stored.value) for one in found[2:]] == [
        (f"{SECRET}:username::v-2", ""),
        (f"{SECRET}:password::v-2", ""),
    ]


def test_what_is_only_for_the_job_is_not_asked_for_where_it_is_off() -> None:
    store = Store(VALUES)
    off = replace(SETTINGS, install=Install(enabled=False))
    assert [one.name for one in parameters.read(off, INSTALLS, store, nobody)] == ["host"]
    assert store.asked == [["/blog/host"]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hush", "it is not a JSON object"),
        ('["hush"]', "it is not a JSON object"),
        ("[" * 100_000, "it is not a JSON object"),
        ('{"username": "hush"}', 'it has no "password" with a text'),
        ('{"username": "hush", "password": 5}', 'it has no "password" with a text'),
    ],
)
def test_a_secret_of_another_form_is_refused_and_not_shown(text: str, problem: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameters.read(SETTINGS, INSTALLS, Store(VALUES), lambda _: StoredSecret("v", text))
    assert (caught.value.where, caught.value.problems) == (f"secret {SECRET}", (problem,))


def test_what_should_name_a_secret_and_does_not_is_refused_and_not_shown() -> None:
    values = VALUES | {"/blog/admin": "hush"}
    with pytest.raises(ParameterError) as caught:
        parameters.read(SETTINGS, INSTALLS, Store(values), nobody)
    problem = "/blog/admin does not hold the ARN of a secret of Secrets Manager"
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{}", "must have one of env and secretsmanager, and not both"),
        (
            "{env: A, secretsmanager: {password: B}}",
            "must have one of env and secretsmanager, and not both",
        ),
        ("{env: A, secret: false, generate: 20}", "has generate, which is for a secret"),
        ("{secretsmanager: {password: B}, generate: 20}", "has generate, which is for a secret"),
        ("{env: A, generate: 8}", "generate is 8, but must be from 16 to 4096"),
        ("{env: A, only: cron}", 'only must be install, found the string "cron"'),
        ("{secretsmanager: {password: 1b}}", "must be the name of an environment variable"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    context: DeploymentContext, entry: str, problem: str
) -> None:
    [found] = problems(context, f"parameters:\n  x: {entry}\n".encode())
    assert problem in found


def test_a_variable_is_fed_once_by_secrets_as_well(context: DeploymentContext) -> None:
    text = "parameters:\n  x: {env: A}\n  y: {secretsmanager: {password: A}}\n"
    [found] = problems(context, text.encode())
    assert "feeds A from more than one parameter" in found


def test_a_secret_is_not_shown_by_repr() -> None:
    assert "hush" not in repr(StoredSecret("v", "hush"))
