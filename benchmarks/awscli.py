"""The `aws` command, in an environment of its own: it pins another botocore than wpdeploy's."""

from pathlib import Path

from benchmarks import locked


def programs(python: Path) -> Path:
    """The directory with the `aws` of awscli.lock, run by this interpreter."""
    return locked.programs(Path(__file__).with_name("awscli.lock"), python)
