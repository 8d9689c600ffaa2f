"""`bundle`: the bundle of the commit's image, and what whoever approves its deployment is told."""

import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.building import Build
from pipeline.errors import BuildError
from wpdeploy import archive, cli

OUTPUT = Path("bundle")
# A shell reads it: buildspec.yml exports these variables to CodePipeline.
EXPORTED = Path("exported.env")
PYTHON = "3.11"


def run(build: Build) -> None:
    """Make the bundle, and the file of the exported variables. BuildError."""
    image = f"{build.variables.repository}@{build.digest()}"
    code = cli.main(["bundle", *options(build, image)], os.environ, sys.stdout)
    if code:
        raise BuildError("bundle", f"wpdeploy ended with exit code {code}", "see the lines above")
    size = zipped(OUTPUT)
    EXPORTED.write_text(exported(build, image, size))
    build.say(f"the bundle has {size / 1e6:.1f} MB, zipped")


def options(build: Build, image: str) -> tuple[str, ...]:
    """The options of `wpdeploy bundle`."""
    source, variables = build.source, build.variables
    given = {
        "image": image,
        "commit": source.commit,
        "branch": source.branch,
        "subject": source.subject,
        "build": variables.build,
        "link": variables.link,
        "python": PYTHON,
        "platform": variables.platform,
        "out": str(OUTPUT),
    }
    return tuple(f"--{name}={value}" for name, value in given.items() if value)


def exported(build: Build, image: str, size: int) -> str:
    """The variables that the text of an approval may have, as a shell takes them."""
    values = {
        "IMAGE": image,
        "COMMIT": build.source.commit,
        "SUBJECT": build.source.subject,
        "BUNDLE_BYTES": str(size),
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def zipped(directory: Path) -> int:
    """How many bytes the directory has as an archive, which CodeBuild makes of it."""
    with TemporaryDirectory() as temporary:
        file = Path(temporary, "bundle.zip")
        archive.write(directory, file)
        return file.stat().st_size
