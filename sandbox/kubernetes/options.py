"""What a request asks for beside its object: dry-run, field manager, how to delete."""

from collections.abc import Iterator

from sandbox.kubernetes import statuses
from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named
from sandbox.kubernetes.targets import Asked

_KINDS = {
    "POST": "CreateOptions",
    "PUT": "UpdateOptions",
    "PATCH": "PatchOptions",
    "DELETE": "DeleteOptions",
}
_APPLY = "application/apply-patch+yaml"
_LONGEST_MANAGER = 128
_POLICIES = ("Foreground", "Background", "Orphan", "nil")


def asked(call: Call) -> Asked:
    """Who asks, and for how much; 422 for what is no option."""
    dry_run = [call.query["dryRun"]] if call.query.get("dryRun") else []
    _refuse(call, [*_wrong_dry_run(dry_run), *_wrong_force(call), *_wrong_manager(call)])
    return Asked(_manager(call), dry_run=bool(dry_run), force=call.flag("force"))


def asked_to_delete(call: Call) -> Asked:
    """The same of a deletion, whose options are in the body, else in the query."""
    found: Json = dict(call.json() or {}) or _queried(call)
    dry_run = found.get("dryRun") or []
    _refuse(call, [*_wrong_policy(found), *_wrong_dry_run(dry_run)])
    return Asked(_manager(call), dry_run=bool(dry_run), options=found)


def _queried(call: Call) -> Json:
    found: Json = {}
    if policy := call.query.get("propagationPolicy"):
        found["propagationPolicy"] = policy
    if dry_run := call.query.get("dryRun"):
        found["dryRun"] = [dry_run]
    if "gracePeriodSeconds" in call.query:
        found["gracePeriodSeconds"] = call.number("gracePeriodSeconds")
    return found


def _refuse(call: Call, causes: list[Cause]) -> None:
    if causes:
        raise statuses.invalid(Named("meta.k8s.io", _KINDS[call.method]), causes)


def _wrong_dry_run(values: list[str]) -> Iterator[Cause]:
    if values not in ([], ["All"]):
        shown = ", ".join(f'"{value}"' for value in values)
        why = f'Unsupported value: []string{{{shown}}}: supported values: "All"'
        yield Cause("dryRun", "FieldValueNotSupported", why)


def _wrong_force(call: Call) -> Iterator[Cause]:
    if call.method == "PATCH" and "force" in call.query and call.content_type != _APPLY:
        why = "Forbidden: may not be specified for non-apply patch"
        yield Cause("force", "FieldValueForbidden", why)


def _wrong_manager(call: Call) -> Iterator[Cause]:
    manager = call.query.get("fieldManager", "")
    if not manager and call.content_type == _APPLY:
        why = "Required value: is required for apply patch"
        yield Cause("fieldManager", "FieldValueRequired", why)
    if len(manager.encode()) > _LONGEST_MANAGER:
        why = f"Too long: must have at most {_LONGEST_MANAGER} bytes"
        yield Cause("fieldManager", "FieldValueTooLong", why)


def _wrong_policy(found: Json) -> Iterator[Cause]:
    policy = found.get("propagationPolicy")
    if policy is not None and "orphanDependents" in found:
        why = "orphanDependents and deletionPropagation cannot be both set"
        yield Cause("propagationPolicy", "FieldValueInvalid", f'Invalid value: "{policy}": {why}')
    elif policy is not None and policy not in _POLICIES:
        supported = ", ".join(f'"{each}"' for each in _POLICIES)
        why = f'Unsupported value: "{policy}": supported values: {supported}'
        yield Cause("propagationPolicy", "FieldValueNotSupported", why)


def _manager(call: Call) -> str:
    agent = call.headers.get("User-Agent", "").partition("/")[0][:_LONGEST_MANAGER]
    return call.query.get("fieldManager") or agent or "unknown"
