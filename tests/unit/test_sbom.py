"""bom.json: what it says of packages, of the image and of the bundle, and that it is CycloneDX."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.checkout import write
from wpdeploy import sbom
from wpdeploy.release import Release

DIGEST = "0123456789abcdef" * 4
VERSIONS = {"wpdeploy": "0.1.0", "python": "3.11", "platform": "x86_64", "wordpress": "6.9.4"}
RELEASE = Release(
    f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/blog/wordpress:c0ffee@sha256:{DIGEST}",
    *("c0ffee", "wp:17", "2026-11-20T11:00:00+01:00", "main", "Larger logo"),
    "https://ci.example/17",
    VERSIONS,
)
TEXT = "License: Apache License\n        Version 2.0, January 2004\n"
PACKAGES = {
    "Sample_One.x": "License-Expression: MIT OR Apache-2.0\nLicense: not this\n",
    "sample": TEXT + "Classifier: License :: OSI Approved :: BSD License\n",
    "six": "License: MIT\nClassifier: License :: OSI Approved :: MIT License\n",
    "zope": "Author: G\u00f6del\n",
}


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    """A lib/ of these packages, each of version 1.0+local and with its own hash."""
    headers = {
        name: f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0+local\n{more}\nReadme: no\n"
        for name, more in PACKAGES.items()
    }
    files = {f"{name}-1.0.dist-info/METADATA": text for name, text in headers.items()}
    hashes = {name: f"{number:064x}" for number, name in enumerate(PACKAGES)}
    write(tmp_path, files | {"wheels.json": json.dumps(hashes)})
    return tmp_path


def document(lib: Path, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom.text(replace(RELEASE, **changes), lib))
    return found


def components(lib: Path) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in document(lib)["components"]}


def test_it_is_a_document_of_cyclonedx(lib: Path) -> None:
    found = document(lib)
    assert {key: found[key] for key in ("bomFormat", "specVersion", "version")} == {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
    }
    uuid = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(uuid, found["serialNumber"])
    assert found["metadata"]["timestamp"] == "2026-11-20T10:00:00+00:00"


def test_each_part_has_what_the_format_requires_and_a_name_of_its_own(lib: Path) -> None:
    found = document(lib)
    parts = [found["metadata"]["component"], *found["components"]]
    parts += [inner for part in parts for inner in part.get("components", ())]
    assert {part["type"] for part in parts} == {"application", "library", "container"}
    assert all(part["name"] and part["version"] for part in parts)
    assert all(part["purl"] == part["bom-ref"] for part in parts)
    assert len({part["bom-ref"] for part in parts}) == len(parts) == 3 + len(PACKAGES)
    assert all(re.fullmatch(r"pkg:[a-z]+/[^@\s]+@[^@\s]+", part["purl"]) for part in parts)


def test_a_package_is_told_by_its_metadata_and_the_hash_of_its_wheel(lib: Path) -> None:
    assert components(lib)["Sample_One.x"] == {
        "type": "library",
        "bom-ref": "pkg:pypi/sample-one-x@1.0%2Blocal",
        "name": "Sample_One.x",
        "version": "1.0+local",
        "purl": "pkg:pypi/sample-one-x@1.0%2Blocal",
        "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    }


@pytest.mark.parametrize(
    ("name", "licences"), [("six", ["MIT", "MIT License"]), ("sample", ["BSD License"])]
)
def test_a_licence_without_an_expression_is_told_by_its_names(
    lib: Path, name: str, licences: list[str]
) -> None:
    assert components(lib)[name]["licenses"] == [{"license": {"name": each}} for each in licences]


def test_a_package_that_says_nothing_of_its_licence_has_none(lib: Path) -> None:
    assert "licenses" not in components(lib)["zope"]


def test_the_image_is_told_by_its_digest_and_has_wordpress_in_it(lib: Path) -> None:
    found = components(lib)["wordpress"]
    assert (found["type"], found["version"]) == ("container", f"sha256:{DIGEST}")
    assert found["purl"] == (
        f"pkg:oci/wordpress@sha256%3A{DIGEST}"
        "?repository_url=111122223333.dkr.ecr.eu-central-1.amazonaws.com/blog/wordpress&tag=c0ffee"
    )
    assert found["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    (inner,) = found["components"]
    assert inner["cpe"] == "cpe:2.3:a:wordpress:wordpress:6.9.4:*:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("image", "qualifiers"),
    [
        ("wordpress", "repository_url=wordpress"),
        ("localhost:5000/blog/wordpress", "repository_url=localhost:5000/blog/wordpress"),
        ("localhost:5000/wordpress:a_b", "repository_url=localhost:5000/wordpress&tag=a_b"),
    ],
)
def test_an_image_from_anywhere_has_its_repository(lib: Path, image: str, qualifiers: str) -> None:
    found = document(lib, image=f"{image}@sha256:{DIGEST}")["components"][-1]
    assert found["purl"] == f"pkg:oci/wordpress@sha256%3A{DIGEST}?{qualifiers}"


def test_an_image_whose_wordpress_is_not_known_says_nothing_of_it(lib: Path) -> None:
    versions = {key: value for key, value in VERSIONS.items() if key != "wordpress"}
    assert "components" not in document(lib, versions=versions)["components"][-1]


def test_the_bundle_itself_is_what_it_describes(lib: Path) -> None:
    found = document(lib)["metadata"]["component"]
    assert (found["name"], found["version"]) == ("wpdeploy", "0.1.0")
    assert {item["name"]: item["value"] for item in found["properties"]} == {
        "wpdeploy:commit": "c0ffee",
        "wpdeploy:branch": "main",
        "wpdeploy:build": "wp:17",
        "wpdeploy:python": "3.11",
        "wpdeploy:platform": "x86_64",
    }
    assert found["externalReferences"] == [{"type": "build-meta", "url": RELEASE.link}]
    assert "externalReferences" not in document(lib, link="")["metadata"]["component"]


def test_the_same_bundle_has_the_same_document_and_another_one_another(lib: Path) -> None:
    assert sbom.text(RELEASE, lib) == sbom.text(RELEASE, lib)
    numbers = {document(lib)["serialNumber"], document(lib, commit="beef")["serialNumber"]}
    (lib / "six-1.0.dist-info/METADATA").write_text("Name: six\nVersion: 2.0\n")
    assert len(numbers | {document(lib)["serialNumber"]}) == 3
