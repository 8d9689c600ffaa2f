"""Who imports what: the layers of the package, and what a step makes the bastion load."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "wpdeploy"
ADAPTERS = {"wpdeploy.aws", "wpdeploy.kube", "wpdeploy.kubeconfig"}
# What one adapter may have of another: kubeconfig.py makes what kube.py asks by.
ACCESS = {"wpdeploy.kube", "wpdeploy.kube.Access"}
# Each foreign package enters by its own door.
DOORS = {
    "boto3": {"wpdeploy.aws"},
    "botocore": {"wpdeploy.aws"},
    "jinja2": {"wpdeploy.templates"},
    "kubernetes": {"wpdeploy.kubeconfig"},
    "tenacity": {"wpdeploy.retries"},
    "urllib3": {"wpdeploy.kube", "wpdeploy.kubeconfig"},
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
    assert not found & ADAPTERS
    assert not [name for name in found if name.startswith("wpdeploy.steps")]


@pytest.mark.parametrize("module", sorted(ADAPTERS))
def test_an_adapter_imports_of_another_one_the_access_alone(module: str) -> None:
    found = {name for name in _imports(module) if _module(name) in ADAPTERS}
    assert found in (set(), ACCESS)


_LIST_WHAT_IT_LOADS = """
import importlib, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def _loaded(module: str) -> set[str]:
    """The packages beside the standard library that a new process loads with the module."""
    ended = subprocess.run(
        [sys.executable, "-c", _LIST_WHAT_IT_LOADS, module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ended.stdout.split()) - sys.stdlib_module_names - {"wpdeploy"}


@pytest.mark.parametrize(
    ("step", "packages"),
    [
        # Before anything of the bundle is known to work.
        ("cleanup", set[str]()),
        # Half a second each that these would cost: boto3, jinja2, kubernetes.
        ("apply", {"tenacity", "urllib3"}),
        ("validate", {"tenacity", "urllib3"}),
    ],
)
def test_a_step_loads_no_more_than_it_uses(step: str, packages: set[str]) -> None:
    assert _loaded(f"wpdeploy.steps.{step}") <= packages


def test_the_command_line_loads_nothing_but_the_standard_library() -> None:
    assert _loaded("wpdeploy.cli") == set()
