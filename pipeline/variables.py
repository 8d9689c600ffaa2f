"""The variables of a build: buildspec.yml has their defaults, the CodeBuild project overrides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.errors import BuildError

# The severities that a scan may be held to, the worst first.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM")
NO_SCAN = "NONE"
PLATFORMS = ("x86_64", "aarch64")
# Arguments of build/Dockerfile that a variable of the same name sets.
ARGUMENTS = (
    "BASE_IMAGE",
    "WORDPRESS_VERSION",
    "WORDPRESS_URL",
    "WORDPRESS_SHA256",
    "DATABASE_CA_URL",
    "AS_OF",
)
_REPOSITORY = re.compile(r"(?P<host>[^/\s@]+)/(?P<name>[a-z0-9][a-z0-9._/-]*)")
_ECR = re.compile(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\..+")
_BUILD_ARN = re.compile(
    r"arn:[^:]+:codebuild:(?P<region>[^:]+):(?P<account>\d+):build/(?P<project>[^:]+):.+"
)
_CONSOLE = (
    "https://{region}.console.aws.amazon.com/codesuite/codebuild/{account}/projects/{project}"
    "/build/{build}/?region={region}"
)


@dataclass(frozen=True)
class Repository:
    """A repository of ECR: its registry's host, its name there, its region."""

    host: str
    name: str
    region: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


@dataclass(frozen=True)
class Variables:
    """What the build is told; `branch` is empty where git shall say it."""

    repository: Repository
    threshold: str
    platform: str
    branch: str
    build: str
    link: str
    source: str
    arguments: Mapping[str, str]


def read(environ: Mapping[str, str]) -> Variables:
    """The variables; BuildError names all that are wrong."""
    faults: list[str] = []
    repository = _repository(environ, faults)
    threshold = _one_of(environ, "SCAN_THRESHOLD", (NO_SCAN, *SEVERITIES), faults)
    platform = _one_of(environ, "BUNDLE_PLATFORM", PLATFORMS, faults)
    if faults:
        raise BuildError("variables", faults, "set them in the CodeBuild project or buildspec.yml")
    return Variables(
        repository,
        threshold,
        platform,
        environ.get("BRANCH", ""),
        environ.get("CODEBUILD_BUILD_ID") or "local",
        _link(environ.get("CODEBUILD_BUILD_ARN", "")),
        environ.get("CODEBUILD_SOURCE_REPO_URL", ""),
        {name: environ[name] for name in ARGUMENTS if environ.get(name)},
    )


def _repository(environ: Mapping[str, str], faults: list[str]) -> Repository:
    given = environ.get("IMAGE_REPOSITORY", "")
    found = _REPOSITORY.fullmatch(given)
    if not found:
        what = f"not {given}" if given else "and is not set"
        faults.append(f"IMAGE_REPOSITORY must be the URI of a repository of ECR, {what}")
        return Repository("", "", "")
    ecr = _ECR.fullmatch(found["host"])
    region = ecr["region"] if ecr else environ.get("AWS_REGION", "")
    if not region:
        faults.append(f"AWS_REGION must be set: {given} does not tell the region")
    return Repository(found["host"], found["name"], region)


def _one_of(
    environ: Mapping[str, str], name: str, allowed: tuple[str, ...], faults: list[str]
) -> str:
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        faults.append(f"{name} must be one of {', '.join(allowed)}, not {value}")
    return value


def _link(arn: str) -> str:
    """The page of the build in AWS's console."""
    place = _BUILD_ARN.fullmatch(arn)
    if not place:
        return ""
    build = quote(arn.partition(":build/")[2], safe="")
    return _CONSOLE.format(**place.groupdict(), build=build)
