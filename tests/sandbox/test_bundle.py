"""A bundle of this checkout, run as a bastion runs it: nothing but the standard library and it."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.aws import Aws
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
"""


def test_the_services_of_aws_are_asked(bundle: Path, aws: Aws, tmp_path: Path) -> None:
    aws.put_parameters("/site", {"host": ("db.example", False)})
    aws.put_cluster("blog")
    found = run(bundle, tmp_path, _AWS, AWS_DEFAULT_REGION="eu-central-1", **aws.environ)
    assert found == ["db.example", "123456789012", "CREATING"]


_KUBERNETES = """
from wpdeploy import kubeconfig
access = kubeconfig.access({path!r}, None)
headers = {{"Authorization": access.authorization(False)}}
print(access.pool.request("GET", access.url, headers=headers).status)
"""


def test_a_cluster_is_asked_by_a_kubeconfig_with_an_exec_plugin(
    bundle: Path, tmp_path: Path
) -> None:
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "t0ken"}}
    (tmp_path / "credential").write_text(json.dumps(credential))
    args = [str(tmp_path / "credential")]
    plugin = {"apiVersion": version, "command": "cat", "args": args, "interactiveMode": "Never"}
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.server("server", "127.0.0.1"))
    with Server(answer({}), tls=tls) as server:
        trusted = {"certificate-authority": str(authority.file)}
        path = write_kubeconfig(tmp_path, server.url, {"exec": plugin}, trusted)
        script = _KUBERNETES.format(path=str(path))
        assert run(bundle, tmp_path, script, PATH="/usr/bin:/bin") == ["200"]
        assert server.received[0].headers["authorization"] == "Bearer t0ken"


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
def test_it_is_small(tmp_path: Path, capsys: pytest.CaptureFixture[str], machine: str) -> None:
    output = tmp_path / "bundle.zip"
    bundling.make(ROOT, output, RELEASE, Runtime(HERE.python, machine), CACHE)
    size = output.stat().st_size
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
    assert len(compiled) > len(list(bundle.rglob("*.py")))
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
