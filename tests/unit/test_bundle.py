"""A bundle: what is in it, what it replaces, and what it refuses."""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.checkout import FILES, content, make_checkout, make_wheel, offline, write
from wpdeploy import __version__, bundling, release
from wpdeploy.context import of_no_group
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

HERE = Runtime.here()
LIB = f"lib/{HERE.lib}"
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


FORMS = pytest.mark.parametrize("form", ["bundle", "bundle.zip"])
Make = Callable[..., Path]


@pytest.fixture
def make(source: Path, output: Path, cache: Path) -> Make:
    def make(form: str = "bundle", checkout: Path = source) -> Path:
        made = output.with_name(form)
        bundling.make(checkout, made, RELEASE, HERE, cache)
        return made

    return make


def entries(made: Path) -> dict[str, tuple[int, bytes]]:
    """Each file of a bundle, with its mode."""
    if made.is_dir():
        return {
            name: ((made / name).stat().st_mode, found) for name, found in content(made).items()
        }
    with zipfile.ZipFile(made) as archive:
        infos = archive.infolist()
        return {info.filename: (info.external_attr >> 16, archive.read(info)) for info in infos}


def error(make: Make, form: str = "bundle") -> str:
    with pytest.raises(ConfigurationError) as caught:
        make(form)
    return str(caught.value)


def test_it_has_all_that_the_bastion_needs(make: Make, output: Path) -> None:
    make()
    sources = {name for name in content(output) if not name.endswith(".pyc")}
    licence = f"{LIB}/sample-1.0.dist-info/licenses/LICENSE"
    dependency = {f"{LIB}/sample-1.0.dist-info/METADATA", f"{LIB}/wheels.json", licence}
    assert sources == {*FILES, "release.json", "bom.json"} | dependency
    assert os.access(output / "hooks" / "run", os.X_OK)


def test_every_module_is_compiled(make: Make, output: Path) -> None:
    make()
    modules = {path for path in output.rglob("*.py") if path.parent.name != "__pycache__"}
    found = {path for path in output.rglob("*.pyc") if not path.is_relative_to(output / LIB)}
    compiled = {path.parent.parent / path.name.partition(".")[0] for path in found}
    assert {path.with_suffix("") for path in modules} == compiled


def test_of_the_dependencies_there_is_nothing_left_to_compile(make: Make, output: Path) -> None:
    make()
    found = [path.relative_to(output / LIB) for path in (output / LIB).rglob("*.py*")]
    assert found == [Path("sample/__init__.pyc")]


def test_its_release_is_read_back(make: Make, output: Path) -> None:
    make()
    versions = {"wpdeploy": __version__, "wordpress": "6.9.4", "platform": HERE.platform}
    complete = replace(RELEASE, versions=versions | {"python": HERE.python})
    assert release.read(of_no_group({}, output)) == complete


def test_its_parts_are_told_with_the_hashes_of_the_lock(
    make: Make, source: Path, output: Path
) -> None:
    make()
    (package, image) = json.loads((output / "bom.json").read_text())["components"]
    assert package["purl"] == "pkg:pypi/sample@1.0"
    assert package["hashes"][0]["content"] in (source / "runtime.lock").read_text()
    assert image["version"] == f"sha256:{'a' * 64}"


@pytest.mark.parametrize("dockerfile", [None, b"FROM scratch\n", b"\xff\x00ARG"])
def test_a_version_of_wordpress_that_nobody_says_is_left_out(
    make: Make, source: Path, output: Path, dockerfile: bytes | None
) -> None:
    (source / "build/Dockerfile").unlink()
    if dockerfile is not None:
        (source / "build/Dockerfile").write_bytes(dockerfile)
    make()
    assert "wordpress" not in release.read(of_no_group({}, output)).versions


def test_both_forms_have_the_same_files(make: Make) -> None:
    assert entries(make("bundle")) == entries(make("bundle.zip"))


def test_hooks_can_be_started_and_all_is_for_everybody_to_read(make: Make) -> None:
    found = entries(make("bundle.zip"))
    modes = {name: oct(mode) for name, (mode, _) in found.items() if mode != 0o100644}
    assert modes == {"hooks/run": "0o100755"}


# What an editor, a merge, an interpreter or an operating system leaves.
LEFT = (
    *("k8s/.service.yaml.swp", "k8s/environments/Test.yaml~", "k8s/environments/#Test.yaml#"),
    *("k8s/environments/.#Test.yaml", "k8s/wordpress/service.yaml.j2.orig", "k8s/.DS_Store"),
    *("wpdeploy/__pycache__/x.cpython-39.pyc", "wpdeploy/steps/render.py.rej", "hooks/run.bak"),
    *("hooks/run~", "wpdeploy/steps/__pycache__/render.cpython-311.pyc", "notes.txt"),
    *("k8s/.ipynb_checkpoints/Test.yaml", "wpdeploy/.mypy_cache/cache.py"),
)


@FORMS
def test_the_same_makes_the_same_wherever_and_by_whom(
    make: Make, tmp_path: Path, output: Path, form: str
) -> None:
    first = entries(make(form))
    bytes_of_first = output.with_name(form).read_bytes() if form.endswith(".zip") else b""
    before = os.umask(0o077)
    try:
        elsewhere = tmp_path / "another place & time"
        other = make_checkout(elsewhere, tmp_path / "wheels/sample-1.0-py3-none-any.whl")
        write(other, dict.fromkeys(LEFT, "left"))
        os.utime(other / "appspec.yml", (0, 0))
        made = make(form, other)
    finally:
        os.umask(before)
    assert entries(made) == first
    assert not [name for name, (_, text) in first.items() if os.fsencode(tmp_path) in text]
    assert not bytes_of_first or made.read_bytes() == bytes_of_first
    assert {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_dir()} <= {0o755}


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


def put_a_directory(output: Path) -> None:
    output.mkdir()
    (output / "release.json").write_text("mine")


def put_another_zip(output: Path) -> None:
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("release.json", "mine")


def put_a_file(output: Path) -> None:
    output.write_text("mine")


def put_a_link_to_nothing(output: Path) -> None:
    output.symlink_to("nowhere")


@FORMS
@pytest.mark.parametrize(
    "put", [put_a_file, put_a_link_to_nothing, put_a_directory, put_another_zip]
)
def test_what_is_no_bundle_is_left_alone(
    make: Make, output: Path, put: Callable[..., None], form: str
) -> None:
    output.parent.mkdir()
    there = output.with_name(form)
    put(there)
    before = os.lstat(there)
    assert error(make, form) == (
        f"{there}: exists and is no bundle (remove it, or name another place)"
    )
    assert os.lstat(there).st_ctime_ns == before.st_ctime_ns
    assert list(output.parent.iterdir()) == [there]


def test_an_earlier_zip_is_replaced(make: Make, source: Path, output: Path) -> None:
    make("bundle.zip")
    (source / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    assert entries(make("bundle.zip"))["appspec.yml"][1] == b"version: 0.0\nos: linux\n"
    assert list(output.parent.iterdir()) == [output.with_name("bundle.zip")]


def test_a_file_that_mktemp_made_is_filled(make: Make, output: Path) -> None:
    output.parent.mkdir()
    output.with_name("bundle.ZIP").touch()
    assert "release.json" in entries(make("bundle.ZIP"))


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
