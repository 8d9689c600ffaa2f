"""Which hosts a bundle's lib/ is for, and what the others are told."""

import errno
import os
import platform
import sys

import pytest

from wpdeploy import host, runtime

X86, ARM = host.lib_name("3.11", "x86_64"), host.lib_name("3.11", "aarch64")
NEW = "glibc 2.34"


@pytest.mark.parametrize("libc", ["glibc 2.28", NEW, "glibc 3.0"])
def test_a_host_that_it_is_made_for(libc: str) -> None:
    assert host.unfit([X86], X86, libc) == ()


@pytest.mark.parametrize("here", [ARM, host.lib_name("3.12", "x86_64")])
def test_another_machine_or_another_python(here: str) -> None:
    python, _, machine = here.removeprefix("python").partition("-")
    assert host.unfit([X86], here, NEW) == (
        f"lib/ is for python3.11-x86_64, and this is {here}",
        f"make a bundle --python {python} --platform {machine}",
    )


@pytest.mark.parametrize(
    ("libc", "told"), [("glibc 2.26", "glibc 2.26"), ("", "another libc"), ("musl 1.2", "musl 1.2")]
)
def test_a_c_library_that_is_too_old_or_another(libc: str, told: str) -> None:
    assert host.unfit([X86], X86, libc) == (
        f"lib/ needs glibc 2.28, and this host has {told}",
        "run it on a Linux with glibc 2.28 or newer, such as Amazon Linux 2023",
    )


def test_what_is_no_linux_has_what_pip_found_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert host.unfit([ARM], ARM, "") == ()


def test_the_c_library_is_that_of_this_process() -> None:
    assert host.libc() == " ".join(platform.libc_ver())


def test_a_c_library_that_does_not_say_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> str:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "confstr", unknown)
    assert host.libc() == ""


def test_it_is_what_the_wheels_may_ask_for() -> None:
    newest = max(tuple(map(int, tag.split("_")[1:])) for tag in runtime._GLIBC if "_" in tag)
    assert newest == host.GLIBC
