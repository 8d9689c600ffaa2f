"""What `doctor` printed, compared with docs/doctor.md."""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from tests.cluster.site import ROOT, Result, Site

DOCUMENT = (ROOT / "docs/doctor.md").read_text()
_INDEX = "application/vnd.oci.image.index.v1+json"


class Row(NamedTuple):
    """A row of the document's table: the exit code, and a line that was printed."""

    code: int
    line: str


ROWS = {
    broken: Row(int(code), line)
    for broken, code, line in re.findall(
        r"^\| ([^|]+) \| (\d+) \| `(.+)` \|$", DOCUMENT, re.MULTILINE
    )
}
HEALTHY = DOCUMENT.partition("```text\n")[2].partition("```")[0].splitlines()


def push(site: Site, *architectures: str, digest: str = "a") -> None:
    """Have ECR hold the release's image for these architectures, and nothing else."""
    site.aws.backend("ecr").repositories.clear()
    ecr = site.aws.client("ecr")
    ecr.create_repository(repositoryName="wordpress")
    platforms = [{"platform": {"os": "linux", "architecture": each}} for each in architectures]
    ecr.put_image(
        repositoryName="wordpress",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": platforms}),
        imageTag="v1",
        imageDigest=f"sha256:{digest * 64}",
    )


def lines(site: Site, result: Result) -> list[str]:
    """The checks' lines as the document has them: without times, and with names of its own."""
    own = {
        site.path: "/wordpress/Test",
        str(site.directory / "root"): "",
        site.plane.url: "https://API-SERVER",
        site.namespace: "wordpress-test",
    }
    text = result.output
    for name, shown in own.items():
        text = text.replace(name, shown)
    found = re.findall(r"^ *\d+\.\d s  (ok|warning|failed|skipped) +(.*)$", text, re.MULTILINE)
    return [f"{level:<8} {told}" for level, told in found]


def of(check: str, printed: Sequence[str]) -> str:
    """The line of a check."""
    return next(line for line in printed if line[9:].startswith(f"{check}: "))
