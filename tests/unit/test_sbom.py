"""The bill of materials: each package of a lib/ as it tells of itself, the image, wpdeploy."""

import json
from pathlib import Path
from typing import Any

from tests.unit.checkout import write
from wpdeploy import sbom
from wpdeploy.release import Release

DIGEST = "a" * 64
RELEASE = Release(
    f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress:c0ffee@sha256:{DIGEST}",
    "c0ffee",
    "wp:1",
    "2026-11-20T10:00:00+00:00",
    versions={"wpdeploy": "1.2.3"},
)
METADATA = {
    "six-1.17.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\n"
    "License: MIT\nClassifier: License :: OSI Approved :: MIT License\n\nText: no field\n",
    "Jinja2.x-3.1.6.dist-info/METADATA": "Name: Jinja2.x\nVersion: 3.1.6\n"
    "License-Expression: BSD-3-Clause\n",
    "a-1.dist-info/METADATA": "Name: a\nVersion: 1+local\nLicense: Own words\n of many lines\n",
    "six.pyc": "",
}


def made(directory: Path, release: Release = RELEASE) -> dict[str, Any]:
    write(directory, METADATA)
    document: dict[str, Any] = json.loads(sbom.text(release, directory))
    return document


def test_it_says_what_it_is_and_of_what(tmp_path: Path) -> None:
    document = made(tmp_path)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["timestamp"] == RELEASE.time
    component = document["metadata"]["component"]
    assert (component["name"], component["version"]) == ("wpdeploy", "1.2.3")


def test_each_package_is_told_with_its_licence(tmp_path: Path) -> None:
    packages = [item for item in made(tmp_path)["components"] if item["type"] == "library"]
    assert [(item["purl"], item["licenses"]) for item in packages] == [
        ("pkg:pypi/jinja2-x@3.1.6", [{"expression": "BSD-3-Clause"}]),
        ("pkg:pypi/a@1%2Blocal", [{"license": {"name": "Own words"}}]),
        ("pkg:pypi/six@1.17.0", [{"license": {"name": "MIT License"}}]),
    ]
    assert [item["name"] for item in packages] == ["Jinja2.x", "a", "six"]


def test_the_image_is_told_by_its_digest(tmp_path: Path) -> None:
    [image] = [item for item in made(tmp_path)["components"] if item["type"] == "container"]
    assert image["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert image["purl"] == (
        f"pkg:oci/wordpress@sha256%3A{DIGEST}"
        "?repository_url=111122223333.dkr.ecr.eu-central-1.amazonaws.com%2Fwordpress"
    )


def test_the_same_bundle_has_the_same_one_and_another_has_another(tmp_path: Path) -> None:
    first = sbom.text(RELEASE, tmp_path)
    assert sbom.text(RELEASE, tmp_path) == first
    write(tmp_path, METADATA)
    serials = {json.loads(text)["serialNumber"] for text in (first, sbom.text(RELEASE, tmp_path))}
    assert len(serials) == 2
    assert all(serial.startswith("urn:uuid:") for serial in serials)
