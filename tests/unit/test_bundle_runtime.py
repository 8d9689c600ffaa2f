"""The runtime as pip installs it and the cache keeps it."""

import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import pytest

from tests.unit.checkout import SAMPLE, content, lock, make_wheel, offline
from wpdeploy import runtime
from wpdeploy.errors import ConfigurationError
from wpdeploy.runtime import Runtime

HERE = Runtime.here()
CHECKED_BY_NOBODY = 0b01  # PEP 552: by its hash, and the source is not looked at
PYC = "sample/__init__.pyc"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offline(monkeypatch, tmp_path / "wheels")
    return tmp_path / "wheels"


@pytest.fixture
def locked(wheels: Path) -> Path:
    return lock(wheels.parent / "runtime.lock", make_wheel(wheels))


def problem(locked: Path, made_for: Runtime = HERE) -> str:
    """Why it cannot be made; nothing of the attempt is left."""
    cache = locked.parent / "cache"
    with pytest.raises(ConfigurationError) as caught:
        runtime.cached(locked, made_for, cache)
    assert not cache.exists() or list(cache.iterdir()) == []
    return str(caught.value)


def interpreter(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Runtime:
    """A Python 3.99 on the PATH that does nothing but the script."""
    program = directory / "python3.99"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)
    return Runtime("3.99", platform.machine())


def test_it_is_this_python_on_this_machine() -> None:
    assert Runtime.here() == Runtime(f"{sys.version_info[0]}.{sys.version_info[1]}", os.uname()[4])


def test_it_has_the_modules_compiled_and_the_licences(locked: Path, tmp_path: Path) -> None:
    made = content(runtime.cached(locked, HERE, tmp_path / "cache"))
    info = "sample-1.0.dist-info"
    assert made.keys() == {PYC, "wheels.json", f"{info}/METADATA", f"{info}/licenses/LICENSE"}


def test_it_says_which_wheel_each_package_is_from(locked: Path, tmp_path: Path) -> None:
    found = json.loads(
        (runtime.cached(locked, HERE, tmp_path / "cache") / "wheels.json").read_text()
    )
    assert found == {"sample": locked.read_text().partition("sha256:")[2]}


def test_its_modules_are_loaded_without_their_sources(locked: Path, tmp_path: Path) -> None:
    made = runtime.cached(locked, HERE, tmp_path / "cache")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sample; print(sorted(sample.KINDS))"
    )
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", script, str(made)]
    assert subprocess.check_output(command, text=True) == "['a', 'b', 'c', 'd']\n"


