"""Server-side apply: rehearsed as a whole, then done in order.

`rehearse` is all that can be refused, refused before anything that runs is touched: a dry-run of
every object, every refusal told at once. It writes one thing, the handover of what `kubectl apply`
owned (handover.py), and that only after no object met a conflict with somebody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from wpdeploy import api_status, handover, observed
from wpdeploy.api_status import ApiError, Conflict
from wpdeploy.errors import ClusterError, Exit, ManifestError
from wpdeploy.kinds import FIELD_MANAGER, Manifest, path_of, title

# Holds spec.replicas from when we let go of it until the HorizontalPodAutoscaler first writes it:
# a field that nobody holds any more falls back to its default, one replica.
SEED = "wpdeploy-seed"
_REPLICAS = ".spec.replicas"
# Who may have the number of replicas while autoscaling is on, and gives it back when it is off.
_AUTOSCALERS = {SEED, "kube-controller-manager"}
_HANDOVER_ATTEMPTS = 5

Live = Mapping[str, Manifest | None]
Action = Literal["created", "changed", "unchanged"]


class Cluster(Protocol):
    """The API server, as far as an apply needs it."""

    def get(self, path: str, where: str) -> Manifest | None:
        """The live object, None where there is none."""

    def apply(
        self, manifest: Manifest, *, dry_run: bool = False, force: bool = False, manager: str = ""
    ) -> Manifest:
        """Server-side apply by a field manager; the object that results."""

    def patch(self, manifest: Manifest, operations: Sequence[Manifest]) -> Manifest:
        """A JSON patch of the live object."""

    def server_time(self) -> datetime:
        """Now, by the API server's clock."""


@dataclass(frozen=True)
class Applied:
    """An object after its apply; `generation` is 0 for kinds that have none.

    `images` are those of a Deployment's pods, by container.
    """

    title: str
    action: Action
    generation: int
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplyResult:
    """What the apply did; `since` is the API server's time just before its first change."""

    since: datetime
    objects: tuple[Applied, ...]


@dataclass(frozen=True)
class Preview:
    """An object as it lives, None where there is none, and what an apply would make of it.

    `after` is the whole object where `is_whole`, else what the manifest says of it: of an object
    to create, and of one whose handover a dry-run cannot rehearse.
    """

    live: Manifest | None
    after: Manifest
    is_whole: bool


def rehearse(cluster: Cluster, manifests: Sequence[Manifest], *, force: bool = False) -> Live:
    """Hand over and dry-run every object; raise all refusals at once. What lives, by title."""
    live = {title(manifest): _live(cluster, manifest) for manifest in manifests}
    due = [manifest for manifest in manifests if handover.is_due(live[title(manifest)])]
    _raise_all(_refusals(cluster, manifests, force=force, due=due))
    for manifest in due:
        live[title(manifest)] = _hand_over(cluster, manifest)
    _raise_all(_refusals(cluster, due, force=force, due=()))
    return live


def apply(
    cluster: Cluster, manifests: Sequence[Manifest], live: Live, *, force: bool = False
) -> ApplyResult:
    """Apply in the order given what was rehearsed, and what `rehearse` found living."""
    since = cluster.server_time()
    floor = _least_replicas(manifests)
    applied = [
        _apply(cluster, manifest, live[title(manifest)], floor, force=force)
        for manifest in manifests
    ]
    return ApplyResult(since, tuple(applied))


def preview(
    cluster: Cluster, manifests: Sequence[Manifest], *, force: bool = False
) -> tuple[Preview, ...]:
    """What `rehearse` and `apply` would come to, by dry-runs alone: nothing is handed over."""
    live = [_live(cluster, manifest) for manifest in manifests]
    tried = [
        _try(cluster, manifest, force=force, is_due=handover.is_due(lives))
        for manifest, lives in zip(manifests, live, strict=True)
    ]
    _raise_all([result for result in tried if isinstance(result, _Refusal)])
    floor = _least_replicas(manifests)
    return tuple(
        _previewed(cluster, manifest, lives, result, floor)
        for manifest, lives, result in zip(manifests, live, tried, strict=True)
        if not isinstance(result, _Refusal)
    )


def _previewed(
    cluster: Cluster,
    manifest: Manifest,
    live: Manifest | None,
    result: Manifest | None,
    floor: int | None,
) -> Preview:
    is_whole = live is not None and not handover.is_due(live)
    after = result if is_whole else manifest
    if after is None:  # an autoscaler gives the number of replicas back
        after = cluster.apply(manifest, dry_run=True, force=True, manager=FIELD_MANAGER)
    if floor is not None and _leaves_replicas(manifest):
        replicas = live["spec"]["replicas"] if live else floor
        after = {**after, "spec": {**after["spec"], "replicas": replicas}}
    return Preview(live, after, is_whole)


def _leaves_replicas(manifest: Manifest) -> bool:
    return manifest["kind"] == "Deployment" and "replicas" not in manifest["spec"]


def _live(cluster: Cluster, manifest: Manifest) -> Manifest | None:
    return cluster.get(path_of(manifest), title(manifest))


