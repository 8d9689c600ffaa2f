"""The commands of buildspec.yml from end to end: docker's client, a registry, ECR's API."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import urllib3

from pipeline.docker import Docker
from pipeline.errors import BuildError
from sandbox import cluster
from sandbox.aws import Aws
from sandbox.bastion import Bastion, opened
from sandbox.certificates import Authority
from sandbox.site import Site
from tests.image.building import AUTHORITIES
from tests.image.engine import Engine
from tests.pipeline.codebuild import Outcome, Project
from tests.pipeline.conftest import BRANCH, REPOSITORY, SUBJECT, git
from tests.pipeline.ecr import Ecr

BUILD = ("build",)
# The first test waits for the first build, and on a new machine for the layers of its image.
pytestmark = pytest.mark.timeout(900)


def last_line(outcome: Outcome) -> str:
    return outcome.log.splitlines()[-1]


def described(ecr: Ecr, tag: str) -> dict[str, Any]:
    """What ECR's API says of the image."""
    found = ecr.client.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    details: dict[str, Any] = found["imageDetails"][0]
    return details


def manifest(ecr: Ecr, authority: Authority, tag: str) -> urllib3.BaseHTTPResponse:
    """The manifest that the registry has for the tag."""
    kinds = "application/vnd.docker.distribution.manifest.v2+json"
    headers = {"Accept": kinds, **urllib3.make_headers(basic_auth=f"AWS:{ecr.password}")}
    with urllib3.PoolManager(ca_certs=str(authority.file)) as http:
        return http.request(
            "GET", f"https://{ecr.host}/v2/{REPOSITORY}/manifests/{tag}", headers=headers
        )


@pytest.fixture(scope="module")
def first(project: Project, checkout: Path) -> Outcome:
    """The build of a commit, all its phases."""
    outcome = project.build(checkout, SCAN_THRESHOLD="CRITICAL")
    assert outcome.succeeded, outcome.log
    return outcome


@pytest.fixture(scope="module")
def commit(first: Outcome) -> str:
    return first.exported["COMMIT"]


@pytest.fixture(scope="module")
def release(first: Outcome) -> dict[str, Any]:
    """The release that is in the artifact."""
    with ZipFile(first.artifact) as archive:
        document: dict[str, Any] = json.loads(archive.read("release.json"))
    return document


def test_the_phases_succeed_in_their_order(first: Outcome) -> None:
    assert list(first.phases.items()) == [
        ("install", "SUCCEEDED"),
        ("pre_build", "SUCCEEDED"),
        ("build", "SUCCEEDED"),
    ]


def test_the_tests_have_their_reports(first: Outcome) -> None:
    [tests], [coverage] = first.reports["tests"], first.reports["coverage"]
    suite = ET.parse(tests).getroot().find("testsuite")  # noqa: S314  # of our own pytest
    assert suite is not None
    assert int(suite.get("tests", 0)) > 10
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    covered = ET.parse(coverage).getroot()  # noqa: S314  # the same
    assert covered.tag == "coverage"
    assert "release.py" in {each.get("filename") for each in covered.iter("class")}


def test_the_image_has_the_commit_as_its_tag_and_one_digest_everywhere(
    first: Outcome, commit: str, release: dict[str, Any], ecr: Ecr, authority: Authority
) -> None:
    found = manifest(ecr, authority, commit)
    digest = found.headers["Docker-Content-Digest"]
    assert described(ecr, commit)["imageDigest"] == digest
    assert release["image"] == f"{ecr.host}/{REPOSITORY}@{digest}" == first.exported["IMAGE"]


def test_the_image_says_what_it_was_built_from(commit: str, ecr: Ecr, engine: Engine) -> None:
    image = f"{ecr.host}/{REPOSITORY}:{commit}"
    labels = engine.inspect(image)["Labels"]
    assert labels["org.opencontainers.image.revision"] == commit
    assert labels["org.opencontainers.image.source"] == "https://git.example.com/site"
    certificates = engine.do("run", "--rm", "--entrypoint", "cat", image, AUTHORITIES)
    assert certificates.startswith("-----BEGIN CERTIFICATE-----")


def test_the_release_says_where_it_comes_from(
    checkout: Path, commit: str, release: dict[str, Any]
) -> None:
    assert commit == git(checkout, "rev-parse", "HEAD")
    assert (release["commit"], release["branch"]) == (commit, BRANCH)
    assert release["subject"] == SUBJECT
    assert release["build"] == "site-build:5f0c"
    assert "/projects/site-build/build/site-build%3A5f0c/" in release["link"]


def test_the_approval_can_tell_what_it_is_about(first: Outcome) -> None:
    assert first.exported["SUBJECT"] == SUBJECT
    assert 1_000_000 < int(first.exported["BUNDLE_BYTES"]) <= first.artifact.stat().st_size


def test_the_artifact_is_the_bundle_with_its_paths(first: Outcome) -> None:
    with ZipFile(first.artifact) as archive:
        names = set(archive.namelist())
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert {"appspec.yml", "hooks/run", "wpdeploy/cli.py", "k8s/parameters.yaml"} <= names
    assert modes["hooks/run"] & 0o111 == 0o111
    assert {name.partition("/")[0] for name in names}.isdisjoint({"pipeline", "sandbox", "tests"})


