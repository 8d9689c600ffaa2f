"""What the tests of buildspec.yml share: a CodeBuild project with docker, ECR, and a checkout."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws import REGION, Aws
from sandbox.certificates import Authority
from tests.image import downloads
from tests.image.building import AS_OF, BASE_IMAGE, build, served
from tests.image.engine import Engine, cache
from tests.image.programs import PACKAGES, need
from tests.node.registry import Registry
from tests.pipeline import podman
from tests.pipeline.codebuild import Project, machine
from tests.pipeline.ecr import Ecr

ROOT = Path(__file__).parent.parent.parent
REPOSITORY = "wordpress"
BRANCH = "release/1"
SUBJECT = 'It\'s a "new" `title` & $HOME {{ x }} / 🎉'
_DOCKER = {"docker": "docker.io", "/usr/bin/docker-registry": "docker-registry"}
# Always the same, as the layer of WordPress's core is found again by its URL.
_CORE_PORT = 18462
_CA = "/run/authority.crt"


def git(checkout: Path, *arguments: str) -> str:
    """Run git in a checkout, as somebody."""
    own = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
    command = ["git", "-C", str(checkout), *own, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started


@pytest.fixture(scope="session")
def engine() -> Engine:
    need({**PACKAGES, **_DOCKER})
    started = Engine(cache() / "podman")
    # The layers that all images share, as they are made in tests/image.
    build(started, downloads.core(downloads.NEW), "localhost/wordpress:pipeline")
    return started


@pytest.fixture(scope="session")
def registry(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The registry behind ECR; the base image is in it, as it is in ECR's public gallery."""
    with Registry(tmp_path_factory.mktemp("registry")) as started:
        base = f"{started.address}/debian:trixie-slim"
        engine.do("push", "--tls-verify=false", BASE_IMAGE, base)
        yield started


@pytest.fixture(scope="session")
def ecr(aws: Aws, registry: Registry, authority: Authority) -> Iterator[Ecr]:
    pair = authority.server("registry", "127.0.0.1")
    with Ecr(aws, registry.address, pair) as started:
        started.client.create_repository(
            repositoryName=REPOSITORY,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
        yield started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Vouches for the registry and for who serves the database's authorities; is one of these."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def docker_host(
    engine: Engine, ecr: Ecr, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    curlrc = tmp_path_factory.mktemp("curl") / "curlrc"
    curlrc.write_text(f'cacert = "{_CA}"\n')
    volumes = {authority.file: _CA, curlrc: "/root/.curlrc"}
    with podman.served(engine, authority.file, volumes) as address:
        yield address
    engine.run("untag", BASE_IMAGE, f"{ecr.host}/debian:trixie-slim")
    named = ("--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={ecr.host}/*")
    for image in engine.do("images", *named).split():
        engine.run("rmi", "--force", image)


@pytest.fixture(scope="session")
def downloadable(authority: Authority) -> Iterator[dict[str, str]]:
    """Variables that say where a build gets what it downloads."""
    core = downloads.core(downloads.NEW)
    pair = authority.server("server", "127.0.0.1")
    with (
        served(core.file.parent, port=_CORE_PORT) as wordpress,
        served(authority.file.parent, pair, 0) as authorities,
    ):
        yield {
            "WORDPRESS_VERSION": core.version,
            "WORDPRESS_URL": f"{wordpress}/{core.file.name}",
            "WORDPRESS_SHA256": core.sha256,
            "DATABASE_CA_URL": f"{authorities}/{authority.file.name}",
            "AS_OF": AS_OF,
        }


@pytest.fixture(scope="session")
def project(
    aws: Aws,
    ecr: Ecr,
    docker_host: str,
    downloadable: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """The project as cloudformation/pipeline.yml sets it up, with what is near in place of far."""
    home = tmp_path_factory.mktemp("codebuild")
    (home / "state").mkdir()
    base_python = Path(sys._base_executable)  # type: ignore[attr-defined]
    environ = {
        **machine(base_python, home, podman.client()),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": REGION,
        **aws.assume("build", "build").environ,
        "IMAGE_REPOSITORY": f"{ecr.host}/{REPOSITORY}",
        "BRANCH": BRANCH,
        "DOCKER_HOST": docker_host,
        # Podman knows the builder before BuildKit alone.
        "DOCKER_BUILDKIT": "0",
        "BASE_IMAGE": f"{ecr.host}/debian:trixie-slim",
        **downloadable,
        # The phase of the tests runs as it is, on few of them, and lint with what it knows already.
        "BUILD_TESTS": "tests/unit/test_ages.py tests/unit/test_release.py",
        "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),
        "RUFF_CACHE_DIR": str(ROOT / ".ruff_cache"),
    }
    return Project(environ, home / "state")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this checkout as it is now, in a commit of its own, without a branch."""
    clone = tmp_path_factory.mktemp("source") / "clone"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone))
    git(clone, "rm", "-r", "--quiet", "--force", ".")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    subprocess.run(
        ["/bin/tar", "--create", "--null", "--files-from=-", f"--file={clone}.tar"],
        cwd=ROOT, input="\0".join(files), check=True, text=True,
    )  # fmt: skip
    subprocess.run(["/bin/tar", "--extract", f"--file={clone}.tar"], cwd=clone, check=True)
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", SUBJECT)
    git(clone, "checkout", "--quiet", "--detach")
    use_environment(clone)
    return clone


def use_environment(clone: Path) -> None:
    """Have the virtual environment of these tests in a clone; making one takes a minute."""
    made = Path(sys.prefix) / ".made"
    if not made.exists():
        reason = f"{made} is missing: run the tests by make, which makes their environment"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    (clone / ".venv").symlink_to(sys.prefix)
    # The environment must be the newer one for make, or it would be made again.
    os.utime(clone / "requirements.lock", (0, 0))
