import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
import urllib3

from sandbox.certificates import Authority
from sandbox.netns import enter_network_namespace
from tests.cluster.control_plane import ControlPlane, ControlPlaneError, find, main
from tests.cluster.programs import programs

ROOT = Path(__file__).parents[2]
PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    },
}
# Starts a long sleep under guard, prints its pid and waits to be killed.
GUARDED = """
import signal, sys
from pathlib import Path
from tests.cluster.component import Component, Guard
component = Component(["/bin/sleep", "300"], Path(sys.argv[1]))
guard = Guard()
guard.watch(component.pid)
print(component.pid, flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def binaries() -> Path:
    return programs()


@pytest.fixture(scope="module")
def booted(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane.start(binaries, tmp_path_factory.mktemp("booted")) as plane:
        yield plane


@pytest.fixture(scope="module")
def admin(booted: ControlPlane) -> "Iterator[Api]":
    with Api(booted, "admin", "system:masters") as api:
        yield api


class Api:
    """Plain requests as one user."""

    def __init__(self, plane: ControlPlane, user: str, *groups: str) -> None:
        self.url = plane.url
        self.http = plane.client(user, groups)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.clear()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        response = self.http.request(method, self.url + path, json=body)
        return response.status, json.loads(response.data)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def foreign_listeners(pid: int) -> list[str]:
    """Addresses other than 127.0.0.1 on which a process listens, as the kernel writes them."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(link.readlink()))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return [address for address in listening if not address.startswith("0100007F:")]


