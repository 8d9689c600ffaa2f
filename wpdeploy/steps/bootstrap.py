"""`bootstrap`: what a deployment needs and may not make itself, applied by an administrator.

Nothing is deleted. Which rights the administrator lacks is told all at once, before a change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from wpdeploy import api_status, apply, bootstrap, diff, preflight, rights, settings
from wpdeploy.api_status import ApiError
from wpdeploy.apply import Applied, Preview
from wpdeploy.cli import Invocation
from wpdeploy.diff import Difference
from wpdeploy.errors import ClusterError, Exit, UsageError
from wpdeploy.kinds import ADMINISTERED, Manifest, api, path_of, title
from wpdeploy.kube import Cluster
from wpdeploy.report import Report
from wpdeploy.settings import Settings
from wpdeploy.steps import checking
from wpdeploy.steps.asking import agreed
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.diff import show
from wpdeploy.target import KubeconfigCluster, Target

_CLASS, _PARAMS = "IngressClass", "IngressClassParams"
_ADMINISTRATOR = (
    "run it as an administrator of the cluster: of EKS by an access entry with the policy "
    "AmazonEKSClusterAdminPolicy, else by --kubeconfig"
)


class _Plan(NamedTuple):
    """What is applied, what becomes of it, and what is to know beside."""

    manifests: tuple[Manifest, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return any(item.action in {"created", "changed"} for item in self.differences)


def run(invocation: Invocation) -> Report:
    """Show what becomes of each object, ask, apply."""
    env = settings.read(invocation.context)
    wanted = bootstrap.render(invocation.context, env)
    cluster = connect(invocation, _target(invocation, env))
    plan = _plan(cluster, env, wanted, force=invocation.options.force_conflicts)
    show(invocation, plan.differences)
    where, rows = f"namespace {env.namespace}", tuple(("note", note) for note in plan.notes)
    data = {"changes": plan.changes, "objects": [*map(asdict, plan.differences)]}
    if not plan.changes:
        told = f"{where}: nothing to do: {diff.summary(plan.differences)}"
        return Report(Exit.SUCCESS, told, rows, data)
    told = f"{where} at {cluster.url}: this comes to {diff.summary(plan.differences)}"
    if not agreed(invocation, told, "apply this", "apply this?"):
        return Report(Exit.INTERRUPTED, f"{where}: nothing was changed", data=data)
    done = _apply(invocation, cluster, plan.manifests)
    summary = diff.summary([Difference(item.title, item.action) for item in done])
    return Report(Exit.SUCCESS, f"{where}: {summary}", rows, data)


def _target(invocation: Invocation, env: Settings) -> Target:
    """The environment's cluster, by the administrator's own kubeconfig where one is given."""
    kubeconfig, context = invocation.options.kubeconfig, invocation.options.context
    if kubeconfig:
        return env.target(KubeconfigCluster(kubeconfig, context))
    if context:
        raise UsageError("--context", "is a context of a kubeconfig", "pass --kubeconfig as well")
    return located(invocation, env)


def _plan(cluster: Cluster, env: Settings, wanted: Sequence[Manifest], *, force: bool) -> _Plan:
    is_auto_mode = _is_served(cluster, _PARAMS)
    known = [item for item in wanted if is_auto_mode or not _is_of_auto_mode(item)]
    _check_rights(cluster, env.namespace, known)
    left_out = [
        Difference(title(item), "left out", note=why_not)
        for item in wanted
        if (why_not := _why_not(cluster, item, is_auto_mode=is_auto_mode))
    ]
    no_class = any(each.title.startswith(f"{_CLASS} ") for each in left_out)
    ours = [item for item in known if not (no_class and item["kind"] in {_CLASS, _PARAMS})]
    previews = _previews(cluster, ours, force=force)
    notes = [*_notes(cluster, env, previews), *(f"{each.title}: {each.note}" for each in left_out)]
    return _Plan(tuple(ours), (*map(diff.of_preview, previews), *left_out), tuple(notes))


def _is_served(cluster: Cluster, kind: str) -> bool:
    """Whether the API server has the kind at all."""
    plural, [version], _ = ADMINISTERED[kind]
    found = (cluster.get(api(version), version) or {}).get("resources") or ()
    return any(each["name"] == plural for each in found)


def _is_of_auto_mode(manifest: Manifest) -> bool:
    return manifest["kind"] == _PARAMS or title(manifest) == bootstrap.POLICIES


def _why_not(cluster: Cluster, manifest: Manifest, *, is_auto_mode: bool) -> str:
    """Why an object is left out, and told."""
    if manifest["kind"] == _CLASS:
        return bootstrap.why_no_class(_live(cluster, manifest), is_auto_mode=is_auto_mode)
    is_setting = title(manifest) == bootstrap.POLICIES
    return bootstrap.NO_POLICIES if is_setting and not is_auto_mode else ""


def _live(cluster: Cluster, manifest: Manifest) -> Manifest | None:
    return cluster.get(path_of(manifest), title(manifest))


def _check_rights(cluster: Cluster, namespace: str, wanted: Sequence[Manifest]) -> None:
    """Raise what the administrator may not: a dry-run in a new namespace would not tell it."""
    problems = [*_denied(cluster, wanted), *_not_held(cluster, namespace, wanted)]
    if problems:
        raise ClusterError("rights", problems, _ADMINISTRATOR)


def _denied(cluster: Cluster, wanted: Sequence[Manifest]) -> Iterator[str]:
    for item in wanted:
        place = item["metadata"].get("namespace", "")
        needed = rights.to_apply(item)
        denied = [each.verb for each in needed if not checking.may(cluster, place, each)]
        if denied:
            where = f"in the namespace {place}" if place else "in the cluster"
            yield f"cannot {', '.join(denied)} {needed[0].resource} {where}"


def _not_held(cluster: Cluster, namespace: str, wanted: Sequence[Manifest]) -> Iterator[str]:
    """A Role gives nobody what its maker has not, unless that may be given all the same."""
    if all(checking.may(cluster, namespace, right) for right in rights.GRANTING):
        return
    own = checking.rules(cluster, namespace)
    for item in wanted:
        given = rights.of_rules(item.get("rules") or ())
        if missing := rights.ungranted(given, own):
            yield f"the {title(item)} gives what its maker has not: {preflight.listed(missing)}"


def _previews(
    cluster: Cluster, manifests: Sequence[Manifest], *, force: bool
) -> tuple[Preview, ...]:
    """What an apply would come to; in a namespace that is yet to be made, nothing can be tried."""
    new = {
        item["metadata"]["name"]
        for item in manifests
        if item["kind"] == "Namespace" and not _is_there(cluster, item)
    }
    known = [item for item in manifests if _place(item) not in new]
    tried = {title(each.after): each for each in apply.preview(cluster, known, force=force)}
    return tuple(
        tried.get(title(item)) or Preview(None, item, is_whole=False) for item in manifests
    )


def _place(manifest: Manifest) -> str | None:
    namespace: str | None = manifest["metadata"].get("namespace")
    return namespace


def _is_there(cluster: Cluster, namespace: Manifest) -> bool:
    live = _live(cluster, namespace)
    if live and "deletionTimestamp" in live["metadata"]:
        raise ClusterError(title(namespace), "is being deleted", "wait, and run this again")
    return live is not None


def _notes(cluster: Cluster, env: Settings, previews: Sequence[Preview]) -> Iterator[str]:
    """What else there must be before the objects are of use."""
    for item in previews:
        note = ""
        if item.after["kind"] == "StorageClass":
            note = bootstrap.driver_note(item.after, _driver(cluster))
        elif item.after["kind"] == _PARAMS:
            note = bootstrap.scheme_note(item.live, env.ingress.scheme)
        if note:
            yield f"{title(item.after)}: {note}"


def _driver(cluster: Cluster) -> Manifest | None:
    try:
        return cluster.get(f"{api('storage.k8s.io/v1')}/csidrivers/{bootstrap.DRIVER}", "CSIDriver")
    except ApiError as error:
        if error.code != api_status.FORBIDDEN:
            raise
        return {}  # nobody knows


def _apply(
    invocation: Invocation, cluster: Cluster, manifests: Sequence[Manifest]
) -> list[Applied]:
    """Apply the Namespace, then what is in it and around it."""
    force, done = invocation.options.force_conflicts, list[Applied]()
    for is_namespace in (True, False):
        part = [item for item in manifests if (item["kind"] == "Namespace") is is_namespace]
        live = apply.rehearse(cluster, part, force=force)
        for item in apply.apply(cluster, part, live, force=force).objects:
            done.append(item)
            if item.action != "unchanged":
                invocation.console.line(f"{item.title} {item.action}")
    return done
