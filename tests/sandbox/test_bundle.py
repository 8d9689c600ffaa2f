"""A bundle of this checkout, run as a bastion runs it: nothing but the standard library and it."""

import json
import os
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import REGION, Aws, role_arn
from sandbox.certificates import Authority
from tests.unit.api_server import write_kubeconfig
from tests.unit.wire import Server, answer
from wpdeploy import bundling, runtime
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

ROOT = Path(__file__).parent.parent.parent
HERE = Runtime.here()
CACHE = runtime.cache_directory(os.environ)
RELEASE = Release(f"wordpress@sha256:{'a' * 64}", "c0ffee", "wp:1", "2026-11-20T10:00:00Z")
ZIPPED = 8_000_000
MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine of ELF


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made") / "bundle"
    bundling.make(ROOT, output, RELEASE, HERE, CACHE)
    return output


@pytest.fixture(scope="session")
def lib(bundle: Path) -> Path:
    return bundle / "lib" / HERE.lib


# What a script has loaded that is neither of the bundle nor of the standard library.
_FOREIGN = """
import sys, sysconfig
own = (sys.argv[1], sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
files = [getattr(module, "__file__", None) for module in [*sys.modules.values()]]
print([f for f in files if f and ("-packages" in f or not f.startswith(own)) and f != __file__])
"""


