"""Runs from which one right is taken away: each must say what it lacks, and leave all in order."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tests.rights import scenarios
from tests.rights.outcomes import Broken, named
from tests.rights.permissions import Permission
from tests.rights.scenarios import (
    DOWNLOAD,
    EVERYTHING,
    EVIDENCE,
    PRUNING,
    RETRY,
    Stage,
)
from tests.rights.world import RightsSite, World
from wpdeploy.record import Result
from wpdeploy.rights import Right

RENDER, DOCTOR = "render", "doctor"
# Who may not write the lock cannot free it either: it expires.
_FREES = Right("coordination.k8s.io", "leases", "update")
# Pruning ends with the first thing that it may not delete, and the next deployment goes on there.
_PRUNED = (
    "ingresses",
    "cronjobs",
    "poddisruptionbudgets",
    "horizontalpodautoscalers",
    "networkpolicies",
    "secrets",
    "configmaps",
)


class _Trial(NamedTuple):
    """The site, the commands before, and the one that lacks a right, with its usual exit code."""

    site: Callable[["Trials"], RightsSite]
    before: Sequence[str]
    command: str
    usual: int = 0


class Trials:
    """Tries it in the place where a right is used; a site is shared where it stays as it is."""

    def __init__(self, world: World, healthy: RightsSite | None = None) -> None:
        self._world, self._stage = world, Stage(world)
        if healthy:
            self.healthy = healthy

    def cheapest(self, used: Sequence[str]) -> str:
        """What of all that a right is used for is the quickest to try; empty where nothing is."""
        return next((label for label in (*_TRIALS, DOWNLOAD) if label in used), "")

    def of(self, label: str, permission: Permission) -> Broken:
        """What becomes of what uses the permission for this, without it."""
        if label == DOWNLOAD:
            return self._download(permission)
        trial = _TRIALS[label]
        site = trial.site(self)
        if trial.before:
            site.deployment_id = self._world.new_deployment()
        for command in trial.before:
            self._stage.run(site, command)
        with self._world.without(site, permission):
            ended = site.run(*trial.command.split())
        self._world.used()
        goes_on = ended.code == trial.usual
        told = named(permission, ended.output, goes_on=goes_on)
        assert told, f"{trial.command} without {permission} does not name it:\n{ended.output}"
        self._check(site, permission, trial.command, ended.code)
        return Broken(trial.command, ended.code, told, goes_on)

    @cached_property
    def healthy(self) -> RightsSite:
        """A site that runs."""
        site = self._world.site(EVERYTHING)
        self._stage.deploy(site)
        return site

    @cached_property
    def failing(self) -> RightsSite:
        """A site whose last release failed and was kept."""
        site = self._world.site(EVERYTHING)
        scenarios.fail(self._stage, site)
        return site

    @cached_property
    def retried(self) -> RightsSite:
        """A site with a Job that failed."""
        site = self._world.site(EVERYTHING)
        scenarios.fail_job(self._stage, site)
        return site

    @cached_property
    def shrunk(self) -> RightsSite:
        """A site that has what its next release has not."""
        site = self._world.site(EVERYTHING)
        self._stage.deploy(site)
        scenarios.abandon(self._stage, site)
        scenarios.shrink(site)
        return site

    def fresh(self) -> RightsSite:
        """A site before its first deployment."""
        return self._world.site(EVERYTHING)

    def _download(self, permission: Permission) -> Broken:
        site = self.healthy
        with self._world.without(site, permission):
            told = [self._world.download(pinned=pinned) for pinned in (True, False)]
        words = named(permission, "\n".join(told), goes_on=False)
        assert words, f"{permission}: {told}"
        return Broken("DownloadBundle", 1, words)

    def _check(self, site: RightsSite, permission: Permission, command: str, code: int) -> None:
        """Nothing is half done: no lock is held, no deployment under way, no object made."""
        world = self._world
        if permission != _FREES and code:
            assert world.holder(site) == "", f"{command} without {permission} keeps the lock"
        if command != RENDER:
            assert Result.APPLYING not in [each.result for each in world.records(site)]
        elif code:
            assert world.made(site) == [], f"{command} without {permission}"


def in_order(permissions: Sequence[Permission]) -> list[Permission]:
    """The permissions in an order in which they can be tried."""

    def rank(permission: Permission) -> int:
        is_pruned = isinstance(permission, Right) and permission.verb == "delete"
        known = is_pruned and permission.resource in _PRUNED
        return _PRUNED.index(permission.resource) if known else -1

    return sorted(permissions, key=rank)


# From the cheapest to the dearest.
_TRIALS: Mapping[str, _Trial] = {
    RENDER: _Trial(Trials.fresh, (), RENDER),
    **{command: _Trial(lambda trials: trials.healthy, (), command) for command in scenarios.LOOKS},
    EVIDENCE: _Trial(lambda trials: trials.failing, (), "validate", 7),
    RETRY: _Trial(lambda trials: trials.retried, ("render",), "apply", 7),
    PRUNING: _Trial(lambda trials: trials.shrunk, ("render", "apply"), "validate --settle"),
}
