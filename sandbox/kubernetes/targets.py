"""What a request is about, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Named
from sandbox.kubernetes.store import Key

# Kinds that the API server still calls by the group that they came from.
_OLD_GROUPS = {"Ingress": "extensions"}


@dataclass(frozen=True)
class Target:
    """What a request is about."""

    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Key:
        """Where the store has it."""
        return self.resource.storage, self.namespace, self.name

    @property
    def named(self) -> Named:
        """How messages name it."""
        return Named(self.resource.group, self.resource.plural, self.name)

    @property
    def by_kind(self) -> Named:
        """How messages name it by its kind."""
        group = _OLD_GROUPS.get(self.resource.kind, self.resource.group)
        return Named(group, self.resource.kind, self.name)


@dataclass(frozen=True)
class Asked:
    """Who asks, under which field manager, and whether it is a rehearsal."""

    manager: str
    dry_run: bool = False
    force: bool = False
    options: Json = field(default_factory=dict)
    may_create: Callable[[], bool] = lambda: True
    """Whether a patch of what is not there yet may make it."""