class _Refusal(NamedTuple):
    """A dry-run's refusal; `conflicts` are those that only a person can end."""

    error: ApiError
    conflicts: Sequence[Conflict]

    @property
    def problems(self) -> Sequence[str]:
        owned = [f'{field} is owned by "{manager}"' for manager, field in self.conflicts]
        return owned or self.error.problems


def _refusals(
    cluster: Cluster, manifests: Sequence[Manifest], *, force: bool, due: Sequence[Manifest]
) -> list[_Refusal]:
    """The refusals of a dry-run; for an object that is due, only those that a handover leaves."""
    tried = [_try(cluster, item, force=force, is_due=item in due) for item in manifests]
    return [result for result in tried if isinstance(result, _Refusal)]


def _try(
    cluster: Cluster, manifest: Manifest, *, force: bool, is_due: bool
) -> Manifest | _Refusal | None:
    """What a dry-run results in; None where something ends its refusal that it may not do."""
    try:
        return cluster.apply(manifest, dry_run=True, force=force, manager=FIELD_MANAGER)
    except ApiError as error:
        refusal = _Refusal(error, _foreign(error.conflicts, is_due=is_due))
        cured = error.conflicts or (is_due and error.code == api_status.INVALID)
        return refusal if refusal.conflicts or not cured else None


def _foreign(conflicts: Sequence[Conflict], *, is_due: bool) -> list[Conflict]:
    """The conflicts that neither a handover nor an autoscaler's leaving ends."""
    return [
        conflict
        for conflict in conflicts
        if not (is_due and conflict.manager == handover.KUBECTL)
        and not (conflict.field == _REPLICAS and conflict.manager in _AUTOSCALERS)
    ]


def _raise_all(refusals: Sequence[_Refusal]) -> None:
    if not refusals:
        return
    by_problem: dict[str, list[str]] = {}
    for refusal in refusals:
        for problem in refusal.problems:
            by_problem.setdefault(problem, []).append(refusal.error.where)
    problems = [f"{', '.join(where)}: {problem}" for problem, where in by_problem.items()]
    hints = [_TAKE_OVER if refusal.conflicts else refusal.error.hint for refusal in refusals]
    first = refusals[0].error
    kind = ManifestError if first.exit_code == Exit.MANIFEST else ClusterError
    raise kind("API server, dry-run", problems, next(filter(None, hints), "")) from first


_TAKE_OVER = (
    "nothing was changed; leave the field out of the template, or take it over once by hand: "
    "render and apply, or bootstrap, with --force-conflicts"
)


def _hand_over(cluster: Cluster, manifest: Manifest) -> Manifest | None:
    attempt = 0
    while (live := _live(cluster, manifest)) and handover.is_due(live):
        try:
            return cluster.patch(manifest, handover.operations(live, FIELD_MANAGER))
        except ApiError as error:
            # A controller wrote its status in between: the next look has the new version.
            attempt += 1
            if error.code != api_status.CONFLICT or attempt == _HANDOVER_ATTEMPTS:
                raise
    return live


def _apply(
    cluster: Cluster, manifest: Manifest, live: Manifest | None, floor: int | None, *, force: bool
) -> Applied:
    least = floor if manifest["kind"] == "Deployment" else None
    if least is not None and live and handover.owns(live, FIELD_MANAGER, "f:spec", "f:replicas"):
        _seed(cluster, manifest, live["spec"]["replicas"])
    try:
        after = cluster.apply(manifest, force=force, manager=FIELD_MANAGER)
    except ApiError as error:
        if not error.conflicts or _foreign(error.conflicts, is_due=False):
            raise
        after = cluster.apply(manifest, force=True, manager=FIELD_MANAGER)
    if least is not None and live is None:
        after = _seed(cluster, manifest, least)
    generation = after["metadata"].get("generation", 0)
    images = observed.images(after) if manifest["kind"] == "Deployment" else {}
    return Applied(title(manifest), _action(live, after), generation, images)


def _seed(cluster: Cluster, deployment: Manifest, replicas: int) -> Manifest:
    metadata = {key: deployment["metadata"][key] for key in ("name", "namespace")}
    bare = {key: deployment[key] for key in ("apiVersion", "kind")}
    seed = {**bare, "metadata": metadata, "spec": {"replicas": replicas}}
    return cluster.apply(seed, force=True, manager=SEED)


def _least_replicas(manifests: Sequence[Manifest]) -> int | None:
    for manifest in manifests:
        if manifest["kind"] == "HorizontalPodAutoscaler":
            least: int = manifest["spec"].get("minReplicas", 1)
            return least
    return None


def _action(live: Manifest | None, after: Manifest) -> Action:
    if live is None:
        return "created"
    # An API server of 1.20 may raise the resourceVersion of an object that stays as it is.
    key = "generation" if "generation" in after["metadata"] else "resourceVersion"
    same: bool = live["metadata"].get(key) == after["metadata"][key]
    return "unchanged" if same else "changed"
