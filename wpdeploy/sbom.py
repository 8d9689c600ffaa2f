"""The bill of materials of a bundle, in CycloneDX's JSON: its packages, the image, wpdeploy itself.

It has nothing that is not in the bundle already, so the same bundle has the same one: its serial
number comes from its content, its time is the release's.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wpdeploy.release import Release

FILE = "bom.json"
_SPEC = "1.6"
_NAMESPACE = uuid.UUID("b6f0a7a4-3f0e-5c1c-9d4b-6d0f0b9a3c55")


def text(release: Release, lib: Path) -> str:
    """The document for a release, and the packages that a lib/ has, by their METADATA."""
    document = {
        "metadata": {"timestamp": release.time, "component": _wpdeploy(release)},
        "components": [*_packages(lib), _image(release)],
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(document, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": _SPEC, "version": 1}
    return json.dumps({**head, "serialNumber": f"urn:uuid:{serial}", **document}, indent=1) + "\n"


def _packages(lib: Path) -> Iterator[Mapping[str, Any]]:
    for file in sorted(lib.glob("*.dist-info/METADATA")):
        about = HeaderParser().parsestr(file.read_text(encoding="utf-8"))
        name, version = str(about["Name"]), str(about["Version"])
        yield {
            **_component("library", name, version, f"pkg:pypi/{_normal(name)}@{quote(version)}"),
            "licenses": list(_licences(about)),
        }


def _licences(about: Message) -> Iterator[Mapping[str, Any]]:
    """An SPDX expression where the package has one, else what it says in words."""
    expression, words = about["License-Expression"], about["License"]
    if expression:
        yield {"expression": str(expression)}
        return
    classifiers = [str(item) for item in about.get_all("Classifier") or ()]
    found = [item.rpartition(" :: ")[2] for item in classifiers if item.startswith("License :: ")]
    # Some have their whole licence here.
    short = str(words).splitlines()[0] if words else ""
    for name in found or ([short] if short else []):
        yield {"license": {"name": name}}


def _image(release: Release) -> Mapping[str, Any]:
    reference, _, digest = release.image.partition("@")
    repository = reference.rpartition(":")[0] if ":" in reference.rpartition("/")[2] else reference
    name = repository.rpartition("/")[2]
    place = quote(repository, safe="")
    purl = f"pkg:oci/{quote(name)}@{quote(digest, safe='')}?repository_url={place}"
    content = digest.removeprefix("sha256:")
    return {
        **_component("container", repository, digest, purl),
        "hashes": [{"alg": "SHA-256", "content": content}],
    }


def _wpdeploy(release: Release) -> Mapping[str, Any]:
    version = release.versions.get("wpdeploy", "")
    return _component("application", "wpdeploy", version, f"pkg:generic/wpdeploy@{quote(version)}")


def _component(kind: str, name: str, version: str, purl: str) -> Mapping[str, Any]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _normal(name: str) -> str:
    """A name as PyPI compares it."""
    return name.lower().replace("_", "-").replace(".", "-")
