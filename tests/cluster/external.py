"""A cluster that somebody has, in place of a booted control plane.

Its controllers sign the certificates of the tests' users; all the rest is asked of it with the
administrator's own credentials.
"""

import base64
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sandbox.certificates import Pair, new_key, request_pem, write_key
from sandbox.kubelet import Connection, read_kubeconfig
from tests.cluster.plane import ControlPlaneError, Plane

Json = dict[str, Any]

_SIGNER = "kubernetes.io/kube-apiserver-client"
_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_APPROVED = {
    "type": "Approved",
    "status": "True",
    "reason": "Tests",
    "message": "a user of the tests",
}
# The operating system that sandbox.kubelet's nodes say they have.
_PLAYED = "sandbox"


class ExternalCluster(Plane):
    """A disposable cluster whose only nodes are played; it goes on running afterwards."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        super().__init__()
        self.admin_kubeconfig = kubeconfig
        self._directory = directory
        connection = read_kubeconfig(kubeconfig, directory)
        if connection.ca_file is None:
            raise ControlPlaneError(f"{kubeconfig} has no certificate authority for its cluster")
        self.url, self.ca_file = connection.url.rstrip("/"), connection.ca_file
        self.admin = self._pool(_pair(connection), connection.token)
        try:
            self._refuse_nodes()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close the administrator's connections."""
        self.admin.clear()

    def _mint(self, stem: str, user: str, groups: Sequence[str]) -> Pair:
        key = new_key()
        signed = self._sign(request_pem(key, user, groups))
        certificate = self._directory / f"{stem}.crt"
        certificate.write_bytes(signed)
        return Pair(certificate, write_key(self._directory / f"{stem}.key", key))

    def _sign(self, request: bytes) -> bytes:
        """Have the cluster sign a request: make it, approve it, read the certificate."""
        spec = {
            "request": base64.b64encode(request).decode(),
            "signerName": _SIGNER,
            "usages": ["client auth"],
        }
        metadata = {"generateName": "wpdeploy-test-"}
        made = self._ask("POST", _REQUESTS, {"metadata": metadata, "spec": spec})
        path = f"{_REQUESTS}/{made['metadata']['name']}"
        self._ask("PUT", f"{path}/approval", made | {"status": {"conditions": [_APPROVED]}})
        certificate: str = self._await(
            f"certificate from the signer {_SIGNER}",
            lambda: self._ask("GET", path)["status"].get("certificate"),
        )
        self._ask("DELETE", path)
        return base64.b64decode(certificate)

    def _refuse_nodes(self) -> None:
        """Keep off a cluster where somebody else's kubelet would run what the tests deploy."""
        foreign = [
            node["metadata"]["name"]
            for node in self._ask("GET", "/api/v1/nodes")["items"]
            if not node["spec"].get("unschedulable")
            and node["status"]["nodeInfo"]["osImage"] != _PLAYED
        ]
        if foreign:
            raise ControlPlaneError(
                f"{self.admin_kubeconfig}: the cluster has nodes of its own, which the tests "
                f"would deploy to: {', '.join(foreign)}; cordon them, or use another cluster"
            )

    def _ask(self, method: str, path: str, body: object = None) -> Json:
        answer = self.admin.request(method, self.url + path, json=body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ControlPlaneError(f"{method} {path}: {answer.status}: {answer.data.decode()}")
        document: Json = answer.json()
        return document

    def _check(self) -> None:
        """Never give up early: nothing is known of its processes."""

    @property
    def _clue(self) -> str:
        return f"the cluster is that of {self.admin_kubeconfig}"


def _pair(connection: Connection) -> Pair | None:
    if connection.client_cert is None or connection.client_key is None:
        return None
    return Pair(connection.client_cert, connection.client_key)
