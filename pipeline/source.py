"""What git knows of the checkout: the commit that is built, its branch and its subject."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BuildError
from wpdeploy import release

# All that goes into the image or the bundle.
BUILT = (
    ".dockerignore",
    "appspec.yml",
    "build",
    "hooks",
    "k8s",
    "runtime.lock",
    "sources",
    "wpdeploy",
)
_HINT = (
    "build in a clone of the repository, which CODEBUILD_CLONE_REF makes of CodePipeline's source"
)


@dataclass(frozen=True)
class Source:
    """A commit, its branch, and its subject as `wpdeploy.release` cuts it."""

    commit: str
    branch: str
    subject: str


def read(checkout: Path, branch: str) -> Source:
    """The commit that is checked out; `branch`, where it is given, is its branch. BuildError."""
    commit = _git(checkout, "rev-parse", "HEAD")
    if changed := _git(checkout, "status", "--porcelain", "--untracked-files=all", "--", *BUILT):
        files = ", ".join(line[2:].strip() for line in changed.splitlines())
        raise BuildError("git", f"not as in commit {commit}: {files}", "commit or remove them")
    branch = branch or _git(checkout, "branch", "--show-current")
    if not branch:
        raise BuildError("git", "no branch is checked out", "set BRANCH to its name")
    subject = release.subject(_git(checkout, "show", "--no-patch", "--format=%s"))
    # A variable of CodePipeline cannot be empty.
    return Source(commit, branch, subject or "(no subject)")


def _git(checkout: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # git, with arguments of ours
            ["git", "-C", str(checkout), *arguments],  # noqa: S607  # the one on the PATH
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise BuildError("git", f"cannot be run: {error.strerror}", "install git") from error
    if done.returncode:
        raise BuildError("git", " ".join(done.stderr.split()), _HINT)
    return done.stdout.strip()
