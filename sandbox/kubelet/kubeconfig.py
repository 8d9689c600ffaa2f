"""The part of a kubeconfig that tests write: its current context, with files or inline data."""

import base64
from pathlib import Path
from typing import Any

import yaml

from sandbox.kubelet.client import Connection

Json = dict[str, Any]


def read_kubeconfig(path: Path, scratch: Path) -> Connection:
    """Read a connection; inline certificates and keys go to files in the scratch directory."""
    config: Json = yaml.safe_load(path.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]

    def file(section: Json, key: str) -> Path | None:
        if key in section:
            return path.parent / str(section[key])
        return _saved(section.get(f"{key}-data"), scratch / key)

    return Connection(
        cluster["server"],
        file(cluster, "certificate-authority"),
        file(user, "client-certificate"),
        file(user, "client-key"),
        user.get("token"),
    )


def _named(entries: list[Json], name: str) -> Json:
    return next(entry for entry in entries if entry["name"] == name)


def _saved(data: str | None, target: Path) -> Path | None:
    if data is None:
        return None
    target.touch(0o600)
    target.write_bytes(base64.b64decode(data))
    return target
