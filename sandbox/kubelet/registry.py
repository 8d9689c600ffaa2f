"""What a registry refuses, in the words in which containerd hands it on."""

import math
from dataclasses import dataclass

from sandbox.kubelet.images import parse

_FAILED = 'rpc error: code = {code} desc = failed to pull and unpack image "{image}": '
_UNRESOLVED = 'failed to resolve reference "{image}": '
_STATUS = "pulling from host {host} failed with status code [manifests {version}]: "


@dataclass(frozen=True)
class PullError:
    """Why an image cannot be pulled, for so many seconds from the first attempt on."""

    words: str
    code: str = "Unknown"
    lasts: float = math.inf

    def told(self, image: str) -> str:
        """The error of an attempt to pull this image."""
        found = parse(image)
        host, _, path = found.repository.partition("/")
        return (_FAILED + self.words).format(
            code=self.code,
            image=image,
            host=host,
            path=path,
            version=found.digest or found.tag,
        )


NOT_FOUND = PullError(_UNRESOLVED + "{image}: not found", code="NotFound")
DENIED = PullError(
    _UNRESOLVED + "pull access denied, repository does not exist or may require authorization: "
    "server message: insufficient_scope: authorization failed"
)
# What ECR answers to a role that may not pull.
FORBIDDEN = PullError(_UNRESOLVED + _STATUS + "403 Forbidden")
UNAVAILABLE = PullError(_UNRESOLVED + _STATUS + "503 Service Unavailable")
TOO_MANY = PullError(
    "failed to copy: httpReadSeeker: failed open: unexpected status code "
    "https://{host}/v2/{path}/manifests/{version}: 429 Too Many Requests - Server message: "
    "toomanyrequests: You have reached your pull rate limit. You may increase the limit by "
    "authenticating and upgrading: https://www.docker.com/increase-rate-limit"
)
