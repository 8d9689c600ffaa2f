"""Preflight: what can be known to go wrong before a deployment changes anything.

Each function judges facts that somebody else has gathered, and returns a Finding; the names of the
checks are those of docs/doctor.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from wpdeploy import api_status
from wpdeploy.api_status import ApiError
from wpdeploy.errors import Exit, WpdeployError
from wpdeploy.kinds import Manifest
from wpdeploy.release import Release
from wpdeploy.rights import Right
from wpdeploy.settings import Settings

_ARCHITECTURE = "kubernetes.io/arch"
# STS takes a signature that is five minutes old (AWS Signature Version 4).
_FATAL_SKEW = timedelta(minutes=5)
_SKEW = timedelta(minutes=1)
# The variables that WordPress signs cookies with.
_SALT = re.compile(r"WORDPRESS_(AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(KEY|SALT)")
_SHOWN = 6
# Characters of a digest that a person can compare: sha256: and twelve more.
_DIGEST = 19


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do; `exit` is that of a deployment that fails for it."""

    check: str
    level: Level
    sentence: str
    hint: str = ""
    exit: Exit = Exit.SUCCESS

    def __str__(self) -> str:
        told = f"{self.check}: {self.sentence}"
        return f"{told} ({self.hint})" if self.hint else told


class Stored(Protocol):
    """A parameter's version, whatever else is known of it."""

    @property
    def name(self) -> str:
        """Its full name in SSM."""

    @property
    def version(self) -> int:
        """Its version there."""

    @property
    def modified(self) -> str:
        """When that version was made."""


def ok(check: str, sentence: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Level.OK, sentence)


def warning(check: str, sentence: str, hint: str = "") -> Finding:
    """A deployment can succeed, and yet somebody should know."""
    return Finding(check, Level.WARNING, sentence, hint)


def failed(check: str, sentence: str, hint: str, code: Exit = Exit.CLUSTER) -> Finding:
    """A deployment fails."""
    return Finding(check, Level.FAILED, sentence, hint, code)


def skipped(check: str, sentence: str) -> Finding:
    """Not looked at."""
    return Finding(check, Level.SKIPPED, sentence)


def of_error(check: str, error: WpdeployError) -> Finding:
    """The check's finding where looking ended in an error that a deployment would end in too."""
    sentence = f"{error.where}: {'; '.join(error.problems)}"
    return failed(check, sentence, error.hint, error.exit_code)


def not_known(check: str, error: WpdeployError) -> Finding:
    """The same, where a deployment does not do what ended in the error."""
    if isinstance(error, ApiError) and error.code == api_status.FORBIDDEN:
        is_wide = "at the cluster scope" in error.problems[0]
        hint = "no Role in a namespace grants it" if is_wide else api_status.ROLE
        return warning(check, f"not known: may not look at {error.where}", hint)
    return warning(check, f"not known: {error.where}: {'; '.join(error.problems)}", error.hint)


def state_directory(path: str, *, is_writable: bool) -> Finding:
    """Whether the hooks can leave each other a note."""
    if is_writable:
        return ok("state directory", path)
    hint = "run doctor as the user of the CodeDeploy agent, who must be able to write there"
    return failed("state directory", f"{path} cannot be written", hint, Exit.CONFIGURATION)


def uploads(env: Settings) -> Finding:
    """Whether more than one pod shares what visitors upload."""
    most = env.autoscaling.max_replicas if env.autoscaling.enabled else env.wordpress.replicas
    if env.uploads.enabled:
        return ok("uploads", "all pods share a volume")
    if most <= 1:
        return ok("uploads", "a single pod has them, until it ends")
    hint = "set uploads.enabled, or keep uploads elsewhere by a plugin"
    return warning("uploads", f"up to {most} pods, each with uploads of its own", hint)


def clock(ahead: timedelta, *, signs: bool) -> Finding:
    """Whether this machine's clock agrees with the API server's; `signs`: EKS's tokens by it."""
    skew = abs(ahead)
    if skew <= _SKEW:
        return ok("clock", "agrees with the API server's to a minute")
    side = "ahead of" if ahead > timedelta() else "behind"
    sentence = f"{skew / timedelta(minutes=1):.0f} min {side} the API server's"
    hint = "set the time: chronyc tracking, systemctl restart chronyd"
    if signs and skew > _FATAL_SKEW:
        return failed("clock", f"{sentence}: STS refuses what is signed by it", hint)
    return warning("clock", sentence, hint)


