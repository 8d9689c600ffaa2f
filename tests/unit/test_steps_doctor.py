"""`doctor` looks at everything that can still be looked at, and says how it ends."""

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import SECRET, Bundle, store
from tests.unit.wire import Received, Server, answer, forget_surroundings, text
from wpdeploy.errors import Exit
from wpdeploy.kinds import Manifest
from wpdeploy.steps import doctor
from wpdeploy.steps.doctor import CHECKS

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "doctor.md"
THERE: dict[str, Manifest] = {
    "/api/v1/namespaces/blog": {"metadata": {"name": "blog"}},
    "/apis/networking.k8s.io/v1/ingressclasses/alb": {"spec": {"controller": "a/b"}},
    "/api/v1/nodes": {"items": [{"status": {"nodeInfo": {"architecture": "arm64"}}}]},
}
INDEX = {"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}
DENIED = "User: x is not authorized to perform: ssm:GetParameters on resource: arn:of:"


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        started.cluster.objects |= THERE
        yield started


@pytest.fixture
def denied() -> set[str]:
    """The parameters that nobody may read."""
    return set()


@pytest.fixture
def bundle(
    api: ApplyServer, denied: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bundle]:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")

    def current(handler: BaseHTTPRequestHandler) -> None:
        _aws(server.received[-1], denied)(handler)

    with Server(*[current] * 20) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield Bundle(tmp_path, api.url)


def _aws(request: Received, denied: set[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    if b"GetCallerIdentity" in request.body:
        return text("<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>", 403)
    if request.headers["x-amz-target"].endswith(".BatchGetImage"):
        return answer({"images": [{"imageManifest": json.dumps(INDEX)}]})
    names = request.document["Names"]
    for name in sorted(denied & set(names)):
        message = DENIED + name
        return answer({"__type": "AccessDeniedException", "Message": message}, 400)
    return store(dict.fromkeys(names, SECRET))


def line(bundle: Bundle, check: str) -> str:
    """What was told of a check."""
    return next(told for told in bundle.told if told[9:].startswith(f"{check}: "))


def test_each_check_is_told_once_in_its_order(bundle: Bundle) -> None:
    report = bundle.run(doctor.run)
    assert [told[9:].partition(":")[0] for told in bundle.told] == [each.name for each in CHECKS]
    assert [each["check"] for each in report.data["checks"]] == [each.name for each in CHECKS]


def test_what_a_check_needs_comes_before_it() -> None:
    before: set[str] = set()
    for check in CHECKS:
        assert set(check.needs) <= before
        assert check.name not in before
        before.add(check.name)


def test_the_document_explains_each_check_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Za-z ]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [check.name for check in CHECKS]


def test_the_first_that_fails_decides_the_exit_code(bundle: Bundle, denied: set[str]) -> None:
    denied.add("/blog/password")
    bundle.write("release.json", "{}")
    report = bundle.run(doctor.run)
    failed = [label for label, _ in report.rows if label == "failed"]
    assert (report.exit, len(failed)) == (Exit.CONFIGURATION, 2)
    assert report.rows[0][1].startswith("release: release.json: ")
    assert line(bundle, "templates") == "skipped  templates: needs release, parameters"


def test_each_parameter_that_is_denied_is_named(bundle: Bundle, denied: set[str]) -> None:
    denied.update({"/blog/host", "/blog/password"})
    assert bundle.run(doctor.run).exit is Exit.PARAMETERS
    told = line(bundle, "parameters")
    assert "ssm:GetParameters on arn:of:/blog/host; " in told
    assert "ssm:GetParameters on arn:of:/blog/password (allow" in told


def test_one_that_is_denied_is_not_told_of_the_others(bundle: Bundle, denied: set[str]) -> None:
    denied.add("/blog/password")
    bundle.run(doctor.run)
    assert "/blog/host" not in line(bundle, "parameters")


def test_who_we_are_decides_nothing(bundle: Bundle) -> None:
    bundle.run(doctor.run)
    assert line(bundle, "identity").startswith("warning  identity: not known: STS")


def test_without_credentials_the_parameters_fail(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert bundle.run(doctor.run).exit is Exit.PARAMETERS
    for check, level in (("identity", "warning"), ("parameters", "failed")):
        told = line(bundle, check)
        assert told.startswith(level)
        assert "there are no AWS credentials" in told


def test_an_api_server_that_cannot_be_reached_says_nothing_of_the_clock(bundle: Bundle) -> None:
    document = json.loads(Path(bundle.kubeconfig).read_text())
    document["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    Path(bundle.kubeconfig).write_text(json.dumps(document))
    assert bundle.run(doctor.run).exit is Exit.CLUSTER
    assert line(bundle, "clock") == "skipped  clock: needs an answer of the API server"
    assert line(bundle, "rights") == "skipped  rights: needs API server"


def test_the_nodes_are_looked_at_by_whoever_may(bundle: Bundle) -> None:
    release = (bundle.context.bundle / "release.json").read_text()
    host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
    bundle.write("release.json", release.replace("registry.example", host))
    assert bundle.run(doctor.run).exit is Exit.CONFIGURATION
    told = "failed   architecture: the image is for amd64, but there are nodes of arm64 ("
    assert line(bundle, "architecture").startswith(told)


def test_without_an_ingress_its_class_is_not_looked_at(bundle: Bundle) -> None:
    environment = bundle.context.environment_file
    environment.write_text(environment.read_text() + "ingress: {enabled: false}\n")
    bundle.run(doctor.run)
    assert line(bundle, "ingress class") == "skipped  ingress class: ingress.enabled is false"


def test_no_value_of_a_parameter_is_told(bundle: Bundle) -> None:
    report = bundle.run(doctor.run)
    assert "2 read and decrypted" in line(bundle, "parameters")
    assert SECRET not in str(report) + str(bundle.told)
