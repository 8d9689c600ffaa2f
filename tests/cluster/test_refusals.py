"""What cannot be deployed: one clear error, its exit code, and nothing changed in the cluster."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.site import Result, Site

REASON = "on resource: arn:aws:ssm:eu-central-1:111122223333:parameter/wordpress/x/mysql_password"
USER = "User: arn:aws:sts::111122223333:assumed-role/bastion/i-0 is not authorized to perform: "


@pytest.fixture
def access() -> None:
    """Many of them are about the kubeconfig: test_eks_refusals.py has those about EKS."""


def kubeconfig(site: Site, change: Callable[[dict[str, Any]], None]) -> None:
    """Give the site a changed copy of its kubeconfig."""
    document = json.loads(site.kubeconfig.read_text())
    change(document)
    copy = site.directory / "kubeconfig"
    copy.write_text(json.dumps(document))
    site.kubeconfig = copy
    site.configure()


def cluster_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["clusters"][0]["cluster"]
    return found


def refused(site: Site, code: int, *expected: str, step: str = "render", **environ: str) -> Result:
    """Run a step that must end with the code and the words, and change nothing."""
    before = site.fingerprint()
    result = site.run(step, **environ)
    assert result.code == code, result.output
    assert len(result.block) <= 13
    for text in expected:
        assert text in result.verdict
    assert site.fingerprint() == before
    left = list((site.directory / "root").rglob("*")) if (site.directory / "root").exists() else []
    assert not [path for path in left if path.is_file()]
    return result


def test_an_unknown_group(site: Site) -> None:
    for step in ("cleanup", "render", "apply", "validate"):
        refused(
            site,
            3,
            'there is no environment for the deployment group "Staging"',
            "there are Production, Test",
            step=step,
            DEPLOYMENT_GROUP_NAME="Staging",
        )


def test_no_group(site: Site) -> None:
    refused(site, 2, "no deployment group", DEPLOYMENT_GROUP_NAME="")


def test_missing_parameters_are_told_all_at_once(site: Site) -> None:
    for name in ("mysql_password", "nonce_salt"):
        site.aws.delete_parameter(f"{site.path}/{name}")
    refused(
        site,
        4,
        "2 problems",
        f"{site.path}/mysql_password does not exist",
        f"{site.path}/nonce_salt does not exist",
    )


@pytest.fixture
def denying() -> Iterator[Callable[[str], str]]:
    """A Parameter Store that denies everything, in the given words; its address."""
    servers: list[HTTPServer] = []

    def start(message: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = {"__type": "AccessDeniedException", "Message": message}
                body = json.dumps(document).encode()
                self.send_response(400)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_denied_parameter(site: Site, denying: Callable[[str], str]) -> None:
    url = denying(USER + "ssm:GetParameters " + REASON + " because no policy allows it")
    refused(
        site,
        4,
        "SSM Parameter Store: access denied: ssm:GetParameters on "
        "arn:aws:ssm:eu-central-1:111122223333:parameter/wordpress/x/mysql_password",
        AWS_ENDPOINT_URL_SSM=url,
    )


def test_a_denied_key(site: Site, denying: Callable[[str], str]) -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/0f1e"
    url = denying(USER + f"kms:Decrypt on resource: {key} because no policy allows it")
    wanted = f"KMS: access denied: kms:Decrypt on {key}"
    refused(site, 4, wanted, AWS_ENDPOINT_URL_SSM=url)


def test_an_environment_file_with_faults(site: Site) -> None:
    path = site.bundle / "k8s/environments/Test.yaml"
    path.write_text(
        "cluster: {kubeconfig: /x}\n"
        "namespace: Word_Press\n"
        "parameters: {path: /x}\n"
        "wordpress:\n"
        "  replica: 3\n"
        "  resources: {requests: {cpu: lots}}\n"
    )
    refused(
        site,
        3,
        "3 problems",
        'line 2: namespace is "Word_Press"',
        'line 5: wordpress has the unknown key "replica": did you mean "replicas"?',
        'line 6: wordpress.resources.requests.cpu is "lots"',
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("metadata: {name: {{ nmae }}}", "line 3: 'nmae' is undefined"),
        ("metadata: {name: '{{ name }}'}", "line 3: {{ ... }} must stand alone as a value"),
        ("metadata: {name: {{ name }}", "did not find expected ',' or '}'"),
        ("metadata: {name: {{ name }}}\nspec: {% if %}", "line 4: Expected an expression"),
        ("metadata: {name: Word Press}", "metadata.name is 'Word Press'"),
        ("metadata: {name: x, namespace: kube-system}", 'metadata.namespace is "kube-system"'),
    ],
)
def test_a_template_with_a_fault(site: Site, text: str, told: str) -> None:
    template = site.bundle / "k8s/wordpress/config.yaml.j2"
    template.write_text(f"apiVersion: v1\nkind: ConfigMap\n{text}\n")
    refused(site, 5, told)


def test_a_field_that_the_api_server_does_not_know(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/service.yaml.j2"
    template.write_text(template.read_text().replace("  ports:", "  prots:"))
    refused(site, 5, "Service wordpress: invalid", "prots")


def test_a_value_of_the_wrong_type(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/deployment.yaml.j2"
    text = template.read_text()
    template.write_text(text.replace("revisionHistoryLimit: 5", "revisionHistoryLimit: five"))
    refused(site, 5, "Deployment wordpress: invalid", "revisionHistoryLimit")


def test_a_missing_namespace(site: Site) -> None:
    cluster_wide(site)
    site.configure({"namespace": "nowhere"})
    refused(site, 6, 'the namespace "nowhere" does not exist', "an administrator run bootstrap")


def cluster_wide(site: Site) -> None:
    """Give the user the Role's rules in every namespace: else one that is missing is forbidden."""
    group = "rbac.authorization.k8s.io"
    role = site.ask("GET", site.collection("roles", f"{group}/v1") + "/wpdeploy")
    name = f"wpdeploy-{site.namespace}"
    api = f"/apis/{group}/v1"
    rules = {"metadata": {"name": name}, "rules": role["rules"]}
    site.ask("POST", f"{api}/clusterroles", rules)
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": name}
    subject = {"apiGroup": group, "kind": "Group", "name": name}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    site.ask("POST", f"{api}/clusterrolebindings", binding)
    site.kubeconfig = site.plane.kubeconfig("far", [name])


