"""An API server in memory, as far as an apply needs one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from wpdeploy import api_status
from wpdeploy.api_status import ApiError
from wpdeploy.errors import WpdeployError
from wpdeploy.kinds import KINDS, Manifest, path_of, title

_PLURALS = {kind.plural for kind in KINDS.values()} | {"jobs", "replicasets"}
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


class FakeCluster:
    """Keeps objects, refuses what it was told to refuse, and notes what it is asked.

    A request is noted as it reads: `get Secret w`, `force apply Deployment w as wpdeploy-seed`.
    """

    def __init__(self, *live: Manifest) -> None:
        self.objects = {path_of(manifest): manifest for manifest in live}
        self.requests: list[str] = []
        self._refusals: dict[str, list[WpdeployError]] = {}

    def refuse(self, request: str, *errors: WpdeployError) -> None:
        """Refuse this request, once for each error."""
        self._refusals[request] = list(errors)

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        self._note(f"get {where}")
        return self.objects.get(path) or self.listed(path, query or {})

    def apply(
        self, manifest: Manifest, *, dry_run: bool = False, force: bool = False, manager: str = ""
    ) -> Manifest:
        how = "force " if force else ""
        who = f" as {manager}" if manager != "wpdeploy" else ""
        self._note(f"{how}{'dry-run' if dry_run else 'apply'} {title(manifest)}{who}")
        after = _merged(self.objects.get(path_of(manifest)), manifest)
        if not dry_run:
            self.objects[path_of(manifest)] = after
        return after

    def patch(self, manifest: Manifest, operations: Sequence[Manifest]) -> Manifest:
        self._note(f"patch {title(manifest)}")
        live = self.objects[path_of(manifest)]
        (fields, version) = (operation["value"] for operation in operations)
        assert version == live["metadata"]["resourceVersion"]
        patched = {**live, "metadata": {**live["metadata"], "managedFields": fields}}
        self.objects[path_of(manifest)] = patched
        return patched

    def delete(self, manifest: Manifest) -> None:
        """Delete it by its name, as it was found."""
        self._note(f"delete {title(manifest)}")
        live = self.objects.get(path_of(manifest))
        guards = {key: manifest["metadata"].get(key) for key in ("uid", "resourceVersion")}
        if live and any(
            value and live["metadata"].get(key) != value for key, value in guards.items()
        ):
            raise refused(title(manifest), 409, "the object might have been modified")
        self.objects.pop(path_of(manifest), None)

    def listed(self, path: str, query: Mapping[str, str]) -> Manifest | None:
        """What a list has, without the kinds, as the API server answers it."""
        if path.rpartition("/")[2] not in _PLURALS:
            return None
        found = [
            {key: item[key] for key in item if key not in {"apiVersion", "kind"}}
            for at, item in self.objects.items()
            if at.rpartition("/")[0] == path and _selected(item, query.get("labelSelector", ""))
        ]
        return {"metadata": {"resourceVersion": "1"}, "items": found}

    def server_time(self) -> datetime:
        self._note("time")
        return NOW

    def _note(self, request: str) -> None:
        self.requests.append(request)
        for error in self._refusals.get(request, [])[:1]:
            self._refusals[request].remove(error)
            raise error


def _selected(item: Manifest, selector: str) -> bool:
    labels = item["metadata"].get("labels", {})
    terms = [term.partition("=") for term in selector.split(",") if term]
    return all(
        labels.get(key) == value if equals else key in labels for key, equals, value in terms
    )


def _merged(live: Manifest | None, manifest: Manifest) -> Manifest:
    """What an apply makes of the live object; versions rise where that is something else."""
    before = live or {"metadata": {"resourceVersion": "0", "generation": 0}, "spec": {}}
    versions = before["metadata"]
    after = {**before, **manifest, "metadata": {**versions, **manifest["metadata"]}}
    if "spec" in manifest:
        after["spec"] = {**before["spec"], **manifest["spec"]}
    if manifest["kind"] != "Deployment":
        after["metadata"].pop("generation", None)
    if after != live:
        after["metadata"]["resourceVersion"] = str(int(versions["resourceVersion"]) + 1)
        if "generation" in after["metadata"]:
            after["metadata"]["generation"] += 1
    return after


def deployment(**spec: Any) -> Manifest:
    """A Deployment that a template could have made."""
    return _object("apps/v1", "Deployment", **spec)


def config_map(name: str = "w") -> Manifest:
    """A ConfigMap, which has no generation."""
    return _object("v1", "ConfigMap", name)


def autoscaler(**spec: Any) -> Manifest:
    """A HorizontalPodAutoscaler of the Deployment."""
    return _object("autoscaling/v1", "HorizontalPodAutoscaler", **spec)


def _object(api_version: str, kind: str, name: str = "w", **spec: Any) -> Manifest:
    metadata = {"name": name, "namespace": "blog"}
    found = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return found if kind == "ConfigMap" else {**found, "spec": spec}


def live(manifest: Manifest, *managed: Manifest) -> Manifest:
    """The manifest as it lives, with these managedFields."""
    lives = _merged(None, manifest)
    lives["metadata"]["managedFields"] = list(managed)
    return lives


def managed(manager: str, operation: str, fields: Manifest) -> Manifest:
    """An entry of managedFields."""
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def refused(where: str, code: int, message: str) -> ApiError:
    """What an adapter raises for the API server's refusal."""
    return api_status.error(where, "PATCH", code, {"message": message})


def conflict(where: str, *fields: tuple[str, str]) -> ApiError:
    """A refusal for the sake of fields of other managers, each with its manager."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{manager}" using apps/v1',
            "field": field,
        }
        for field, manager in fields
    ]
    status = {
        "message": f"Apply failed with {len(fields)} conflicts",
        "details": {"causes": causes},
    }
    return api_status.error(where, "PATCH", 409, status)
