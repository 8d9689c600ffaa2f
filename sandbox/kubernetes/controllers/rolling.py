"""The arithmetic of a rolling update: pure, on numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.kubernetes.schema import Json


@dataclass(frozen=True)
class Bounds:
    """How many pods a Deployment wants, may have more, may lack."""

    desired: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        """The most pods that may be."""
        return self.desired + self.surge

    @property
    def least_available(self) -> int:
        """The fewest that must be available."""
        return self.desired - self.unavailable


@dataclass(frozen=True)
class Set:
    """A ReplicaSet: what it wants, has, and has available."""

    name: str
    wanted: int
    replicas: int = 0
    available: int = 0


def bounds(spec: Json) -> Bounds:
    """The bounds of a Deployment's spec; a surge is rounded up, what may lack is rounded down."""
    desired, strategy = spec["replicas"], spec["strategy"]
    if strategy["type"] != "RollingUpdate":
        return Bounds(desired, 0, 0)
    rolling = strategy["rollingUpdate"]
    surge = _resolved(rolling.get("maxSurge", 0), desired, math.ceil)
    unavailable = _resolved(rolling.get("maxUnavailable", 0), desired, math.floor)
    if surge == 0 and unavailable == 0:
        # Both may round to nothing, and then nothing would move.
        unavailable = 1
    return Bounds(desired, surge, min(unavailable, desired))


def _resolved(value: int | str, total: int, rounded: object) -> int:
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if rounded is math.ceil else math.floor(share)


def new_size(limits: Bounds, recreate: bool, new: int, others: Sequence[Set]) -> int:  # noqa: FBT001
    """How many pods the new ReplicaSet may want, which wants `new` now."""
    if recreate:
        return limits.desired
    current = new + sum(each.wanted for each in others)
    if current >= limits.most:
        return new
    return new + min(limits.most - current, limits.desired - new)


def old_sizes(limits: Bounds, new: Set, old: Sequence[Set]) -> dict[str, int]:
    """What the old ReplicaSets are to want; those that stay as they are are not in it."""
    total = new.wanted + sum(each.wanted for each in old)
    spare = total - limits.least_available - (new.wanted - new.available)
    if spare <= 0 or not any(each.wanted for each in old):
        return {}
    sizes = _without_unhealthy(old, spare)
    available = new.available + sum(each.available for each in old)
    _scale_down(sizes, old, available - limits.least_available)
    return {each.name: sizes[each.name] for each in old if sizes[each.name] != each.wanted}


def _without_unhealthy(old: Sequence[Set], spare: int) -> dict[str, int]:
    """Pods that are not available go first: nobody misses them."""
    sizes: dict[str, int] = {}
    for each in old:
        lost = max(min(spare, each.wanted - each.available), 0)
        sizes[each.name] = each.wanted - lost
        spare -= lost
    return sizes


def _scale_down(sizes: dict[str, int], old: Sequence[Set], surplus: int) -> None:
    for each in old:
        if surplus <= 0:
            return
        lost = min(sizes[each.name], surplus)
        sizes[each.name] -= lost
        surplus -= lost


def proportional(limits: Bounds, sets: Sequence[tuple[Set, int]]) -> dict[str, int]:
    """Sizes after the number of replicas changed in mid-rollout.

    The sets come the oldest first, each with its former most. Of two that want as many, the newer
    one grows first, and the older one shrinks first.
    """
    current = sum(each.wanted for each, _ in sets)
    to_add = (limits.most if limits.desired else 0) - current
    by_age = reversed(sets) if to_add > 0 else sets
    ordered = sorted(by_age, key=lambda pair: -pair[0].wanted)
    sizes, added = {}, 0
    for each, former in ordered:
        share = _share(each, _fraction(limits, each, former), to_add, added)
        sizes[each.name] = each.wanted + share
        added += share
    if ordered:
        # What rounding has left goes to the largest.
        first = ordered[0][0].name
        sizes[first] = max(sizes[first] + to_add - added, 0)
    return sizes


def _fraction(limits: Bounds, each: Set, former: int) -> int:
    if not limits.desired:
        return -each.wanted
    return _round(each.wanted * limits.most / (former or limits.most)) - each.wanted


def _share(each: Set, fraction: int, to_add: int, added: int) -> int:
    if not each.wanted or not to_add or to_add == added:
        return 0
    if to_add > 0:
        return min(fraction, to_add - added)
    return max(fraction, to_add - added)


def _round(value: float) -> int:
    return math.floor(value + 0.5)
