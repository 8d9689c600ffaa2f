"""`diff`: what a deployment of the release at hand, or of a recorded one, would change.

By server-side dry-runs alone: it writes nothing, holds no lock, and has no secret value at hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

from wpdeploy import apply, diff, pruning, release, rollback, settings
from wpdeploy.apply import Preview
from wpdeploy.cli import Invocation
from wpdeploy.diff import Configuration, Difference
from wpdeploy.errors import Exit, UsageError
from wpdeploy.kinds import Manifest, collection, title, without_jobs
from wpdeploy.kube import Cluster
from wpdeploy.record import Record, Result
from wpdeploy.report import Report
from wpdeploy.settings import Settings
from wpdeploy.steps import recording
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.rendering import configs, read_parameters, recorded, render_manifests
from wpdeploy.target import Target

_COLOURS = {"-": 31, "+": 32, "~": 33}


class _Wanted(NamedTuple):
    """A release as its deployment would be recorded, what of it is applied, its configuration."""

    record: Record
    manifests: tuple[Manifest, ...]
    configuration: Configuration
    told: str


def run(invocation: Invocation) -> Report:
    """Show what would change, object by object."""
    options = invocation.options
    env = settings.read(invocation.context)
    target = located(invocation, env)
    cluster = connect(invocation, target)
    records = recording.records(invocation, cluster, target).all()
    if options.to is None:
        wanted = _at_hand(invocation, env, cluster)
    else:
        wanted = _recorded(cluster, target, records, options.to)
    found = _differences(cluster, target, wanted, records, force=options.force_conflicts)
    show(invocation, found)
    return _report(wanted.told, found, is_code_asked=options.exit_code)


def of_record(
    cluster: Cluster, target: Target, record: Record, records: Sequence[Record], *, force: bool
) -> tuple[Difference, ...]:
    """What restoring one of the records would change."""
    wanted = _restored(cluster, target, record)
    return _differences(cluster, target, wanted, records, force=force)


def _differences(
    cluster: Cluster, target: Target, wanted: _Wanted, records: Sequence[Record], *, force: bool
) -> tuple[Difference, ...]:
    previews = apply.preview(cluster, wanted.manifests, force=force)
    inventory = pruning.survey(cluster, target.namespace, target.name)
    return (
        diff.of_configuration(_running(cluster, target, previews, records), wanted.configuration),
        *map(diff.of_preview, previews),
        *map(diff.deleted, pruning.plan(inventory, (wanted.record, *records))),
    )


def _at_hand(invocation: Invocation, env: Settings, cluster: Cluster) -> _Wanted:
    """What `render` would make, of parameters that are not decrypted."""
    context = invocation.context
    rel = release.read(context)
    read = read_parameters(invocation, env, decrypted=False)
    made = configs(env, read)
    record = Record(
        number=0,
        deployment_id=context.deployment_id,
        group=context.group,
        result=Result.APPLYING,
        started=cluster.server_time(),
        ended=None,
        reason="",
        restores=None,
        release=rel,
        config=made.site.name,
        env=env.env,
        parameters=recorded(read),
        manifests=render_manifests(invocation, env, rel, made),
        applied=None,
    )
    unknown = {parameter.spec.env for parameter in read if not parameter.stored.value}
    plain = _configuration(record, made.site.config_map["data"], unknown)
    return _Wanted(record, record.manifests, plain, f"commit {rel.commit}")


def _recorded(cluster: Cluster, target: Target, records: Sequence[Record], number: int) -> _Wanted:
    found = next((record for record in records if record.number == number), None)
    if found is None:
        there = ", ".join(str(record.number) for record in records) or "none"
        raise UsageError(f"--to {number}", "there is no such record", f"there are: {there}")
    return _restored(cluster, target, found)


def _restored(cluster: Cluster, target: Target, record: Record) -> _Wanted:
    stored, told = _stored(cluster, target, record), rollback.told(record)
    return _Wanted(record, without_jobs(record.manifests), stored, told)


def _running(
    cluster: Cluster, target: Target, previews: Sequence[Preview], records: Sequence[Record]
) -> Configuration:
    """What the Deployment refers to now."""
    name = f"Deployment {target.name}"
    live = next((item.live for item in previews if title(item.after) == name), None)
    config = diff.configuration_name(live, target.name) if live else ""
    for record in records:
        if record.config == config:
            return _stored(cluster, target, record)
    return Configuration(config, plain=_config_map(cluster, target, config) or {})


def _stored(cluster: Cluster, target: Target, record: Record) -> Configuration:
    data = _config_map(cluster, target, record.config)
    if data is None:
        return _configuration(record, record.env, {one.env for one in record.parameters.values()})
    return _configuration(record, data, ())


def _configuration(
    record: Record, plain: Mapping[str, str], unknown: Iterable[str]
) -> Configuration:
    parameters = record.parameters
    secret = {one.env for one in parameters.values() if one.secret}
    sources = {name: diff.source(one) for name, one in parameters.items()}
    return Configuration(record.config, sources, plain, frozenset({*secret, *unknown}))


def _config_map(cluster: Cluster, target: Target, name: str) -> Mapping[str, str] | None:
    path = f"{collection('v1', 'configmaps', target.namespace)}/{name}"
    found = cluster.get(path, f"ConfigMap {name}") if name else None
    return (found.get("data") or {}) if found else None


def show(invocation: Invocation, found: Sequence[Difference]) -> None:
    """Print the differences, coloured as --color says."""
    console = invocation.console
    asked, no_color = invocation.options.color, invocation.environ.get("NO_COLOR")
    coloured = asked == "always" or (asked == "auto" and console.is_terminal and not no_color)
    for difference in found:
        for line in diff.lines(difference):
            console.listed(line.text, _COLOURS.get(line.sign) if coloured else None)


def _report(told: str, found: Sequence[Difference], *, is_code_asked: bool) -> Report:
    changes = any(item.action != "unchanged" for item in found)
    effect = "" if changes else " changes nothing"
    sentence = f"{told}{effect}: {diff.summary(found)}"
    code = Exit.CHANGES if changes and is_code_asked else Exit.SUCCESS
    return Report(code, sentence, data={"changes": changes, "objects": [*map(asdict, found)]})
