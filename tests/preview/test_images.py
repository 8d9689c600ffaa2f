"""Why a build failed, in one line with what to do."""

import pytest

from preview.images import diagnose

# As podman, docker and BuildKit repeat a command of the Dockerfile.
_COMMAND = """\
STEP 9/9: RUN curl "$URL" && { echo "WORDPRESS_SHA256 is not the checksum of $WORDPRESS_URL" >&2; }
"""
PULLS = {
    "podman, no network": (
        "Error: creating build container: initializing source docker://debian:trixie-slim: "
        'pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": '
        "dial tcp: no such host"
    ),
    "podman, a short name": (
        'Error: creating build container: short-name "nothing:here" did not resolve to an alias'
    ),
    "docker": (
        "pull access denied for nothing, repository does not exist or may require 'docker login'"
    ),
    "BuildKit": (
        "ERROR: failed to solve: debian:trixie-slim: failed to resolve source metadata for "
        "docker.io/library/debian:trixie-slim: dial tcp: no such host"
    ),
}
FAULTS = {
    "WORDPRESS_SHA256 is not the checksum of http://a/b.tar": (
        "WORDPRESS_SHA256 is not the checksum of http://a/b.tar: WORDPRESS_VERSION, WORDPRESS_URL "
        "and WORDPRESS_SHA256 belong together"
    ),
    "#9 12.34 http://a/b.tar is not WordPress 6.9": (
        "http://a/b.tar is not WordPress 6.9: WORDPRESS_VERSION, WORDPRESS_URL and "
        "WORDPRESS_SHA256 belong together"
    ),
    "#9 0.221 curl: (6) Could not resolve host: wordpress.org": (
        "WordPress cannot be downloaded: curl: (6) Could not resolve host: wordpress.org. The same "
        "file from another place: WORDPRESS_URL=URL make preview"
    ),
    "PHP Parse error:  Unclosed '(' in /var/www/html/wp-content/plugins/a/b.php on line 2": (
        "PHP that does not parse: Unclosed '(' in sources/wp-content/plugins/a/b.php on line 2"
    ),
    "E: Unable to locate package php-cli": (
        "Debian's packages cannot be installed: Unable to locate package php-cli. Behind a proxy "
        "or a VPN this may help: make preview PREVIEW_ARGS=--build-option=--network=host"
    ),
    'invalid argument "never" for "--pull" flag': (
        '--build-option: invalid argument "never" for "--pull" flag'
    ),
    "Error: no space left on device": (
        "the image cannot be built: Error: while running runtime: exit status 1"
    ),
}


@pytest.mark.parametrize(("line", "told"), FAULTS.items())
def test_a_fault_is_told_with_what_to_do(line: str, told: str) -> None:
    output = f"{_COMMAND}{line}\nError: while running runtime: exit status 1\n"
    assert diagnose(output) == told


@pytest.mark.parametrize("line", PULLS.values(), ids=PULLS)
def test_a_base_image_that_cannot_be_had_is_told(line: str) -> None:
    told = diagnose(f"STEP 1/9: FROM x\n{line}\n")
    assert told.startswith("the base image cannot be had: ")
    assert told.endswith("Another Debian 13: BASE_IMAGE=IMAGE make preview")


def test_a_build_that_says_nothing_is_no_riddle() -> None:
    assert diagnose("") == "the image cannot be built: it does not say why"
