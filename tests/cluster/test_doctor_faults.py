"""Each check of `doctor` broken in turn, as the table of docs/doctor.md has it."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.aws import Aws
from tests.cluster.conftest import through_eks
from tests.cluster.doctor import ROWS, lines, push
from tests.cluster.plane import Plane
from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Json, Site

SALT = "hunter2-s4lt"
RBAC = "rbac.authorization.k8s.io"
DENIED = "User: arn:aws:sts::111122223333:assumed-role/bastion/i-0 is not authorized to perform: "
XML = "<ErrorResponse><Error><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>"
Fault = Callable[[Site, pytest.FixtureRequest], Mapping[str, str]]
FAULTS: dict[str, Fault] = {}


@pytest.fixture
def access(plane: Plane, aws: Aws) -> str:
    """Through EKS alone: nothing here is about a kubeconfig."""
    return through_eks(plane, aws)


@pytest.fixture
def refusing() -> Iterator[Callable[[int, str], str]]:
    """A service of AWS that refuses everything, with that status and body; its address."""
    servers: list[HTTPServer] = []

    def start(status: int, body: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fault(name: str) -> Callable[[Fault], Fault]:
    def register(function: Fault) -> Fault:
        FAULTS[name] = function
        return function

    return register


def write(site: Site, file: str, old: str, new: str) -> None:
    """Replace something in a file of the bundle."""
    path = site.bundle / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(request: pytest.FixtureRequest, message: str) -> str:
    body = json.dumps({"__type": "AccessDeniedException", "Message": message})
    return str(request.getfixturevalue("refusing")(400, body))


def without(site: Site, resource: str, verb: str) -> None:
    """Take a right out of the Role."""
    path = site.collection("roles", f"{RBAC}/v1") + "/wpdeploy"
    role = site.ask("GET", path)
    single = [rule | {"resources": [each]} for rule in role["rules"] for each in rule["resources"]]
    for rule in single:
        if rule["resources"] == [resource]:
            rule["verbs"] = [each for each in rule["verbs"] if each != verb]
    role["rules"] = [rule for rule in single if rule["verbs"]]
    site.ask("PUT", path, role)


@fault("a key that the environment file does not know")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    site.configure({"wordpress": {"replica": 3}})
    return {}


@fault("release.json without a digest")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    write(site, "release.json", "@sha256:" + "a" * 64, "")
    return {}


@fault("a file where the state directory should be")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    (site.directory / "root").write_text("")
    return {}


@fault("STS refuses to say who we are")
def _(_site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    body = XML.format("ExpiredToken", "The security token included in the request is expired")
    return {"AWS_ENDPOINT_URL_STS": request.getfixturevalue("refusing")(403, body)}


@fault("two parameters deleted")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    for name in ("mysql_password", "nonce_salt"):
        site.aws.delete_parameter(f"{site.path}/{name}")
    return {}


@fault("ssm:GetParameters not allowed")
def _(site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    arn = f"arn:aws:ssm:eu-central-1:111122223333:parameter{site.path}/mysql_password"
    message = f"{DENIED}ssm:GetParameters on resource: {arn} because no policy allows it"
    return {"AWS_ENDPOINT_URL_SSM": refused(request, message)}


@fault("kms:Decrypt not allowed")
def _(_site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    key = "arn:aws:kms:eu-central-1:111122223333:key/0f1e"
    message = f"{DENIED}kms:Decrypt on resource: {key} because no policy allows it"
    return {"AWS_ENDPOINT_URL_SSM": refused(request, message)}


@fault("a misspelt name in a template")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    write(site, "k8s/wordpress/service.yaml.j2", "{{ selector }}", "{{ selektor }}")
    return {}


@fault("the image deleted from ECR")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    push(site, "amd64", digest="b")
    return {}


@fault("ecr:BatchGetImage not allowed")
def _(_site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    arn = "arn:aws:ecr:eu-central-1:111122223333:repository/wordpress"
    message = f"{DENIED}ecr:BatchGetImage on resource: {arn} because no policy allows it"
    return {"AWS_ENDPOINT_URL_ECR": refused(request, message)}


@fault("an image of another registry")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    write(site, "release.json", "111122223333.dkr.ecr.eu-central-1.amazonaws.com", "ghcr.io/blog")
    return {}


@fault("an EKS cluster that does not exist")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    site.configure({"cluster": {"eks": "nowhere"}})
    return {}


@fault("a role without an access entry")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    return site.aws.assume("stranger").environ


@fault("a clock two minutes ahead")
def _(_site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    return clock(request, timedelta(minutes=-2))


@fault("a clock an hour behind")
def _(_site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    return clock(request, timedelta(hours=1))


def clock(request: pytest.FixtureRequest, ahead: timedelta) -> Mapping[str, str]:
    """Let the API server's first answer come from a clock that is so much ahead of ours."""
    proxy: Proxy = request.getfixturevalue("proxy")

    def version(_method: str, path: str) -> Answer | None:
        date = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
        told = Answer(200, '{"gitVersion": "v1.20.2"}', (("Date", date),))
        return told if path == "/version" else None

    proxy.rules.append(version)
    return {}


