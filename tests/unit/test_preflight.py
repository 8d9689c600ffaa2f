"""What is made of facts before a deployment changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.fake_cluster import refused
from tests.unit.shipped import RELEASE, shipped
from wpdeploy import preflight
from wpdeploy.errors import ClusterError, ConfigurationError, Exit, ManifestError
from wpdeploy.preflight import Finding, Level
from wpdeploy.rights import Right
from wpdeploy.settings import Autoscaling, Settings, Uploads, WordPress

OK, WARNING, FAILED, SKIPPED = Level.OK, Level.WARNING, Level.FAILED, Level.SKIPPED
ENV = shipped().env


def test_a_finding_as_people_read_it() -> None:
    assert str(preflight.ok("clock", "is right")) == "clock: is right"
    assert str(preflight.warning("clock", "is late", "wind it")) == "clock: is late (wind it)"


@pytest.mark.parametrize(
    ("env", "level"),
    [
        (replace(ENV, wordpress=WordPress(replicas=1)), OK),
        (replace(ENV, wordpress=WordPress(replicas=0)), OK),
        (replace(ENV, wordpress=WordPress(replicas=2)), WARNING),
        (replace(ENV, uploads=Uploads(enabled=True)), OK),
        (
            replace(ENV, wordpress=WordPress(replicas=1), autoscaling=Autoscaling(enabled=True)),
            WARNING,
        ),
        (replace(ENV, autoscaling=Autoscaling(enabled=True, min_replicas=1, max_replicas=1)), OK),
    ],
    ids=["one", "none", "two", "shared", "as many as may be", "one at most"],
)
def test_uploads_of_several_pods(env: Settings, level: Level) -> None:
    assert preflight.uploads(env).level is level


@pytest.mark.parametrize(
    ("seconds", "signs", "level", "told"),
    [
        (0, True, OK, "agrees with the API server's to a minute"),
        (60, True, OK, "agrees with the API server's to a minute"),
        (-60, True, OK, "agrees with the API server's to a minute"),
        (61, True, WARNING, "1 min ahead of the API server's"),
        (-300, True, WARNING, "5 min behind the API server's"),
        (301, True, FAILED, "5 min ahead of the API server's: STS refuses what is signed by it"),
        (-7200, True, FAILED, "120 min behind the API server's: STS refuses what is signed by it"),
        (-7200, False, WARNING, "120 min behind the API server's"),
    ],
)
def test_the_clock(seconds: float, level: Level, told: str, *, signs: bool) -> None:
    found = preflight.clock(timedelta(seconds=seconds), signs=signs)
    assert (found.level, found.sentence) == (level, told)
    assert found.exit is (Exit.CLUSTER if level is FAILED else Exit.SUCCESS)


@pytest.mark.parametrize(
    ("found", "level", "told"),
    [
        ({"metadata": {}}, OK, "blog"),
        (None, FAILED, "blog does not exist"),
        ({"metadata": {"deletionTimestamp": "now"}}, FAILED, "blog is being deleted"),
    ],
)
def test_the_namespace(found: dict[str, Any] | None, level: Level, told: str) -> None:
    finding = preflight.namespace("blog", found)
    assert (finding.level, finding.sentence) == (level, told)


GET = Right("", "secrets", "get")
WATCH = Right("", "pods", "watch")


@pytest.mark.parametrize(
    ("denied", "level", "told"),
    [
        ([], OK, "all that k8s/cluster/role.yaml has"),
        ([GET], WARNING, "cannot get secrets: the other checks tell whether that matters"),
        ([WATCH], FAILED, "cannot watch pods"),
        ([GET, WATCH], FAILED, "cannot watch pods"),
        ([WATCH] * 8, FAILED, f"cannot {'watch pods, ' * 6}and 2 more"),
    ],
)
def test_rights_that_are_missing(denied: list[Right], level: Level, told: str) -> None:
    found = preflight.rights(denied)
    assert (found.level, found.sentence) == (level, told)


def test_an_ingress_class() -> None:
    there = {"spec": {"controller": "ingress.k8s.aws/alb"}}
    assert preflight.ingress_class("alb", there).sentence == "alb, served by ingress.k8s.aws/alb"
    assert preflight.ingress_class("alb", None).level is FAILED


def test_an_image() -> None:
    short = f"registry.example/wordpress@sha256:{'a' * 12}"
    assert preflight.image(RELEASE, {}).sentence == f"{short} is there"
    found = preflight.image(RELEASE, None)
    assert (found.exit, found.sentence) == (Exit.CONFIGURATION, f"{short} is not there")


@pytest.mark.parametrize(
    ("images", "nodes", "level", "told"),
    [
        (["amd64"], ["amd64", "amd64"], OK, "the image is for amd64, as the nodes are"),
        (
            ["arm64"],
            ["amd64", "arm64"],
            FAILED,
            "the image is for arm64, but there are nodes of amd64",
        ),
        ([], ["amd64"], SKIPPED, "the image's is not known: it is a single manifest"),
        (["arm64", "amd64"], [], SKIPPED, "the nodes' is not known; the image has amd64, arm64"),
    ],
)
def test_the_architecture(images: list[str], nodes: list[str], level: Level, told: str) -> None:
    found = preflight.architecture(images, nodes)
    assert (found.level, found.sentence) == (level, told)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"layers": []}, []),
        ({"manifests": [{"platform": {"os": "linux", "architecture": "arm64"}}]}, ["arm64"]),
        ({"manifests": [{"platform": {"os": "unknown", "architecture": "unknown"}}]}, []),
        ({"manifests": [{"platform": {"os": "windows", "architecture": "amd64"}}]}, []),
        ({"manifests": [{}]}, []),
    ],
    ids=["a single manifest", "an index", "an attestation", "windows", "no platform"],
)
def test_the_platforms_of_an_image(manifest: Mapping[str, Any], expected: list[str]) -> None:
    assert preflight.platforms(manifest) == expected


def test_the_nodes_that_a_template_asks_for() -> None:
    own = [*shipped().objects.values()]
    assert preflight.selected(own) == []
    pod = shipped().objects["Deployment"]
    pod["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/arch": "arm64"}
    assert preflight.selected([pod]) == ["arm64"]


@dataclass(frozen=True)
class Stored:
    """A parameter's version."""

    name: str = "/blog/x"
    version: int = 1
    modified: str = "then"


