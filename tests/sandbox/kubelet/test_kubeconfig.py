import base64
import json
from pathlib import Path
from typing import Any

from sandbox.kubelet import Connection, read_kubeconfig

Json = dict[str, Any]


def write(directory: Path, cluster: Json, user: Json) -> Path:
    path = directory / "kubeconfig"
    config = {
        "current-context": "main",
        "contexts": [
            {"name": "other", "context": {}},
            {"name": "main", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"} | cluster}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(config))
    return path


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    files = {"client-certificate": "tls.crt", "client-key": "/etc/tls.key"}
    path = write(tmp_path, {"certificate-authority": "ca.crt"}, files)
    assert read_kubeconfig(path, tmp_path) == Connection(
        "https://127.0.0.1:6443",
        ca_file=tmp_path / "ca.crt",
        client_cert=tmp_path / "tls.crt",
        client_key=Path("/etc/tls.key"),
    )


def test_inline_data_goes_to_private_files(tmp_path: Path) -> None:
    data = base64.b64encode(b"PEM").decode()
    path = write(tmp_path, {"certificate-authority-data": data}, {"client-key-data": data})
    connection = read_kubeconfig(path, tmp_path)
    assert connection.ca_file is not None
    assert connection.client_key is not None
    assert connection.ca_file.read_bytes() == connection.client_key.read_bytes() == b"PEM"
    assert connection.client_key.stat().st_mode & 0o777 == 0o600


def test_token(tmp_path: Path) -> None:
    connection = read_kubeconfig(write(tmp_path, {}, {"token": "abc"}), tmp_path)
    assert connection == Connection("https://127.0.0.1:6443", token="abc")