@fault("a namespace that is not there")
def _(site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    site.configure({"namespace": "nowhere"})
    everywhere(site, request, {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]})
    return {}


@fault("no right to look at the namespace")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    without(site, "namespaces", "get")
    return {}


@fault("no right to list the pods")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    without(site, "pods", "list")
    return {}


@fault("no right to patch Services")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    without(site, "services", "patch")
    return {}


@fault("no right to patch HorizontalPodAutoscalers, which the release has not")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    without(site, "horizontalpodautoscalers", "patch")
    return {}


@fault("an IngressClass that does not exist, and the right to look")
def _(site: Site, request: pytest.FixtureRequest) -> Mapping[str, str]:
    rule = {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": ["get"]}
    everywhere(site, request, rule)
    return {}


def everywhere(site: Site, request: pytest.FixtureRequest, rule: Json) -> None:
    """Give wpdeploy a right in all namespaces, until the test ends."""
    name, api = f"wpdeploy-{site.namespace}", f"/apis/{RBAC}/v1"
    site.ask("POST", f"{api}/clusterroles", {"metadata": {"name": name}, "rules": [rule]})
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
    subject = {"apiGroup": RBAC, "kind": "Group", "name": "wpdeploy"}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    site.ask("POST", f"{api}/clusterrolebindings", binding)
    for plural in ("clusterrolebindings", "clusterroles"):
        request.addfinalizer(partial(site.ask, "DELETE", f"{api}/{plural}/{name}"))


@fault("an image for arm64 alone, and a nodeSelector for amd64")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    push(site, "arm64")
    name = "serviceAccountName: {{ name }}"
    chosen = f"{name}\n      nodeSelector: {{kubernetes.io/arch: amd64}}"
    write(site, "k8s/wordpress/deployment.yaml.j2", name, chosen)
    return {}


@fault("a Deployment that runs with another selector")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    labels = {"app": "wordpress"}
    pod = {"containers": [{"name": "wordpress", "image": "wordpress:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "wordpress"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    path = site.collection("deployments") + "/wordpress?fieldManager=wpdeploy"
    site.ask("PATCH", path, body, "application/apply-patch+yaml")
    return {}


@fault("a ResourceQuota with room for one pod")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    return quota(site, {"pods": "1"})


@fault("a ResourceQuota of CPU limits, which the pods have not")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    return quota(site, {"limits.cpu": "10"})


def quota(site: Site, hard: Json) -> Mapping[str, str]:
    body = {"metadata": {"name": "small"}, "spec": {"hard": hard}}
    site.ask("POST", site.collection("resourcequotas", "v1"), body)
    return {}


@fault("auth_key changed after a release")
def _(site: Site, _request: pytest.FixtureRequest) -> Mapping[str, str]:
    site.deployed()
    site.put("auth_key", SALT)
    return {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_as_the_document_says(
    name: str, site: Site, request: pytest.FixtureRequest
) -> None:
    push(site, "amd64", "arm64")
    environ = FAULTS[name](site, request)
    result = site.run("doctor", **environ)
    printed = lines(site, result)
    row = ROWS[name]
    assert row.line in printed, result.output
    assert result.code == row.code, result.output
    assert len(result.block) <= 13
    assert SALT not in result.output


def test_the_document_has_each_fault_and_no_other() -> None:
    assert list(ROWS) == list(FAULTS)
