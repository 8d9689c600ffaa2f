"""What the tests of the image need of the machine: Debian's programs, and root for podman."""

import os
import shutil
from collections.abc import Mapping

import pytest

# Each program with the Debian package that has it.
PACKAGES: Mapping[str, str] = {
    "podman": "podman",
    "runc": "runc",
    "conmon": "conmon",
    "/usr/lib/podman/netavark": "netavark",
    "iptables": "iptables",
    "ip": "iproute2",
    "/usr/libexec/podman/catatonit": "catatonit",
    "mmdebstrap": "mmdebstrap",
    "dpkg-source": "dpkg-dev",
    "mariadbd": "mariadb-server-core",
    "mariadb": "mariadb-client-core",
    "memcached": "memcached",
}
CHROMIUM: Mapping[str, str] = {"chromium": "chromium"}


def missing(packages: Mapping[str, str] = PACKAGES) -> list[str]:
    """The packages whose programs are not here."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [
        package for program, package in packages.items() if not shutil.which(program, path=path)
    ]


def why_not(packages: Mapping[str, str] = PACKAGES) -> str | None:
    """Why the image cannot be built and run here, and what to do; None if it can."""
    if os.geteuid() != 0:
        return "the image's tests run podman as root"
    if lacking := missing(packages):
        # In a container without an init, memcached's package would start its server.
        return f"RUNLEVEL=1 apt-get install --no-install-recommends {' '.join(lacking)}"
    return None


def need(packages: Mapping[str, str] = PACKAGES) -> None:
    """Skip the test where something is missing; in CI, where that looks like success, fail it."""
    if reason := why_not(packages):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