def test_this_very_artifact_is_deployed_with_the_registrys_digest(
    first: Outcome, commit: str, aws: Aws, ecr: Ecr, tmp_path: Path
) -> None:
    log: list[str] = []
    source = opened(first.artifact, tmp_path / "given")
    with cluster.simulated(aws, tmp_path) as place:
        around = (tmp_path, place.kubeconfig, place.changes)
        site = Site(aws, place.namespace, *around, eks=place.eks, source=source)
        site.store()
        timeline = Bastion(site, tmp_path, notify=log.append).deploy_source()
        assert timeline.failed is None, "\n".join(log)
        path = f"/apis/apps/v1/namespaces/{place.namespace}/deployments/wordpress"
        pod = (place.admin.get(path, path) or {})["spec"]["template"]["spec"]
        assert place.serving("wordpress") == 3
    digest = described(ecr, commit)["imageDigest"]
    assert [each["image"] for each in pod["containers"]] == [f"{ecr.host}/{REPOSITORY}@{digest}"]


def test_nothing_of_the_login_is_left(first: Outcome, project: Project, ecr: Ecr) -> None:
    config = Path(project.environ["HOME"], ".docker", "config.json")
    assert json.loads(config.read_text()).get("auths", {}) == {}
    assert ecr.password not in first.log


@pytest.mark.usefixtures("first")
def test_the_same_commit_is_not_built_again(
    project: Project, checkout: Path, commit: str, release: dict[str, Any], ecr: Ecr
) -> None:
    before = described(ecr, commit)
    outcome = project.build(checkout, BUILD, DOCKER_HOST="unix:///nowhere")
    assert outcome.succeeded, outcome.log
    assert f"which is not built again: {before['imageDigest']}" in outcome.log
    assert described(ecr, commit) == before
    assert outcome.exported["IMAGE"] == release["image"]


@pytest.mark.usefixtures("first")
def test_a_scan_over_the_threshold_fails_the_build_with_its_counts(
    project: Project, checkout: Path
) -> None:
    outcome = project.build(checkout, BUILD, SCAN_THRESHOLD="HIGH")
    assert outcome.phases == {"build": "FAILED"}
    assert "  HIGH CVE-9999-9999 moto_fake 9.9.9" in outcome.log
    told = "pipeline scan: scan: the image has 1 HIGH, and SCAN_THRESHOLD is HIGH"
    assert last_line(outcome).startswith(told)
    assert outcome.exported.keys() == set()


def test_the_next_commit_has_all_layers_but_the_last_of_the_image_before(
    first: Outcome, project: Project, checkout: Path, ecr: Ecr, authority: Authority
) -> None:
    plugin = checkout / "sources/wp-content/plugins/footer-line/footer-line.php"
    plugin.write_text(plugin.read_text().replace("Deployed by wpdeploy.", "Another line."))
    git(checkout, "commit", "--quiet", "--all", "--message", "Another line")
    outcome = project.build(checkout, BUILD)
    assert outcome.succeeded, outcome.log
    tags = first.exported["COMMIT"], outcome.exported["COMMIT"]
    before, after = (
        [layer["digest"] for layer in manifest(ecr, authority, tag).json()["layers"]]
        for tag in tags
    )
    shared = [one == other for one, other in zip(before, after, strict=True)]
    assert shared.index(False) >= len(before) - 2


def test_a_tag_that_is_there_is_never_moved(
    project: Project, commit: str, ecr: Ecr, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_HOST", "HOME"):
        monkeypatch.setenv(name, project.environ[name])
    before = described(ecr, commit)
    docker = Docker(lambda _: None)
    with docker.login(ecr.host, ecr.password), pytest.raises(BuildError) as caught:
        docker.push(f"{ecr.host}/{REPOSITORY}:{commit}")
    assert "pushed by another build meanwhile" in str(caught.value)
    assert described(ecr, commit) == before


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"DOCKER_HOST": "unix:///nowhere"},
            "pipeline image: docker version: does not run here (switch on privileged mode",
        ),
        (
            {"IMAGE_REPOSITORY": "127.0.0.1:9/another"},
            "pipeline image: ECR: there is no repository another in eu-central-1 (set",
        ),
        (
            {"IMAGE_REPOSITORY": ""},
            "pipeline image: variables: IMAGE_REPOSITORY must be the URI of a repository of ECR",
        ),
        (
            {"WORDPRESS_SHA256": "0" * 64},
            "pipeline image: docker build: WORDPRESS_SHA256 is not the checksum of http://",
        ),
    ],
    ids=["no docker", "no repository", "no variable", "another tarball"],
)
def test_a_failure_ends_the_build_with_one_line(
    project: Project, checkout: Path, variables: dict[str, str], line: str
) -> None:
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "Nothing")
    outcome = project.build(checkout, BUILD, **variables)
    assert outcome.phases == {"build": "FAILED"}
    assert last_line(outcome).startswith(line)
    assert "[Container] Running command .venv/bin/python -m pipeline scan" not in outcome.log
