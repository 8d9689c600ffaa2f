"""Who imports what: the layers of the package, and what a step makes the bastion load."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.certificates import Authority
from tests.unit.api_server import write_kubeconfig
from tests.unit.eks_cluster import cluster_at
from wpdeploy.target import KubeconfigCluster

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "wpdeploy"
# Modules that reach outside, and what one may have of another: eks.py and kubeconfig.py make what
# kube.py asks by; ssm.py, ssm_admin.py, secrets_manager.py, eks.py, ecr.py and sts.py ask AWS by
# aws.py.
ACCESS = {"wpdeploy.kube", "wpdeploy.kube.Access"}
CALLS = {
    "wpdeploy.aws",
    *(f"wpdeploy.aws.{name}" for name in ("Call", "Client", "Service", "denied")),
}
ADAPTERS: Mapping[str, set[str]] = {
    "wpdeploy.aws": set(),
    "wpdeploy.ecr": CALLS,
    "wpdeploy.eks": ACCESS | CALLS,
    "wpdeploy.kube": set(),
    "wpdeploy.kubeconfig": ACCESS,
    "wpdeploy.secrets_manager": CALLS,
    "wpdeploy.ssm": CALLS,
    "wpdeploy.ssm_admin": CALLS,
    "wpdeploy.sts": CALLS - {"wpdeploy.aws.denied"},
    "wpdeploy.web": set(),
}
# Each foreign package enters by its own door.
DOORS = {
    "boto3": {"wpdeploy.aws"},
    "botocore": {"wpdeploy.aws"},
    "jinja2": {"wpdeploy.templates"},
    "kubernetes": {"wpdeploy.kubeconfig"},
    "tenacity": {"wpdeploy.retries"},
    "urllib3": {
        *(f"wpdeploy.{name}" for name in ("answer", "eks", "kube", "kubeconfig", "watch", "web")),
    },
    "yaml": {"wpdeploy.schema", "wpdeploy.strict_yaml", "wpdeploy.templates"},
    # Not foreign, but what it brings is: all others get a clock from outside.
    "time": {"wpdeploy.clock"},
}


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def _imports(module: str) -> Iterator[str]:
    """The modules that it imports, wherever in its text; `from a import b` is both a and a.b."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            origin = str(node.module)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _module(name: str) -> str:
    """The module of a name that was imported: its own, or the one that it is from."""
    return name if name in MODULES else name.rpartition(".")[0]


@pytest.mark.parametrize("foreign", DOORS)
def test_a_foreign_package_enters_by_its_door_alone(foreign: str) -> None:
    importers = {module for module in MODULES if foreign in map(_top, _imports(module))}
    assert importers == DOORS[foreign]


@pytest.mark.parametrize("module", MODULES)
def test_every_foreign_package_has_a_door(module: str) -> None:
    foreign = {_top(name) for name in _imports(module)} - sys.stdlib_module_names - {"wpdeploy"}
    assert foreign <= DOORS.keys()


CORE = [module for module in MODULES if module not in ADAPTERS and ".steps" not in module]


@pytest.mark.parametrize("module", CORE)
def test_the_core_imports_neither_an_adapter_nor_a_step(module: str) -> None:
    found = set(_imports(module))
    assert not found & ADAPTERS.keys()
    assert not [name for name in found if name.startswith("wpdeploy.steps")]


@pytest.mark.parametrize("module", ADAPTERS)
def test_an_adapter_imports_no_more_of_another_one_than_it_may(module: str) -> None:
    found = {name for name in _imports(module) if _module(name) in ADAPTERS}
    assert found == ADAPTERS[module]


_LIST_WHAT_IT_LOADS = """
import sys
before, read = set(sys.modules), []
sys.addaudithook(lambda event, arguments: event == "open" and read.append(str(arguments[0])))
exec(sys.argv[1])
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
print(*(name for name in read if "/botocore/data/" in name))
"""


class Loaded(NamedTuple):
    """What a new process loads: packages beside the standard library, and botocore's data."""

    packages: set[str]
    data: list[str]


def _loaded(statements: str, **environ: str) -> Loaded:
    ended = subprocess.run(
        [sys.executable, "-c", _LIST_WHAT_IT_LOADS, statements],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    packages, data = ended.stdout.splitlines()
    return Loaded(set(packages.split()) - sys.stdlib_module_names - {"wpdeploy"}, data.split())


@pytest.mark.parametrize(
    ("step", "packages"),
    [
        # Before anything of the bundle is known to work.
        ("cleanup", set[str]()),
        # What leads to the cluster comes later, and only what that one needs.
        ("apply", {"tenacity", "urllib3"}),
        ("validate", {"tenacity", "urllib3"}),
    ],
)
def test_a_step_loads_no_more_than_it_uses(step: str, packages: set[str]) -> None:
    assert _loaded(f"import wpdeploy.steps.{step}").packages <= packages


def test_the_command_line_loads_nothing_but_the_standard_library() -> None:
    assert _loaded("import wpdeploy.cli").packages == set()


_CONNECT = """
from types import SimpleNamespace
from wpdeploy.clock import Clock
from wpdeploy.steps import apply, validate
from wpdeploy.steps.connection import connect
from wpdeploy.target import EksCluster, KubeconfigCluster, Target
invocation = SimpleNamespace(clock=Clock(), console=SimpleNamespace(line=print))
target = Target({}, "blog", "site", 900, 10)
connect(invocation, target)._access.authorization(None)
"""
_ALWAYS = {"tenacity", "urllib3"}


def test_the_way_to_eks_loads_neither_kubernetes_nor_yaml_nor_any_model_of_a_service(
    tmp_path: Path,
) -> None:
    cluster = cluster_at("https://blog.example", Authority(tmp_path))
    credentials = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter22"}
    loaded = _loaded(_CONNECT.format(cluster), **credentials)
    assert loaded.packages <= {*_ALWAYS, "botocore", "certifi", "dateutil", "jmespath", "six"}
    assert loaded.data == []


def test_the_way_by_a_kubeconfig_loads_nothing_of_aws(tmp_path: Path) -> None:
    cluster = KubeconfigCluster(str(write_kubeconfig(tmp_path, "http://blog.example")), None)
    loaded = _loaded(_CONNECT.format(cluster)).packages
    assert {*_ALWAYS, "kubernetes"} <= loaded
    assert not loaded & {"boto3", "botocore", "jinja2"}
