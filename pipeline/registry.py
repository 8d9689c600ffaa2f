"""ECR: what a repository has of a commit, who may push to it, and what its scan found."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BuildError
from pipeline.variables import SEVERITIES, Repository
from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import WpdeployError

_ECR = Service("ecr", "ECR", BuildError)
_MOST = 1000  # of a page


class _NoImage(BuildError):
    """The repository has no such image."""


class _NoScan(BuildError):
    """The image has not been scanned."""


@dataclass(frozen=True)
class Image:
    """An image of the repository: one of its tags, and its digest."""

    tag: str
    digest: str


@dataclass(frozen=True)
class Scan:
    """How far a scan is, and what it found: how often each severity, and the worst by name."""

    status: str
    description: str = ""
    counts: Mapping[str, int] | None = None
    findings: tuple[str, ...] = ()


class Registry:
    """A repository of ECR; all it is asked may raise BuildError."""

    def __init__(self, repository: Repository, clock: Clock, notice: Callable[[str], None]) -> None:
        self._repository = repository
        self._client = Client(_ECR, repository.region, clock, notice)

    def digest(self, tag: str) -> str | None:
        """The digest of the image with that tag, None where there is none."""
        try:
            found = self._ask("describe_images", "imageDetails", imageIds=[{"imageTag": tag}])
        except _NoImage:
            return None
        return str(found[0]["imageDigest"])

    def newest(self) -> Image | None:
        """The image that was pushed last; None where there is none yet."""
        tagged = {"tagStatus": "TAGGED"}
        found = self._ask("describe_images", "imageDetails", filter=tagged, maxResults=_MOST)
        if not found:
            return None
        last = max(found, key=lambda image: image["imagePushedAt"])
        return Image(last["imageTags"][0], last["imageDigest"])

    def password(self) -> str:
        """What `docker login` wants of the user AWS; good for twelve hours."""
        call = self._call("get_authorization_token", "authorizationData", {}, "the registry")
        token = self._client.call(call)[0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]

    def scan(self, digest: str) -> Scan | None:
        """The image's scan, None where there is none yet."""
        image = {"imageId": {"imageDigest": digest}}
        method = "describe_image_scan_findings"
        try:
            state = self._ask(method, "imageScanStatus", **image)
        except _NoScan:
            return None
        scan = Scan(state["status"], state.get("description", ""))
        if scan.status not in FINISHED:
            return scan
        found = self._ask(method, "imageScanFindings", **image, maxResults=_MOST)
        counts = found.get("findingSeverityCounts", {})
        return Scan(scan.status, scan.description, counts, _findings(found))

    def _ask(self, method: str, key: str, **arguments: Any) -> Any:
        name = self._repository.name
        call = self._call(method, key, {"repositoryName": name, **arguments}, name)
        return self._client.call(call)

    def _call(self, method: str, key: str, arguments: Mapping[str, Any], subject: str) -> Call:
        action = "ecr:" + "".join(word.capitalize() for word in method.split("_"))

        def told(code: str, message: str) -> WpdeployError | None:
            return _told(code, message, action, self._repository)

        return Call(action, subject, method, arguments, key, told)


# A scan whose findings are there: once, or again and again.
FINISHED = ("COMPLETE", "ACTIVE")


def _told(code: str, message: str, action: str, repository: Repository) -> WpdeployError | None:
    if code == "ImageNotFoundException":
        return _NoImage(_ECR.where, message)
    if code == "ScanNotFoundException":
        return _NoScan(_ECR.where, message)
    if code == "RepositoryNotFoundException":
        problem = f"there is no repository {repository.name} in {repository.region}"
        return BuildError(_ECR.where, problem, "set IMAGE_REPOSITORY to the URI of one, or make it")
    if code.startswith(("AccessDenied", "UnrecognizedClient", "InvalidSignature", "ExpiredToken")):
        _, arn = denied(message)
        problem = f"access denied: {action} on {arn or repository.name}"
        return BuildError(_ECR.where, problem, "allow it in the policy of the build's role")
    return None


def _findings(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The findings that may count, the worst first, by what people look them up by."""
    basic = [(each["severity"], _named(each)) for each in found.get("findings", ())]
    enhanced = [
        (each["severity"], each.get("title", each.get("findingArn", "")))
        for each in found.get("enhancedFindings", ())
    ]
    counting = [each for each in (*basic, *enhanced) if each[0] in SEVERITIES]
    counting.sort(key=lambda each: (SEVERITIES.index(each[0]), each[1]))
    return tuple(f"{severity} {name}" for severity, name in counting)


def _named(finding: Mapping[str, Any]) -> str:
    more = {each["key"]: each.get("value", "") for each in finding.get("attributes", ())}
    parts = (finding["name"], more.get("package_name", ""), more.get("package_version", ""))
    return " ".join(part for part in parts if part)