@contextlib.contextmanager
def serving(
    address: str, answer: str, context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[str]]]:
    """An HTTP server with one answer for all, its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((address, 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.cluster
def test_controllers_make_pods_of_a_deployment(booted: ControlPlane, admin: Api) -> None:
    assert admin.ask("GET", "/version")[1]["gitVersion"] == booted.version
    status, _ = admin.ask("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT)
    assert status == HTTPStatus.CREATED
    until(lambda: len(admin.ask("GET", f"{PODS}?labelSelector=app%3Dweb")[1]["items"]) == 2)


@pytest.mark.cluster
def test_scheduler_says_that_there_is_no_node(admin: Api) -> None:
    pod = {"metadata": {"name": "lonely"}, "spec": DEPLOYMENT["spec"]["template"]["spec"]}
    assert admin.ask("POST", PODS, pod)[0] == HTTPStatus.CREATED

    def reasons() -> list[str]:
        status = admin.ask("GET", f"{PODS}/lonely")[1]["status"]
        return [condition["reason"] for condition in status.get("conditions", [])]

    until(lambda: reasons() == ["Unschedulable"])


@pytest.mark.cluster
def test_a_user_may_what_a_group_is_granted_and_no_more(booted: ControlPlane, admin: Api) -> None:
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
    group = {"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "readers"}, "subjects": [group], "roleRef": role}
    assert admin.ask("POST", bindings, binding)[0] == HTTPStatus.CREATED
    with Api(booted, "arn:aws:iam::1:role/x") as stranger, Api(booted, "eve", "readers") as reader:
        status, answer = stranger.ask("GET", PODS)
        assert status == HTTPStatus.FORBIDDEN
        assert 'User "arn:aws:iam::1:role/x" cannot list resource "pods"' in answer["message"]
        until(lambda: reader.ask("GET", PODS)[0] == HTTPStatus.OK)
        assert reader.ask("POST", CONFIG_MAPS, {"metadata": {"name": "no"}})[0] == 403


@pytest.mark.cluster
def test_a_killed_api_server_comes_back_with_its_data(booted: ControlPlane, admin: Api) -> None:
    before = admin.ask("POST", CONFIG_MAPS, {"metadata": {"name": "kept"}})[1]
    booted.stop_apiserver()
    with pytest.raises(urllib3.exceptions.HTTPError):
        admin.ask("GET", CONFIG_MAPS)
    booted.start_apiserver()
    assert admin.ask("GET", f"{CONFIG_MAPS}/kept") == (HTTPStatus.OK, before)


@pytest.mark.cluster
def test_a_new_namespace_admits_pods(booted: ControlPlane, admin: Api) -> None:
    admin.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    booted.await_admission("shop")


@pytest.mark.cluster
def test_a_kubeconfig_is_private_and_has_its_namespace(booted: ControlPlane) -> None:
    path = booted.kubeconfig("eve", namespace="shop")
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["contexts"][0]["context"]["namespace"] == "shop"


@pytest.mark.cluster
def test_everything_listens_on_loopback_only(booted: ControlPlane) -> None:
    listeners = {name: foreign_listeners(one.pid) for name, one in booted._components.items()}
    assert not any(listeners.values()), listeners


@pytest.mark.cluster
def test_logs_come_from_a_played_kubelet(booted: ControlPlane, admin: Api, tmp_path: Path) -> None:
    pair = Authority(tmp_path).server("kubelet", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    # The API server shows the client certificate that the kubelet asks for.
    context.load_verify_locations(booted.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    with serving("127.0.0.1", "hello\n", context) as (port, asked):
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        admin.ask("POST", "/api/v1/nodes", {"metadata": {"name": "one"}, "status": status})
        spec = {"nodeName": "one", "containers": [{"name": "web", "image": "web:1"}]}
        admin.ask("POST", PODS, {"metadata": {"name": "bound"}, "spec": spec})
        answer = admin.http.request("GET", f"{admin.url}{PODS}/bound/log")
    assert (answer.status, answer.data) == (HTTPStatus.OK, b"hello\n")
    assert asked == ["/containerLogs/default/bound/web"]


@pytest.mark.cluster
def test_stop_leaves_nothing_even_with_a_watch_open(binaries: Path, tmp_path: Path) -> None:
    before = set(children(os.getpid()))
    plane = ControlPlane.start(binaries, tmp_path)
    started = set(children(os.getpid())) - before
    assert len(started) == 5
    with Api(plane, "admin", "system:masters") as api:
        url = f"{api.url}/api/v1/pods?watch=true"
        watch = api.http.request("GET", url, preload_content=False, timeout=60)
        begun = time.monotonic()
        plane.stop()
        assert time.monotonic() - begun < 20
        watch.close()
    assert not [pid for pid in started if alive(pid)]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(plane.url.rpartition(":")[2])))


@pytest.mark.cluster
def test_run_ends_cleanly_when_asked(binaries: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cluster.control_plane", "run", "--directory"]
    environment = {**os.environ, "KUBEBUILDER_ASSETS": str(binaries)}
    with subprocess.Popen(
        [*command, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        kubeconfig, url = (process.stdout.readline().strip() for _ in range(2))
        assert json.loads(Path(kubeconfig).read_text())["clusters"][0]["cluster"]["server"] == url
        started = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert len(started) == 5
    assert not [pid for pid in started if alive(pid)]


@pytest.mark.cluster
def test_a_component_that_dies_is_named_with_its_last_words(binaries: Path, tmp_path: Path) -> None:
    with pytest.raises(ControlPlaneError, match=r"kube-apiserver ended with 1:[^$]*no-such-flag"):
        ControlPlane.start(binaries, tmp_path, ["--no-such-flag"])


@pytest.mark.cluster
@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace takes root")
def test_the_api_server_reaches_a_played_pod_in_a_namespace(binaries: Path, tmp_path: Path) -> None:
    with (
        enter_network_namespace(),
        ControlPlane.start(binaries, tmp_path) as plane,
        Api(plane, "admin", "system:masters") as admin,
        serving("0.0.0.0", "it works") as (port, _),  # noqa: S104  # inside the namespace only
    ):
        spec = {"nodeName": "one", "containers": [{"name": "web", "image": "web:1"}]}
        admin.ask("POST", PODS, {"metadata": {"name": "web"}, "spec": spec})
        pod = admin.ask("GET", f"{PODS}/web")[1]
        pod["status"] |= {"phase": "Running", "podIP": "10.244.3.7"}
        pod["status"]["podIPs"] = [{"ip": "10.244.3.7"}]
        assert admin.ask("PUT", f"{PODS}/web/status", pod)[0] == HTTPStatus.OK
        answer = admin.http.request("GET", f"{admin.url}{PODS}/web:{port}/proxy/")
    assert (answer.status, answer.data) == (HTTPStatus.OK, b"it works")


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace takes root")
def test_a_namespace_ends_with_its_block() -> None:
    current = Path("/proc/thread-self/ns/net")
    home = current.readlink()
    with contextlib.suppress(ZeroDivisionError), enter_network_namespace():
        assert current.readlink() != home
        raise ZeroDivisionError
    assert current.readlink() == home


def test_a_process_under_guard_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", GUARDED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    until(lambda: not alive(pid))


def test_an_incomplete_directory_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etcd").touch(mode=0o755)
    (tmp_path / "kube-apiserver").touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert main(["find"]) == 1
    assert capsys.readouterr().err == (
        f"KUBEBUILDER_ASSETS={tmp_path} lacks kube-controller-manager, kube-scheduler\n"
    )


def test_an_empty_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert find() is None


def test_a_used_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "etcd").mkdir()
    with pytest.raises(ControlPlaneError, match="is not empty"):
        ControlPlane.start(tmp_path, tmp_path)