@pytest.mark.parametrize(
    "variable",
    [
        f"WORDPRESS_{kind}_{end}"
        for kind in ("AUTH", "NONCE", "LOGGED_IN")
        for end in ("KEY", "SALT")
    ],
)
@pytest.mark.parametrize(
    "now",
    [Stored(version=2), Stored(modified="later"), Stored(name="/other/x")],
    ids=["version", "date", "name"],
)
def test_a_salt_that_changed(variable: str, now: Stored) -> None:
    found = preflight.salts({variable: now}, {variable: Stored()})
    told = f"{now.name} changed since the last release: everybody is logged out"
    assert (found.level, found.sentence) == (WARNING, told)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ({"WORDPRESS_AUTH_KEY": Stored()}, {"WORDPRESS_AUTH_KEY": Stored()}),
        ({"WORDPRESS_DB_PASSWORD": Stored(version=2)}, {"WORDPRESS_DB_PASSWORD": Stored()}),
        ({"WORDPRESS_AUTH_KEY": Stored()}, {}),
        ({"WORDPRESS_AUTH_KEY": Stored()}, None),
    ],
    ids=["the same", "no salt", "new", "no release before"],
)
def test_no_salt_that_changed(
    now: Mapping[str, Stored], before: Mapping[str, Stored] | None
) -> None:
    assert preflight.salts(now, before).level is OK


def test_an_error_that_a_deployment_ends_in() -> None:
    error = ManifestError("k8s/wordpress", ["one", "two"], "do this")
    expected = Finding("templates", FAILED, "k8s/wordpress: one; two", "do this", Exit.MANIFEST)
    assert preflight.of_error("templates", error) == expected


@pytest.mark.parametrize(
    ("error", "sentence", "hint"),
    [
        (ConfigurationError("here", "what", "do"), "not known: here: what", "do"),
        (ClusterError("here", ["one", "two"]), "not known: here: one; two", ""),
        (
            refused("IngressClass alb", 403, 'User "u" cannot get it at the cluster scope'),
            "not known: may not look at IngressClass alb",
            "no Role in a namespace grants it",
        ),
        (
            refused("ResourceQuotas", 403, 'User "u" cannot list it in the namespace "blog"'),
            "not known: may not look at ResourceQuotas",
            "have an administrator run bootstrap, and see that the user has the group wpdeploy",
        ),
    ],
)
def test_an_error_that_no_deployment_ends_in(error: ClusterError, sentence: str, hint: str) -> None:
    found = preflight.not_known("quota", error)
    assert found == Finding("quota", WARNING, sentence, hint)


@pytest.mark.parametrize(
    ("is_writable", "code"), [(True, Exit.SUCCESS), (False, Exit.CONFIGURATION)]
)
def test_the_state_directory(code: Exit, *, is_writable: bool) -> None:
    assert preflight.state_directory("/var/x", is_writable=is_writable).exit is code
