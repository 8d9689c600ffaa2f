"""The flags of the four programs of a control plane, for 1.20 and newer ones alike."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.certificates import Pair

HOST = "127.0.0.1"
# From this minor version on, the flag that closes the plain HTTP ports is itself an error.
_PLAIN_PORTS_GONE = 24


@dataclass(frozen=True)
class Setup:
    """What the programs of one control plane must agree on."""

    directory: Path
    etcd_port: int
    apiserver_port: int
    ca_file: Path
    ca_key: Path
    server: Pair
    kubelet_client: Pair
    signing_key: Path

    @property
    def url(self) -> str:
        """Where the API server answers."""
        return f"https://{HOST}:{self.apiserver_port}"

    @property
    def etcd_url(self) -> str:
        """Where etcd answers."""
        return f"http://{HOST}:{self.etcd_port}"


def etcd(setup: Setup) -> list[str]:
    """Return the flags of etcd."""
    return [
        f"--data-dir={setup.directory / 'etcd'}",
        f"--listen-client-urls={setup.etcd_url}",
        f"--advertise-client-urls={setup.etcd_url}",
        # The only member has no peers: any free port will do.
        f"--listen-peer-urls=http://{HOST}:0",
        # What it holds need not outlive the machine.
        "--unsafe-no-fsync",
    ]


def apiserver(setup: Setup) -> list[str]:
    """Return the flags of the API server."""
    return [
        f"--etcd-servers={setup.etcd_url}",
        f"--bind-address={HOST}",
        f"--secure-port={setup.apiserver_port}",
        f"--advertise-address={HOST}",
        # Endpoints on a loopback address are invalid: it would try, and log it, for ever.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={setup.server.certificate}",
        f"--tls-private-key-file={setup.server.key}",
        f"--client-ca-file={setup.ca_file}",
        # Without --kubelet-certificate-authority any certificate of a played kubelet will do.
        f"--kubelet-client-certificate={setup.kubelet_client.certificate}",
        f"--kubelet-client-key={setup.kubelet_client.key}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--service-account-issuer={setup.url}",
        f"--service-account-signing-key-file={setup.signing_key}",
        f"--service-account-key-file={setup.signing_key}",
    ]


def token_webhook(config: Path) -> list[str]:
    """Return the flags by which the API server asks a webhook about bearer tokens."""
    return [
        f"--authentication-token-webhook-config-file={config}",
        # Beside this cache it has one of its own for all tokens: see Plane.token_seconds.
        "--authentication-token-webhook-cache-ttl=0",
    ]


def egress(config: Path) -> list[str]:
    """Return the flags by which the API server reaches nodes and pods through a proxy."""
    return [f"--egress-selector-config-file={config}"]


def controller_manager(setup: Setup, kubeconfig: Path, version: str) -> list[str]:
    """Return the flags of the controllers."""
    return [
        f"--root-ca-file={setup.ca_file}",
        f"--service-account-private-key-file={setup.signing_key}",
        # Signs the requests for certificates that somebody has approved.
        f"--cluster-signing-cert-file={setup.ca_file}",
        f"--cluster-signing-key-file={setup.ca_key}",
        # nodeipam does nothing without a cloud, and starting it takes 10 s.
        "--controllers=*,-nodeipam",
        *_client_flags(kubeconfig, version),
    ]


def quick_nodes() -> list[str]:
    """Return the flags by which the controllers give up a silent node after 4 s, not 40."""
    return ["--node-monitor-grace-period=4s", "--node-monitor-period=500ms"]


def scheduler(kubeconfig: Path, version: str) -> list[str]:
    """Return the flags of the scheduler."""
    return _client_flags(kubeconfig, version)


def _client_flags(kubeconfig: Path, version: str) -> list[str]:
    minor = int(version.split(".")[1])
    return [
        f"--kubeconfig={kubeconfig}",
        # There is nobody to elect among, and an election takes its time.
        "--leader-elect=false",
        # Their default of 20 requests a second is for sharing an API server with others.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # Nobody asks them anything, so they listen nowhere.
        "--secure-port=0",
        *(["--port=0"] if minor < _PLAIN_PORTS_GONE else []),
    ]
