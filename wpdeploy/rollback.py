"""Rollback: which record a release goes back to, and what of it must be made anew.

Only a record that succeeded is gone back to. All that it recorded comes back, its parameters in the
versions of that time: the database does not.
"""

from collections.abc import Iterator, Mapping, Sequence

from wpdeploy import site_config
from wpdeploy.errors import ParameterError, UsageError
from wpdeploy.kinds import Manifest, labels
from wpdeploy.parameters import Parameter, ParameterSpec, ParameterStore, StoredParameter
from wpdeploy.record import Record, Result
from wpdeploy.records import last_succeeded
from wpdeploy.release import Release, short


def told(record: Record) -> str:
    """What it would restore, for messages: `#12 (wordpress:v1@sha256:0123456789ab, commit ...)`."""
    image, commit = short(record.release.image), record.release.commit[:40]
    return f"#{record.number} ({image}, commit {commit})"


def is_same(one: Record, other: Record) -> bool:
    """Whether both are the same release, with the same parameters and settings."""
    compared = [(item.release, item.config, item.manifests) for item in (one, other)]
    return compared[0] == compared[1]


def of_failed(failed: Record, records: Sequence[Record]) -> Record | str:
    """The record that a failed deployment is rolled back to, or why there is none."""
    good = last_succeeded([record for record in records if record.number < failed.number])
    if good is None:
        return "no deployment has succeeded before"
    if is_same(good, failed):
        return f"#{good.number} succeeded with the same release and the same parameters"
    return good


def by_hand(records: Sequence[Record], number: int | None) -> Record:
    """The record of that number; else the last other one that succeeded. UsageError: none."""
    succeeded = [record for record in records if record.result is Result.SUCCEEDED]
    if number is not None:
        return _numbered(records, succeeded, number)
    if succeeded and succeeded[0] is records[0]:
        # What is there is fine by its record, but not for somebody.
        succeeded = [record for record in succeeded if not is_same(record, records[0])]
    if not succeeded:
        problem = "no other release has succeeded here"
        raise UsageError("rollback", problem, "see python -m wpdeploy history")
    return succeeded[0]


def _numbered(records: Sequence[Record], succeeded: Sequence[Record], number: int) -> Record:
    found = next((record for record in records if record.number == number), None)
    if found and found.result is Result.SUCCEEDED:
        return found
    problem = "there is no such record" if found is None else _bad(found)
    there = ", ".join(str(record.number) for record in succeeded) or "none"
    raise UsageError(f"--to {number}", problem, f"those that succeeded: {there}")


def _bad(record: Record) -> str:
    if record.result is Result.FAILED:
        return f"that deployment failed: {record.reason}"
    return "that deployment was not seen to succeed"


def of_codedeploy(records: Sequence[Record], release: Release) -> tuple[Record, Record] | None:
    """The failed record and the good one, where CodeDeploy's own rollback would look like this.

    It is an ordinary deployment of the revision that succeeded last; nothing says that it is a
    rollback (AWS CodeDeploy: "Redeploy and roll back a deployment"). So: the release that succeeded
    last, deployed for the first time after another failed. `records` are those of other
    deployments, newest first.
    """
    failed = next((record for record in records if record.restores is None), None)
    good = last_succeeded(records)
    if failed is None or good is None or failed.result is Result.SUCCEEDED:
        return None
    later = [record for record in records if record.number > failed.number]
    is_first = all(record.deployment_id == failed.deployment_id for record in later)
    # The same release again, as it failed, is a new attempt; as it was restored, it is no change.
    differs = good in later or failed.release != release
    return (failed, good) if good.release == release and is_first and differs else None


def changed_since(
    failed: Record, good: Record, today: Sequence[StoredParameter]
) -> tuple[str, ...]:
    """The names in the store of what was changed after the failed deployment had read it."""
    known = {
        (parameter.name, parameter.version, parameter.modified)
        for record in (failed, good)
        for parameter in record.parameters.values()
    }
    return tuple(
        stored.name
        for stored in today
        if (stored.name, stored.version, stored.modified) not in known
    )


def remade(record: Record, store: ParameterStore, instance: str) -> tuple[Manifest, Manifest]:
    """The record's Secret and ConfigMap; a ParameterError where a recorded version is gone."""
    recorded = record.parameters.values()
    found = store.get(sorted({f"{parameter.name}:{parameter.version}" for parameter in recorded}))
    gone = list(_gone(record, found))
    if gone:
        hint = f"nothing was changed; record {record.number} cannot be restored: deploy instead"
        raise ParameterError("SSM Parameter Store", gone, hint)
    parameters = [
        Parameter(name, ParameterSpec(one.env, secret=one.secret), found[one.name])
        for name, one in record.parameters.items()
    ]
    return site_config.objects(record.config, parameters, record.env, labels(instance))


def _gone(record: Record, found: Mapping[str, StoredParameter]) -> Iterator[str]:
    for one in record.parameters.values():
        stored = found.get(one.name)
        # A parameter that was deleted and made again counts from 1 again.
        if stored is None or (stored.version, stored.modified) != (one.version, one.modified):
            yield f"version {one.version} of {one.name} ({one.modified}) is no longer there"
