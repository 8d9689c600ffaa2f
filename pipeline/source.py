"""What git knows of the checkout: the commit that is built, its branch and its subject."""

import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BuildError

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
_LONGEST_SUBJECT = 200
_HINT = (
    "build in a clone of the repository, which CODEBUILD_CLONE_REF makes of CodePipeline's source"
)


@dataclass(frozen=True)
class Source:
    """A commit; its branch, and its subject as one line of at most 200 characters."""

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
    return Source(commit, branch, one_line(_git(checkout, "show", "--no-patch", "--format=%s")))


def one_line(subject: str) -> str:
    """A subject without control characters, and not too long for the text of an approval."""
    printable = "".join(" " if unicodedata.category(c) == "Cc" else c for c in subject)
    words = " ".join(printable.split()) or "(no subject)"
    longer = len(words) > _LONGEST_SUBJECT
    return f"{words[: _LONGEST_SUBJECT - 3]}..." if longer else words


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