def run(bundle: Path, directory: Path, script: str, **environ: str) -> list[str]:
    """What the script prints, started as hooks/run starts wpdeploy, without what it has loaded.

    Warnings are errors, as in all tests.
    """
    lib = bundle / "lib" / HERE.lib
    file = directory / "script.py"
    file.write_text(
        f"import sys\nsys.path[:0] = [{str(bundle)!r}, {str(lib)!r}]\n{script}{_FOREIGN}"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", file, bundle],
        env=environ,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    *lines, foreign = ended.stdout.splitlines()
    assert foreign == "[]"
    return lines


def test_every_module_of_wpdeploy_is_loaded(bundle: Path, tmp_path: Path) -> None:
    files = [path.relative_to(bundle).with_suffix("") for path in bundle.glob("wpdeploy/**/*.py")]
    modules = [".".join(path.parts) for path in files if path.name != "__main__"]
    assert "wpdeploy.steps.render" in modules
    script = (
        f"import importlib\nfor name in {modules}: print(importlib.import_module(name).__name__)"
    )
    assert run(bundle, tmp_path, script) == modules


_AWS = """
import boto3
session = boto3.session.Session()
print(session.client("ssm").get_parameters(Names=["/site/host"])["Parameters"][0]["Value"])
print(session.client("sts").get_caller_identity()["Account"])
print(session.client("eks").describe_cluster(name="blog")["cluster"]["status"])
print(session.client("ecr").describe_repositories()["repositories"])
"""


def test_the_services_of_aws_are_asked(bundle: Path, aws: Aws, tmp_path: Path) -> None:
    aws.put_parameters("/site", {"host": ("db.example", False)})
    aws.put_cluster("blog")
    found = run(bundle, tmp_path, _AWS, AWS_DEFAULT_REGION="eu-central-1", **aws.environ)
    assert found == ["db.example", "123456789012", "CREATING", "[]"]


_IDENTITY = """
import boto3
print(boto3.session.Session().client("sts").get_caller_identity()["Arn"])
"""
_PROFILE = """
[profile bastion]
role_arn = {arn}
role_session_name = by-profile
source_profile = source
[profile source]
aws_access_key_id = source
aws_secret_access_key = source
"""


def test_a_role_is_assumed_by_a_profile(bundle: Path, aws: Aws, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(_PROFILE.format(arn=role_arn("profile")))
    environ = {"AWS_PROFILE": "bastion", "AWS_CONFIG_FILE": str(config)}
    (found,) = run(bundle, tmp_path, _IDENTITY, **without_role(aws), **environ)
    assert found.endswith(":assumed-role/profile/by-profile")


def test_a_role_is_assumed_by_a_web_identity(bundle: Path, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("e30.e30.e30")
    environ = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": role_arn("web"),
        "AWS_ROLE_SESSION_NAME": "by-token",
    }
    (found,) = run(bundle, tmp_path, _IDENTITY, **without_role(aws), **environ)
    assert found.endswith(":assumed-role/web/by-token")


def test_a_role_is_the_one_of_the_instance(bundle: Path, aws: Aws, tmp_path: Path) -> None:
    environ = aws.instance_environ | {"AWS_DEFAULT_REGION": REGION}
    (found,) = run(bundle, tmp_path, _IDENTITY, **environ)
    assert ":assumed-role/bastion/i-" in found


def without_role(aws: Aws) -> dict[str, str]:
    """Where the stand-in for AWS is, and nobody's credentials."""
    known = {"AWS_ENDPOINT_URL": aws.url, "AWS_DEFAULT_REGION": REGION}
    return known | {"AWS_EC2_METADATA_DISABLED": "true"}


_EKS = """
from wpdeploy import eks
from wpdeploy.clock import Clock
from wpdeploy.aws import identity_url
clock = Clock()
access = eks.access(eks.describe("the-cluster", {region!r}, clock, print), identity_url, clock)
headers = {{"Authorization": access.authorization(None)}}
print(access.pool.request("GET", access.url + "/version", headers=headers).status)
"""


def test_a_cluster_of_eks_is_asked_by_a_presigned_token(
    bundle: Path, aws: Aws, server: Server, authority: Authority, tmp_path: Path
) -> None:
    aws.put_cluster("the-cluster", (server.url, authority.file))
    script = _EKS.format(region=REGION)
    assert run(bundle, tmp_path, script, **aws.environ) == ["200"]
    assert server.received[0].headers["authorization"].startswith("Bearer k8s-aws-v1.")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    """That of an API server."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*authority.server("server", "127.0.0.1"))
    made.load_verify_locations(authority.file)
    return made


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[Server]:
    with Server(answer({}), tls=tls) as started:
        yield started


_KUBERNETES = """
from wpdeploy import kubeconfig
access = kubeconfig.access({path!r}, None)
value = access.authorization(None)
headers = {{"Authorization": value}} if value else {{}}
print(access.pool.request("GET", access.url, headers=headers).status)
"""


def plugin(directory: Path) -> Mapping[str, Any]:
    """A user whose token an exec plugin knows."""
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "t0ken"}}
    (directory / "credential").write_text(json.dumps(credential))
    args = [str(directory / "credential")]
    called = {"apiVersion": version, "command": "cat", "args": args, "interactiveMode": "Never"}
    return {"exec": called}


def token(_: Path) -> Mapping[str, Any]:
    return {"token": "t0ken"}


@pytest.mark.parametrize("user", [plugin, token])
def test_a_cluster_is_asked_by_a_kubeconfig_with_a_token(
    bundle: Path,
    server: Server,
    authority: Authority,
    tmp_path: Path,
    user: Callable[[Path], Mapping[str, Any]],
) -> None:
    trusted = {"certificate-authority": str(authority.file)}
    path = write_kubeconfig(tmp_path, server.url, user(tmp_path), trusted)
    script = _KUBERNETES.format(path=str(path))
    assert run(bundle, tmp_path, script, PATH="/usr/bin:/bin") == ["200"]
    assert server.received[0].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("inline", [False, True], ids=["files", "inline"])
def test_a_cluster_is_asked_by_a_kubeconfig_with_a_client_certificate(
    bundle: Path, tls: ssl.SSLContext, authority: Authority, tmp_path: Path, *, inline: bool
) -> None:
    def told(key: str, file: Path) -> tuple[str, str]:
        data = b64encode(file.read_bytes()).decode()
        return (f"{key}-data", data) if inline else (key, str(file))

    certificate, key = authority.client("bastion", "bastion")
    user = dict([told("client-certificate", certificate), told("client-key", key)])
    tls.verify_mode = ssl.CERT_REQUIRED
    with Server(answer({}), tls=tls) as server:
        cluster = dict([told("certificate-authority", authority.file)])
        path = write_kubeconfig(tmp_path, server.url, user, cluster)
        assert run(bundle, tmp_path, _KUBERNETES.format(path=str(path))) == ["200"]


_TEMPLATES = """
import jinja2, markupsafe, tenacity, yaml
print(jinja2.Environment(autoescape=True).from_string("{{ x }}").render(x="<"))
print(markupsafe.escape("<"))
print(yaml.load("a: [1]", yaml.CSafeLoader))
print(tenacity.Retrying(stop=tenacity.stop_after_attempt(1))(lambda: "done"))
"""


def test_templates_are_rendered_and_yaml_is_read(bundle: Path, tmp_path: Path) -> None:
    assert run(bundle, tmp_path, _TEMPLATES) == ["&lt;", "&lt;", "{'a': [1]}", "done"]


def test_a_hook_finds_all_in_the_bundle(bundle: Path) -> None:
    ended = subprocess.run(
        [bundle / "hooks" / "run", "render", "--group", "Nope"],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (3, "")
    assert "there are Production, Test" in ended.stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_it_is_small(machine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bundle.zip"
    made_for = ("--python", HERE.python, "--platform", machine, "--out", str(file))
    given = ("--image", RELEASE.image, "--commit", "c0ffee", "--branch", "main", "--build", "wp:1")
    command = [sys.executable, "-m", "wpdeploy", "bundle", *given, "--subject", "Logo", *made_for]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=300)
    size = file.stat().st_size
    with capsys.disabled():
        print(f"\nbundle for {machine}: {size / 1e6:.2f} MB zipped, {ZIPPED / 1e6:.0f} allowed")  # noqa: T201  # the figure
    assert size <= ZIPPED


def test_every_package_brings_its_licence(lib: Path) -> None:
    packages = list(lib.glob("*.dist-info"))
    licensed = {
        path.relative_to(lib).parts[0]
        for path in lib.glob("*.dist-info/**/*")
        if path.name.startswith(("LICENSE", "LICENCE", "COPYING"))
    }
    assert {package.name for package in packages} == licensed
    assert len(packages) > len({"boto3", "jinja2", "kubernetes", "pyyaml", "tenacity", "urllib3"})


def test_no_module_knows_where_it_was_compiled(bundle: Path) -> None:
    compiled = {path: path.read_bytes() for path in bundle.rglob("*.pyc")}
    assert len(compiled) > len(list(bundle.rglob("*.py"))) > 0
    places = [os.fsencode(place) for place in (CACHE, ROOT, bundle.parent)]
    assert not [path for path, found in compiled.items() if any(p in found for p in places)]


@pytest.mark.parametrize("machine", MACHINES)
def test_its_binaries_are_of_the_bastions_machine(machine: str) -> None:
    made = runtime.cached(ROOT / bundling.LOCK, Runtime(HERE.python, machine), CACHE)
    binaries: Mapping[str, bytes] = {path.name: path.read_bytes() for path in made.rglob("*.so")}
    assert any(name.startswith("_yaml.") for name in binaries)
    assert {int.from_bytes(found[18:20], "little") for found in binaries.values()} == {
        MACHINES[machine]
    }
