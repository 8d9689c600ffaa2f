"""ECR: whether a registry of AWS has an image, and for what platforms.

Only `doctor` asks: the bastion's role need not be allowed to, the nodes pull the image.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import ClusterError

_ECR = Service("ecr", "ECR", ClusterError)
_ACTION = "ecr:BatchGetImage"
_IMAGE = re.compile(
    r"(?P<registry>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z.]+/"
    r"(?P<repository>[^:@]+)(:[^@]+)?@(?P<digest>sha256:[0-9a-f]{64})"
)
_MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class _NoRepository(ClusterError):
    """The registry has no such repository."""


def manifest(image: str, clock: Clock, notice: Callable[[str], None]) -> Mapping[str, Any] | None:
    """The manifest or index of an image by digest, None where it is not there."""
    place = _IMAGE.fullmatch(image)
    if place is None:
        raise ClusterError("ECR", f"{image} is in another registry, which is not asked")
    try:
        found = Client(_ECR, place["region"], clock, notice).call(_batch_get_image(place))
    except _NoRepository:
        return None
    if not found:
        return None
    document: Mapping[str, Any] = json.loads(found[0]["imageManifest"])
    return document


def _batch_get_image(place: re.Match[str]) -> Call:
    def told(code: str, message: str) -> ClusterError | None:
        repository = place["repository"]
        if code == "RepositoryNotFoundException":
            return _NoRepository(_ECR.where, f"there is no repository {repository}")
        if not code.startswith("AccessDenied"):
            return None
        _, arn = denied(message)
        problem = f"access denied: {_ACTION} on {arn or f'the repository {repository}'}"
        hint = "allow it in the role's policy, if doctor shall look"
        return ClusterError(_ECR.where, problem, hint)

    arguments = {
        "registryId": place["registry"],
        "repositoryName": place["repository"],
        "imageIds": [{"imageDigest": place["digest"]}],
        "acceptedMediaTypes": list(_MEDIA_TYPES),
    }
    return Call(_ACTION, place["repository"], "batch_get_image", arguments, "images", told)
