"""bom.json: the parts of a bundle, and the image that it deploys, in CycloneDX 1.6.

What it says of a package is what the package's own METADATA says, and the hash of the wheel that
it was unpacked from. The same bundle has the same document.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from wpdeploy.release import Release

# In a lib/: the hash of each package's wheel, by the package's name.
WHEELS = "wheels.json"
_LICENCE = "License :: "
_SEPARATORS = re.compile(r"[-_.]+")

Component = Mapping[str, Any]


def text(release: Release, lib: Path) -> str:
    """The document for a bundle with this lib/; the release's time is ISO 8601."""
    content = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromisoformat(release.time).astimezone(UTC).isoformat(),
            "component": _bundle(release),
        },
        "components": [*_packages(lib), _image(release)],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content, sort_keys=True))
    return json.dumps(content | {"serialNumber": f"urn:uuid:{serial}"}, indent=2) + "\n"


def _bundle(release: Release) -> Component:
    known = {"commit": release.commit, "branch": release.branch, "build": release.build}
    properties = known | {name: release.versions[name] for name in ("python", "platform")}
    component = {
        **_component("application", "wpdeploy", release.versions["wpdeploy"], "pkg:generic/"),
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "properties": [
            {"name": f"wpdeploy:{name}", "value": value} for name, value in properties.items()
        ],
    }
    link = [{"type": "build-meta", "url": release.link}]
    return component | ({"externalReferences": link} if release.link else {})


def _packages(lib: Path) -> Iterator[Component]:
    wheels = json.loads((lib / WHEELS).read_text())
    for path in sorted(lib.glob("*.dist-info/METADATA")):
        metadata = HeaderParser().parsestr(path.read_text(encoding="utf-8"))
        name, licences = metadata["Name"], _licences(metadata)
        yield {
            **_component("library", name, metadata["Version"], "pkg:pypi/"),
            "hashes": [{"alg": "SHA-256", "content": wheels[name]}],
            **({"licenses": licences} if licences else {}),
        }


def _licences(metadata: Message) -> list[Component]:
    expression = metadata["License-Expression"]
    if expression:
        return [{"expression": expression}]
    # Some have put the whole text of it there.
    names = [metadata["License"]] if _is_name(metadata["License"]) else []
    classifiers = metadata.get_all("Classifier", [])
    names += [name.rpartition(" :: ")[2] for name in classifiers if name.startswith(_LICENCE)]
    return [{"license": {"name": name}} for name in dict.fromkeys(names)]


def _is_name(licence: str | None) -> bool:
    return bool(licence) and "\n" not in str(licence)


def _image(release: Release) -> Component:
    reference, _, digest = release.image.partition("@")
    directory, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    where = {"repository_url": f"{directory}{slash}{name}"} | ({"tag": tag} if tag else {})
    purl = f"pkg:oci/{name.lower()}@{quote(digest, safe='')}?{urlencode(where, safe='/:')}"
    wordpress = release.versions.get("wordpress")
    return {
        "type": "container",
        "bom-ref": purl,
        "name": name,
        "version": digest,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest.partition(":")[2]}],
        **({"components": [_wordpress(wordpress)]} if wordpress else {}),
    }


def _wordpress(version: str) -> Component:
    # By the CPE scanners find what is known of it.
    cpe = f"cpe:2.3:a:wordpress:wordpress:{version}:*:*:*:*:*:*:*"
    return {**_component("application", "WordPress", version, "pkg:generic/"), "cpe": cpe}


def _component(kind: str, name: str, version: str, namespace: str) -> Component:
    purl = f"{namespace}{_SEPARATORS.sub('-', name).lower()}@{quote(version, safe='')}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
