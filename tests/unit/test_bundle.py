"""A bundle: what is in it, what it replaces, and what it refuses."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.checkout import FILES, content, make_checkout, make_wheel, offline
from wpdeploy import bundling, release
from wpdeploy.context import of_no_group
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

HERE = Runtime.here()
LIB = f"lib/python{HERE.python}"
IMAGE = f"registry.example/wordpress:v1@sha256:{'a' * 64}"
RELEASE = Release(IMAGE, "c0ffee", "wordpress:17", "2026-11-20T10:00:00Z")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all these tests: their runtime is the same."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offline(monkeypatch, tmp_path / "wheels")
    return make_checkout(tmp_path / "checkout", make_wheel(tmp_path / "wheels"))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "made" / "bundle"


Make = Callable[[], None]


@pytest.fixture
def make(source: Path, output: Path, cache: Path) -> Make:
    return lambda: bundling.make(source, output, RELEASE, HERE, cache)


def error(make: Make) -> str:
    with pytest.raises(ConfigurationError) as caught:
        make()
    return str(caught.value)


def test_it_has_all_that_the_bastion_needs(make: Make, output: Path) -> None:
    make()
    sources = {name for name in content(output) if not name.endswith(".pyc")}
    licence = f"{LIB}/sample-1.0.dist-info/licenses/LICENSE"
    dependency = {f"{LIB}/sample/__init__.py", f"{LIB}/sample-1.0.dist-info/METADATA", licence}
    assert sources == {*FILES, "release.json"} | dependency
    assert os.access(output / "hooks" / "run", os.X_OK)


def test_every_module_is_compiled(make: Make, output: Path) -> None:
    make()
    modules = {path for path in output.rglob("*.py") if path.parent.name != "__pycache__"}
    compiled = {path.parent.parent / path.name.partition(".")[0] for path in output.rglob("*.pyc")}
    assert {path.with_suffix("") for path in modules} == compiled


def test_its_release_is_read_back(make: Make, output: Path) -> None:
    make()
    assert release.read(of_no_group({}, output)) == RELEASE


def test_the_same_makes_the_same(make: Make, output: Path) -> None:
    make()
    first = content(output)
    make()
    assert content(output) == first
    assert not [name for name, found in first.items() if os.fsencode(output.parent) in found]


@pytest.mark.parametrize("name", ["k8s/.service.swp", "wpdeploy/__pycache__/x.cpython-39.pyc"])
def test_what_others_left_in_the_checkout_stays_there(
    make: Make, source: Path, output: Path, name: str
) -> None:
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).touch()
    make()
    assert not (output / name).exists()


def test_an_earlier_bundle_is_replaced(make: Make, source: Path, output: Path) -> None:
    make()
    (source / "k8s/wordpress/service.yaml.j2").rename(source / "k8s/wordpress/route.yaml.j2")
    make()
    assert [path.name for path in (output / "k8s" / "wordpress").iterdir()] == ["route.yaml.j2"]
    assert list(output.parent.iterdir()) == [output]


def test_an_empty_directory_is_filled(make: Make, output: Path) -> None:
    output.mkdir(parents=True)
    make()
    assert (output / "release.json").exists()


def put_a_file(output: Path) -> None:
    output.write_text("mine")


def put_a_link_to_nothing(output: Path) -> None:
    output.symlink_to("nowhere")


@pytest.mark.parametrize("put", [put_a_file, put_a_link_to_nothing])
def test_what_is_no_bundle_is_left_alone(
    make: Make, output: Path, put: Callable[..., None]
) -> None:
    output.parent.mkdir()
    put(output)
    before = os.lstat(output)
    assert error(make) == (
        f"{output}: exists and is no bundle (remove it, or name another directory)"
    )
    assert os.lstat(output) == before


def test_a_bundle_with_more_in_it_is_left_alone(make: Make, output: Path) -> None:
    make()
    (output / "notes.txt").write_text("mine")
    assert "exists and is no bundle" in error(make)
    assert (output / "notes.txt").read_text() == "mine"


def test_all_that_the_checkout_lacks_is_told_at_once(make: Make, source: Path) -> None:
    (source / "appspec.yml").unlink()
    (source / "runtime.lock").unlink()
    assert error(make) == (
        f"{source}: there is no appspec.yml; there is no runtime.lock "
        "(make bundles in a checkout of the project)"
    )


def break_a_module(source: Path) -> None:
    (source / "wpdeploy" / "steps" / "render.py").write_text("def\n")


def break_a_link(source: Path) -> None:
    (source / "k8s" / "environments" / "Test.yaml").unlink()
    (source / "k8s" / "environments" / "Test.yaml").symlink_to("nowhere")


BREAKS = {
    "a module that is none": (break_a_module, "wpdeploy: cannot compile for Python "),
    "a link to nothing": (break_a_link, "/environments/Test.yaml: cannot be written: [Errno 2] "),
}


@pytest.mark.parametrize(("breaks", "told"), BREAKS.values(), ids=BREAKS)
def test_a_failure_leaves_the_earlier_bundle_whole(
    make: Make, source: Path, output: Path, breaks: Callable[[Path], None], told: str
) -> None:
    make()
    before = content(output)
    breaks(source)
    assert told in error(make)
    assert content(output) == before
    assert list(output.parent.iterdir()) == [output]


def test_a_directory_that_cannot_be_made_is_told(make: Make, output: Path) -> None:
    output.parent.touch()
    assert error(make) == f"{output.parent}: cannot be written: File exists"