def test_a_forbidden_verb(site: Site) -> None:
    path = site.collection("roles", "rbac.authorization.k8s.io/v1") + "/wpdeploy"
    role = site.ask("GET", path)
    for rule in role["rules"]:
        if "services" in rule["resources"]:
            rule["verbs"].remove("patch")
    site.ask("PUT", path, role)
    result = refused(site, 6, "forbidden", 'cannot patch resource "services"', "run bootstrap")
    assert "Deployment" not in result.verdict, "what is allowed is not complained of"


def test_a_kind_that_the_api_server_does_not_have(site: Site) -> None:
    site.configure({"cron": {"enabled": True}})
    refused(
        site, 6, "the API server has no such API for CronJob wordpress-cron", "switch the object"
    )


def test_an_unreachable_api_server(site: Site) -> None:
    kubeconfig(site, lambda document: cluster_of(document).update(server="https://127.0.0.1:9"))
    result = refused(site, 6, "API server https://127.0.0.1:9: cannot be reached", "refused")
    assert "trying again (7 of 8)" in result.output


def test_a_bad_certificate(site: Site) -> None:
    def forget(document: dict[str, Any]) -> None:
        del cluster_of(document)["certificate-authority-data"]

    kubeconfig(site, forget)
    result = refused(site, 6, "TLS failed", "certificate verify failed", "the cluster's CA")
    assert "trying again" not in result.output, "another try does not make a certificate better"


def test_a_user_whom_the_api_server_does_not_know(site: Site) -> None:
    def rename(document: dict[str, Any]) -> None:
        document["users"][0]["user"] = {"token": "nobody's"}

    kubeconfig(site, rename)
    refused(site, 6, "does not know who is asking (401)")


@pytest.mark.parametrize("text", [None, "", "{", "\0binary\xff", "kind: Config", "clusters: 3"])
def test_an_unusable_kubeconfig(site: Site, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "broken"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    site.configure({"cluster": {"kubeconfig": str(path)}})
    refused(site, 3, f"{path}: is no usable kubeconfig", "cluster.kubeconfig")


def test_an_unknown_context(site: Site) -> None:
    site.configure({"cluster": {"context": "nowhere"}})
    refused(site, 3, "is no usable kubeconfig", "nowhere")


def test_apply_without_render(site: Site) -> None:
    refused(site, 3, "there is no such file", "run `render` first", step="apply")


def test_a_release_that_has_no_digest(site: Site) -> None:
    release = site.bundle / "release.json"
    release.write_text(release.read_text().replace("@sha256:", "@md5:"))
    refused(site, 3, 'release.json: "image" must end in a digest')


def test_a_state_directory_that_cannot_be_written(site: Site) -> None:
    (site.directory / "root").write_text("a file")
    result = site.run("render")
    assert result.code == 3
    assert "cannot be written" in result.verdict
    assert not site.secret_values()
