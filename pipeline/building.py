"""One build: what it is told, which commit it is, and whom it asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline import source, variables
from pipeline.docker import Docker
from pipeline.errors import BuildError
from pipeline.registry import Registry
from pipeline.source import Source
from pipeline.variables import Variables
from wpdeploy.clock import Clock


@dataclass(frozen=True)
class Build:
    """What a command gets; `say` writes a line of the build's log."""

    variables: Variables
    source: Source
    registry: Registry
    docker: Docker
    clock: Clock
    say: Callable[[str], None]

    @classmethod
    def of(
        cls, checkout: Path, environ: Mapping[str, str], clock: Clock, say: Callable[[str], None]
    ) -> Self:
        """The build of a checkout. BuildError."""
        told = variables.read(environ)
        commit = source.read(checkout, told.branch)
        registry = Registry(told.repository, clock, say)
        return cls(told, commit, registry, Docker(say), clock, say)

    def digest(self) -> str:
        """The digest that ECR has of the commit's image. BuildError."""
        found = self.registry.digest(self.source.commit)
        if found is None:
            name, commit = self.variables.repository.name, self.source.commit
            hint = "`python -m pipeline image` makes it"
            raise BuildError("ECR", f"{name} has no image of commit {commit}", hint)
        return found
