"""The way to the API server: kubeconfigs, credentials and their renewal."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api_server import Connection, connect, refusal, write_kubeconfig
from tests.unit.wire import Server, answer, forget_surroundings
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ConfigurationError, Exit
from wpdeploy.kubeconfig import access

HINT = "check cluster.kubeconfig and cluster.context in the environment file"
OBJECT = {"kind": "ConfigMap"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def _ask(connection: Connection) -> Any:
    return connection.cluster.get("/version", "version")


# Kubeconfigs


def test_the_context_that_is_asked_for_is_used(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path, "http://blog.example:6443/")
    content = json.loads(kubeconfig.read_text())
    content["clusters"].append({"name": "shop", "cluster": {"server": "http://shop.example"}})
    content["contexts"].append({"name": "shop", "context": {"cluster": "shop", "user": "bastion"}})
    kubeconfig.write_text(json.dumps(content))

    urls = [access(str(kubeconfig), context).url for context in (None, "shop")]

    assert urls == ["http://blog.example:6443", "http://shop.example"]


@pytest.mark.parametrize(
    ("content", "context", "problem"),
    [
        pytest.param(None, None, "Invalid kube-config file. No configuration found.", id="missing"),
        pytest.param(b"", None, "Invalid kube-config. ", id="empty"),
        pytest.param(b"\x00\xff\x7fELF", None, "", id="binary"),
        pytest.param(b"clusters: [", None, "while parsing a flow node", id="not YAML"),
        pytest.param(b"[]", None, "", id="a list"),
        pytest.param(b"current-context: 'a/&\"{{'", None, "", id="nothing but a context"),
        pytest.param(b"{}", "blog", "", id="nothing at all"),
    ],
)
def test_a_kubeconfig_that_is_none_is_a_configuration_error(
    content: bytes | None, context: str | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        access(str(path), context)

    error = caught.value
    assert (error.where, error.hint, error.exit_code) == (str(path), HINT, Exit.CONFIGURATION)
    assert error.problems[0].startswith(f"is no usable kubeconfig: {problem}")


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:1")

    with pytest.raises(ConfigurationError, match="Expected object with name Prod/&é in"):
        access(str(kubeconfig), "Prod/&é")


# Credentials


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ({}, None),
        ({"token": "hunter22"}, "Bearer hunter22"),
        ({"username": "me", "password": "hunter22"}, "Basic bWU6aHVudGVyMjI="),
    ],
    ids=["none", "token", "password"],
)
def test_a_users_credentials_are_sent(
    user: dict[str, str], authorization: str | None, tmp_path: Path
) -> None:
    with Server(answer(OBJECT)) as server:
        assert _ask(connect(write_kubeconfig(tmp_path, server.url, user))) == OBJECT

    assert server.received[0].headers.get("authorization") == authorization


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter22")
    with Server(answer(OBJECT)) as server:
        _ask(connect(write_kubeconfig(tmp_path, server.url, {"tokenFile": "token"})))

    assert server.received[0].headers["authorization"] == "Bearer hunter22"


def test_no_credential_is_shown_by_an_access(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "hunter22"})

    assert repr(access(str(kubeconfig), None)) == "Access(url='http://127.0.0.1:1')"


class Plugin:
    """An exec plugin: it prints what `says` was last given."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "credential.json"
        self.user = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "cat",
                "args": [str(self._file)],
            }
        }

    def says(self, **status: str) -> None:
        self._file.write_text(
            json.dumps(
                {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "kind": "ExecCredential",
                    "status": status,
                }
            )
        )

    def says_nothing(self) -> None:
        self._file.unlink()


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def test_an_exec_plugin_gives_the_token(plugin: Plugin, tmp_path: Path) -> None:
    plugin.says(token="first")
    with Server(answer(OBJECT)) as server:
        _ask(connect(write_kubeconfig(tmp_path, server.url, plugin.user)))

    assert server.received[0].headers["authorization"] == "Bearer first"


def test_a_token_about_to_expire_is_renewed_before_it_does(plugin: Plugin, tmp_path: Path) -> None:
    plugin.says(token="first", expirationTimestamp="2020-01-01T00:00:00Z")
    with Server(answer(OBJECT)) as server:
        connection = connect(write_kubeconfig(tmp_path, server.url, plugin.user))
        plugin.says(token="second")
        _ask(connection)

    assert [seen.headers["authorization"] for seen in server.received] == ["Bearer second"]


def test_the_plugin_is_run_again_when_its_token_is_not_known_any_more(
    plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says(token="first")
    with Server(refusal(401, "Unauthorized"), answer(OBJECT), answer(OBJECT)) as server:
        connection = connect(write_kubeconfig(tmp_path, server.url, plugin.user))
        plugin.says(token="second")
        assert [_ask(connection), _ask(connection)] == [OBJECT, OBJECT]

    authorizations = [seen.headers["authorization"] for seen in server.received]
    assert authorizations == ["Bearer first", "Bearer second", "Bearer second"]
    assert connection.clock.slept == []


def test_the_plugin_is_run_again_once_for_all_who_had_the_token(
    plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says(token="first")
    path = write_kubeconfig(tmp_path, "http://127.0.0.1:1", plugin.user)
    reached = access(str(path), None)
    plugin.says(token="second")
    assert reached.authorization("Bearer first") == "Bearer second"
    plugin.says(token="third")
    assert reached.authorization("Bearer first") == "Bearer second"


def test_credentials_that_stay_unknown_are_an_error_after_one_renewal(tmp_path: Path) -> None:
    with (
        Server(refusal(401, "Unauthorized"), refusal(401, "Unauthorized")) as server,
        pytest.raises(ApiError) as caught,
    ):
        _ask(connect(write_kubeconfig(tmp_path, server.url, {"token": "hunter22"})))

    assert str(caught.value) == (
        "version: the API server does not know who is asking (401) (renew the credentials)"
    )
    assert len(server.received) == 2


def test_a_plugin_that_fails_is_an_error_with_what_it_says(tmp_path: Path) -> None:
    script = "import sys; sys.exit('token expired: run sso login')"
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-I", "-S", "-c", script],
        }
    }
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:1", user)

    with pytest.raises(ConfigurationError) as caught:
        access(str(kubeconfig), None)

    assert str(caught.value) == (
        f"{kubeconfig}: is no usable kubeconfig: exec: process returned 1. "
        f"token expired: run sso login ({HINT})"
    )


def test_a_plugin_that_fails_when_it_is_run_again_is_the_same_error(
    plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says(token="first")
    with Server(refusal(401, "Unauthorized")) as server:
        kubeconfig = write_kubeconfig(tmp_path, server.url, plugin.user)
        connection = connect(kubeconfig)
        plugin.says_nothing()
        with pytest.raises(ConfigurationError) as caught:
            _ask(connection)

    assert caught.value.where == str(kubeconfig)
    assert caught.value.problems[0].startswith("is no usable kubeconfig: exec: process returned 1")


def test_a_kubeconfig_that_is_gone_when_it_is_read_again_is_an_error(tmp_path: Path) -> None:
    with Server(refusal(401, "Unauthorized")) as server:
        kubeconfig = write_kubeconfig(tmp_path, server.url, {"token": "hunter22"})
        connection = connect(kubeconfig)
        kubeconfig.unlink()
        with pytest.raises(ConfigurationError) as caught:
            _ask(connection)

    assert str(caught.value) == (
        f"{kubeconfig}: is no usable kubeconfig: "
        f"Invalid kube-config file. No configuration found. ({HINT})"
    )
