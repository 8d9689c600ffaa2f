"""A build whose registry and docker are played, on a clock of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pipeline.building import Build
from pipeline.docker import Docker
from pipeline.registry import Image, Registry, Scan
from pipeline.source import Source
from pipeline.variables import Repository, Variables
from tests.unit.wire import FakeClock

COMMIT = "c0ffee" * 6 + "c0ff"
DIGEST = f"sha256:{'a' * 64}"
REPOSITORY = Repository("ecr.example", "wordpress", "eu-central-1")
IMAGE = f"ecr.example/wordpress:{COMMIT}"
VARIABLES = Variables(
    REPOSITORY, "NONE", "x86_64", "", "site-build:1", "https://console.example/1",
    "https://git.example/site", {"BASE_IMAGE": "debian:sid"},
)  # fmt: skip
SOURCE = Source(COMMIT, "main", 'It\'s "new" & {{ x }} 🎉')


@dataclass
class PlayedRegistry:
    """Answers one after the other, the last one for ever; what was asked for is in `asked`."""

    digests: list[str | None] = field(default_factory=lambda: [None])
    newest_image: Image | None = None
    scans: list[Scan | None] = field(default_factory=lambda: [None])
    asked: list[str] = field(default_factory=list)

    def digest(self, tag: str) -> str | None:
        self.asked.append(tag)
        return self.digests.pop(0) if len(self.digests) > 1 else self.digests[0]

    def newest(self) -> Image | None:
        return self.newest_image

    def password(self) -> str:
        return "p4ss"

    def scan(self, digest: str) -> Scan | None:
        self.asked.append(digest)
        return self.scans.pop(0) if len(self.scans) > 1 else self.scans[0]


@dataclass
class PlayedDocker:
    """Does nothing; what it was told is in `calls`."""

    pushed: str = DIGEST
    pulls: bool = True
    calls: list[tuple[str, ...]] = field(default_factory=list)
    arguments: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        self.calls.append(("check",))

    @contextmanager
    def login(self, host: str, password: str) -> Iterator[None]:
        self.calls.append(("login", host, password))
        yield
        self.calls.append(("logout",))

    def pull(self, image: str) -> bool:
        self.calls.append(("pull", image))
        return self.pulls

    def build(self, image: str, arguments: Mapping[str, str], options: Sequence[str]) -> None:
        self.calls.append(("build", image, *options))
        self.arguments = arguments

    def push(self, image: str) -> str:
        self.calls.append(("push", image))
        return self.pushed


@dataclass
class PlayedBuild:
    """The build, and what it said."""

    registry: PlayedRegistry = field(default_factory=PlayedRegistry)
    docker: PlayedDocker = field(default_factory=PlayedDocker)
    clock: FakeClock = field(default_factory=FakeClock)
    said: list[str] = field(default_factory=list)

    def of(self, **variables: Any) -> Build:
        """The build with some variables."""
        told = replace(VARIABLES, **variables)
        registry, docker = cast("Registry", self.registry), cast("Docker", self.docker)
        return Build(told, SOURCE, registry, docker, self.clock, self.said.append)