def namespace(name: str, found: Manifest | None) -> Finding:
    """Whether there is a namespace to deploy into."""
    if found is None:
        return failed("namespace", f"{name} does not exist", api_status.BOOTSTRAP)
    if "deletionTimestamp" in found["metadata"]:
        return failed("namespace", f"{name} is being deleted", "wait, and make it anew")
    return ok("namespace", name)


def rights(denied: Sequence[Right]) -> Finding:
    """What of the Role is missing; a dry-run tells of most whether it is needed."""
    if not denied:
        return ok("rights", "all that k8s/cluster/role.yaml has")
    needed = [right for right in denied if right.is_always_needed]
    if needed:
        return failed("rights", f"cannot {listed(needed)}", api_status.ROLE)
    told = f"cannot {listed(denied)}: the other checks tell whether that matters"
    return warning("rights", told, api_status.ROLE)


def ingress_class(name: str, found: Manifest | None) -> Finding:
    """Whether a controller serves the Ingress."""
    if found is None:
        hint = (
            "have an administrator run bootstrap, which makes that of EKS Auto Mode, or correct "
            "ingress.class_name"
        )
        return failed("ingress class", f"there is no IngressClass {name}", hint)
    return ok("ingress class", f"{name}, served by {found['spec'].get('controller')}")


def image(release: Release, manifest: Mapping[str, object] | None) -> Finding:
    """Whether ECR has the image."""
    name, _, digest = release.image.partition("@")
    told = f"{name}@{digest[:_DIGEST]}"
    if manifest is None:
        hint = "build the release again, or see the repository's lifecycle policy"
        return failed("image", f"{told} is not there", hint, Exit.CONFIGURATION)
    return ok("image", f"{told} is there")


def architecture(images: Iterable[str], nodes: Iterable[str]) -> Finding:
    """Whether the image runs on the nodes; empty: not known."""
    has, wanted = sorted(set(images)), sorted(set(nodes))
    if not has:
        return skipped("architecture", "the image's is not known: it is a single manifest")
    if not wanted:
        return skipped("architecture", f"the nodes' is not known; the image has {_and(has)}")
    missing = [each for each in wanted if each not in has]
    if missing:
        hint = "build the image for them, or choose nodes by a nodeSelector in the template"
        problem = f"the image is for {_and(has)}, but there are nodes of {_and(missing)}"
        return failed("architecture", problem, hint, Exit.CONFIGURATION)
    return ok("architecture", f"the image is for {_and(has)}, as the nodes are")


def platforms(manifest: Mapping[str, object]) -> list[str]:
    """The architectures of an image's index; none for a single manifest, which does not say."""
    entries = manifest.get("manifests")
    platform = [each.get("platform", {}) for each in entries] if isinstance(entries, list) else []
    # An attestation is listed as one for an unknown platform.
    return [each["architecture"] for each in platform if each.get("os") == "linux"]


def selected(manifests: Sequence[Manifest]) -> list[str]:
    """The architecture of the nodes that the Deployment's template asks for, if it does."""
    pods = (each["spec"]["template"]["spec"] for each in manifests if each["kind"] == "Deployment")
    chosen = ((pod.get("nodeSelector") or {}).get(_ARCHITECTURE) for pod in pods)
    return [each for each in chosen if each]


def salts(now: Mapping[str, Stored], before: Mapping[str, Stored] | None) -> Finding:
    """Whether what cookies are signed with has changed since a release; by environment variable."""
    if before is None:
        return ok("salts", "there is no earlier release")
    changed = [
        stored.name
        for variable, stored in now.items()
        if _SALT.fullmatch(variable)
        and variable in before
        and _identity(stored) != _identity(before[variable])
    ]
    if not changed:
        return ok("salts", "the same as in the last release")
    hint = "if that is not meant, store the earlier values again"
    problem = f"{_and(changed)} changed since the last release: everybody is logged out"
    return warning("salts", problem, hint)


def _identity(stored: Stored) -> tuple[str, int, str]:
    return stored.name, stored.version, stored.modified


def _and(names: Sequence[str]) -> str:
    return ", ".join(names)


def listed(denied: Sequence[Right]) -> str:
    """The rights in a line: the first few, and how many more."""
    shown = [str(right) for right in denied[:_SHOWN]]
    more = len(denied) - len(shown)
    return _and([*shown, f"and {more} more"] if more else shown)