def test_its_modules_are_loaded_without_a_look_at_their_source(
    locked: Path, tmp_path: Path
) -> None:
    source = SAMPLE["sample/__init__.py"].encode()
    compiled = content(runtime.cached(locked, HERE, tmp_path / "cache"))[PYC]
    assert compiled[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(compiled[4:8], "little") == CHECKED_BY_NOBODY
    assert compiled[8:16] == importlib.util.source_hash(source)


def test_it_is_the_same_wherever_it_is_made(locked: Path, tmp_path: Path) -> None:
    one, other = (runtime.cached(locked, HERE, tmp_path / name) for name in ("one", "other"))
    assert content(one) == content(other)
    assert one.name == other.name
    assert not [name for name, found in content(one).items() if os.fsencode(tmp_path) in found]


def test_it_is_made_once(locked: Path, tmp_path: Path) -> None:
    first = runtime.cached(locked, HERE, tmp_path / "cache")
    (tmp_path / "wheels" / "sample-1.0-py3-none-any.whl").unlink()
    assert runtime.cached(locked, HERE, tmp_path / "cache") == first
    assert list((tmp_path / "cache").iterdir()) == [first]


def test_another_lock_makes_another_one(locked: Path, tmp_path: Path) -> None:
    first = runtime.cached(locked, HERE, tmp_path / "cache")
    locked.write_text(f"{locked.read_text()}\n# resolved anew")
    assert runtime.cached(locked, HERE, tmp_path / "cache") != first


def test_each_machine_gets_its_own_wheel(wheels: Path, tmp_path: Path) -> None:
    machines = ("x86_64", "aarch64")
    made = [
        make_wheel(wheels, f"cp311-cp311-manylinux_2_28_{name}", {"sample.so": name})
        for name in machines
    ]
    locked = lock(tmp_path / "runtime.lock", *made)
    for name in machines:
        found = runtime.cached(locked, Runtime(HERE.python, name), tmp_path / "cache")
        assert (found / "sample.so").read_text() == name


def test_those_who_make_it_at_once_get_the_same(locked: Path, tmp_path: Path) -> None:
    found = list[Path]()
    work = [
        Thread(target=lambda: found.append(runtime.cached(locked, HERE, tmp_path / "cache")))
        for _ in range(2)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(found) == 2
    assert set((tmp_path / "cache").iterdir()) == set(found)


def test_one_that_another_process_made_meanwhile_is_taken(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    known = runtime.cached(locked, interpreter(tmp_path, monkeypatch, ":"), cache)
    meanwhile = f"mv {known}.away {known}"
    made_for = interpreter(tmp_path, monkeypatch, meanwhile)
    known.rename(f"{known}.away")
    (cache / f"{known.name}.away" / "first").touch()

    assert runtime.cached(locked, made_for, cache) == known
    assert (known / "first").exists()


def test_one_that_is_lost_meanwhile_is_an_error(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    made_for = interpreter(tmp_path, monkeypatch, f"rm -r {cache}/.making.*/lib")
    with pytest.raises(FileNotFoundError):
        runtime.cached(locked, made_for, cache)


def test_a_wheel_that_is_not_found_is_told(locked: Path, wheels: Path) -> None:
    (wheels / "sample-1.0-py3-none-any.whl").unlink()
    (wheels / "sample-1.0.tar.gz").touch()  # code of it would run here, and compilers
    assert problem(locked) == (
        f"runtime.lock: pip cannot install it for Python {HERE.python} on {HERE.platform}: Could "
        "not find a version that satisfies the requirement sample==1.0 (from versions: none) "
        "(check the route to PyPI, or pip's configuration)"
    )


def test_a_wheel_that_is_not_the_locked_one_is_told(locked: Path, wheels: Path) -> None:
    make_wheel(wheels, files={"sample/__init__.py": "evil = True\n"})
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in problem(locked)


def test_a_lock_without_hashes_is_refused(locked: Path) -> None:
    locked.write_text("sample==1.0")
    assert "Hashes are required in --require-hashes mode" in problem(locked)


def test_a_lock_that_is_missing_is_told(tmp_path: Path) -> None:
    expected = "runtime.lock: there is no such file (`make lock` makes it)"
    assert problem(tmp_path / "runtime.lock") == expected


def test_a_python_that_is_missing_is_told(locked: Path) -> None:
    assert problem(locked, Runtime("3.99", "x86_64")) == (
        "python3.99: is not on the PATH "
        "(install python3.99: only the interpreter of that version can byte-compile)"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo it is; echo broken >&2; exit 1", "it is broken"),
        ("exit 5", "exit code 5"),
    ],
)
def test_a_python_that_cannot_compile_is_told(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    made_for = interpreter(tmp_path, monkeypatch, script)
    assert problem(locked, made_for) == (
        f"lib: cannot compile for Python 3.99: {reason} "
        "(check that `python3.99 -m compileall` works)"
    )


def test_code_of_another_python_is_told(wheels: Path) -> None:
    wheel = make_wheel(wheels, files={"sample.py": "print 'hello'\n"})
    told = problem(lock(wheels.parent / "runtime.lock", wheel))
    assert "*** Error compiling" in told
    assert "SyntaxError: Missing parentheses in call to 'print'" in told


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/wpdeploy/runtime"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/wpdeploy/runtime"),
        ({}, f"{Path.home()}/.cache/wpdeploy/runtime"),
    ],
)
def test_the_cache_is_where_caches_are(environ: Mapping[str, str], directory: str) -> None:
    assert str(runtime.cache_directory(environ)) == directory
