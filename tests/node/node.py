"""A real node beside a control plane: containerd with runc, kubelet and kube-proxy.

All of it is in the network namespace of the thread that starts it, and in one directory: pods have
addresses of 10.244.0.0/24 on a bridge, Services those of the API server's range, by iptables.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from tests.cluster.component import Component, Guard
from tests.cluster.control_plane import ControlPlane
from tests.node.mounts import unmount_below

Json = dict[str, Any]
NAME, ADDRESS = "node-1", "10.240.0.1"
GATEWAY = "10.244.0.1"
# The API server's range for Services.
_SERVICES = "10.96.0.0/16"
_SECONDS = 60.0
_POLL = 0.1


class NodeError(Exception):
    """The node does not come up."""


class Node:
    """A running node, Ready; leaving its `with` block ends it and all that ran on it."""

    def __init__(
        self, plane: ControlPlane, binaries: Path, directory: Path, registry: str, pause: str
    ) -> None:
        self._plane, self._directory = plane, directory
        self._components: list[Component] = []
        self._guard = Guard()
        self._binaries = binaries
        self._socket = directory / "containerd.sock"
        self._write_configuration(registry, pause)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End kubelet first, so that it starts nothing again; then the containers."""
        while self._components:
            component = self._components.pop()
            if component.name == "containerd":
                self._end_containers()
            component.terminate()
            component.wait(time.monotonic() + 5)
        self._guard.close()
        unmount_below(self._directory)

    def containerd(self, *arguments: str) -> str:
        """What `ctr` says of Kubernetes' containers and images."""
        command = ["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _start(self) -> None:
        for command in NETWORK:
            subprocess.run(command.split(), check=True, capture_output=True)
        self._spawn("containerd", "--config", str(self._directory / "containerd.toml"))
        self._await("containerd", self._socket.exists)
        self._spawn(str(self._binaries / "kubelet"), *self._kubelet())
        config = self._directory / "kube-proxy.json"
        self._spawn(str(self._binaries / "kube-proxy"), f"--config={config}")
        self._await("Ready node", self._is_ready)

    def _spawn(self, *command: str) -> None:
        component = Component(command, self._directory)
        self._components.append(component)
        self._guard.watch(component.pid)

    def _kubelet(self) -> list[str]:
        return [
            f"--config={self._directory / 'kubelet.json'}",
            f"--kubeconfig={self._plane.kubeconfig(f'system:node:{NAME}', ['system:nodes'])}",
            f"--root-dir={self._directory / 'kubelet'}",
            f"--cert-dir={self._directory / 'pki'}",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
            "--container-runtime=remote",
            f"--container-runtime-endpoint=unix://{self._socket}",
            "--image-pull-progress-deadline=60s",
            "--v=1",
        ]

    def _write_configuration(self, registry: str, pause: str) -> None:
        cni = self._directory / "cni"
        cni.mkdir(parents=True)
        (cni / "10-bridge.conflist").write_text(json.dumps(CNI))
        toml = CONTAINERD.format(
            directory=self._directory, socket=self._socket, registry=registry, pause=pause
        )
        (self._directory / "containerd.toml").write_text(toml)
        ca = str(self._plane.ca_file)
        kubelet = KUBELET | {"authentication": {"x509": {"clientCAFile": ca}}}
        (self._directory / "kubelet.json").write_text(json.dumps(kubelet))
        kubeconfig = self._plane.kubeconfig("system:kube-proxy")
        proxy = KUBE_PROXY | {"clientConnection": {"kubeconfig": str(kubeconfig)}}
        (self._directory / "kube-proxy.json").write_text(json.dumps(proxy))

    def _is_ready(self) -> bool:
        answer = self._plane.admin.request("GET", f"{self._plane.url}/api/v1/nodes/{NAME}")
        if answer.status != HTTPStatus.OK:
            return False
        conditions = json.loads(answer.data)["status"].get("conditions") or []
        return any((item["type"], item["status"]) == ("Ready", "True") for item in conditions)

    def _await(self, what: str, ask: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not ask():
            dead = [item.obituary for item in self._components if not item.running]
            if dead or time.monotonic() > deadline:
                raise NodeError("\n".join([f"no {what}; logs are in {self._directory}", *dead]))
            time.sleep(_POLL)

    def _end_containers(self) -> None:
        """Kill and delete what runs: a shim outlives its containerd."""
        with contextlib.suppress(subprocess.CalledProcessError):
            for task in self.containerd("tasks", "list", "--quiet").split():
                self._forget("tasks", "kill", "--signal", str(int(signal.SIGKILL)), task)
            for task in self.containerd("tasks", "list", "--quiet").split():
                self._forget("tasks", "delete", "--force", task)

    def _forget(self, *arguments: str) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.containerd(*arguments)


def missing(binaries: Path) -> list[str]:
    """The programs that a node needs and that are not here."""
    own = [name for name in ("kubelet", "kube-proxy") if not (binaries / name).exists()]
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    others = ("containerd", "ctr", "runc", "iptables", "ip")
    return own + [name for name in others if not shutil.which(name, path=path)] + list(_plugins())


def _plugins() -> Iterator[str]:
    for name in ("bridge", "host-local", "loopback"):
        if not (Path("/usr/lib/cni") / name).exists():
            yield f"the CNI plugin {name}"


NETWORK = (
    # A bridge without ports serves as the node's own interface: it needs no module of its own.
    "ip link add node0 type bridge",
    f"ip address add {ADDRESS}/24 dev node0",
    "ip link set node0 up",
    # For who asks a Service from the node itself: without a way iptables is not even asked.
    f"ip route add {_SERVICES} dev node0",
    "sysctl -qw net.ipv4.ip_forward=1",
    "sysctl -qw net.bridge.bridge-nf-call-iptables=1",
)
CNI: Json = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.244.0.0/24", "gateway": GATEWAY}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
    ],
}
KUBELET: Json = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "address": ADDRESS,
    "authorization": {"mode": "AlwaysAllow"},
    "cgroupDriver": "cgroupfs",
    "failSwapOn": False,
    "enforceNodeAllocatable": [],
    # The disk is this machine's, and not the node's to judge.
    "evictionHard": {"memory.available": "100Mi"},
    "imageGCHighThresholdPercent": 100,
    "resolvConf": "",
    "syncFrequency": "10s",
    "fileCheckFrequency": "0s",
    "healthzPort": 0,
}
KUBE_PROXY: Json = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "mode": "iptables",
    "hostnameOverride": NAME,
    "clusterCIDR": "10.244.0.0/16",
    "healthzBindAddress": "",
    "metricsBindAddress": "",
    # The machine's own settings, which a namespace may not change.
    "conntrack": {
        "maxPerCore": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    },
    "iptables": {"minSyncPeriod": "0s", "syncPeriod": "30s"},
}
CONTAINERD = """\
version = 2
root = "{directory}/containerd/root"
state = "{directory}/containerd/state"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{directory}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."{registry}"]
    endpoint = ["http://{registry}"]
"""
