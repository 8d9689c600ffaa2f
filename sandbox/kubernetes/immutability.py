"""What may not be changed (422), in the API server's words."""

from collections.abc import Callable, Iterator, Mapping

from sandbox.kubernetes.causes import go_selector, quoted, wrong
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause
from sandbox.kubernetes.validation import of_content

Check = Callable[[Json, Json], Iterator[Cause]]


def of_change(old: Json, new: Json) -> list[Cause]:
    """All that is invalid about a change."""
    # The API server looks at the metadata twice.
    found = [*_metadata(old, new), *_metadata(old, new)]
    found += of_content(new)
    if changed := _CHANGES.get(new["kind"]):
        found += changed(old, new)
    return found


def _metadata(old: Json, new: Json) -> Iterator[Cause]:
    for field in ("name", "namespace", "uid"):
        value = new["metadata"].get(field, "")
        if value != old["metadata"].get(field, ""):
            yield wrong(f"metadata.{field}", quoted(value), "field is immutable")
    yield from _no_new_finalizers(old, new)


def _no_new_finalizers(old: Json, new: Json) -> Iterator[Cause]:
    before, after = (each["metadata"].get("finalizers") or () for each in (old, new))
    if "deletionTimestamp" in old["metadata"] and (added := sorted(set(after) - set(before))):
        shown = ", ".join(quoted(each) for each in added)
        why = (
            "Forbidden: no new finalizers can be added if the object is being deleted, found new "
            f"finalizers []string{{{shown}}}"
        )
        yield Cause("metadata.finalizers", "FieldValueForbidden", why)


def _same_selector(old: Json, new: Json) -> Iterator[Cause]:
    before, after = old["spec"].get("selector"), new["spec"].get("selector")
    if before != after and after is not None:
        yield wrong("spec.selector", go_selector(after), "field is immutable")


def _same_template(old: Json, new: Json) -> Iterator[Cause]:
    # It is validated once more in its old form.
    yield from of_content(new)
    before, after = (each["spec"].get("completions") for each in (old, new))
    if before != after:
        yield wrong("spec.completions", str(after), "field is immutable")
    if old["spec"]["template"] != new["spec"]["template"]:
        yield wrong("spec.template", "core.PodTemplateSpec{…}", "field is immutable")


def _same_data(old: Json, new: Json) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    fields = [("immutable", not new.get("immutable"))]
    fields += [(key, old.get(key) != new.get(key)) for key in ("data", "binaryData")]
    for field, changed in fields:
        if changed:
            why = "Forbidden: field is immutable when `immutable` is set"
            yield Cause(field, "FieldValueForbidden", why)


def _same_address(old: Json, new: Json) -> Iterator[Cause]:
    before, after = old["spec"].get("clusterIP", ""), new["spec"].get("clusterIP", "")
    if before and before != after and new["spec"]["type"] != "ExternalName":
        shown = f"[]string{{{quoted(after)}}}" if after else "[]string(nil)"
        yield wrong("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset")


def _same_claim(old: Json, new: Json) -> Iterator[Cause]:
    def fixed(item: Json) -> Json:
        return {key: value for key, value in item["spec"].items() if key != "resources"}

    if fixed(old) != fixed(new) and old["spec"].get("volumeName"):
        why = "is immutable after creation except resources.requests for bound claims"
        yield Cause("spec", "FieldValueForbidden", f"Forbidden: spec {why}")


def _same_type(old: Json, new: Json) -> Iterator[Cause]:
    if old.get("type") != new.get("type"):
        yield wrong("type", quoted(new.get("type")), "field is immutable")
    yield from _same_data(old, new)


def _same_role(old: Json, new: Json) -> Iterator[Cause]:
    if old["roleRef"] != new["roleRef"]:
        ref = new["roleRef"]
        shown = ", ".join(
            f"{name}:{quoted(ref.get(key, ''))}"
            for name, key in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        )
        yield wrong("roleRef", f"rbac.RoleRef{{{shown}}}", "cannot change roleRef")


def _same_class(old: Json, new: Json) -> Iterator[Cause]:
    for field in ("parameters", "provisioner", "reclaimPolicy"):
        if old.get(field) != new.get(field):
            why = f"Forbidden: updates to {field} are forbidden."
            yield Cause(field, "FieldValueForbidden", why)
    mode = new.get("volumeBindingMode")
    if old.get("volumeBindingMode") != mode:
        yield wrong("volumeBindingMode", quoted(mode), "field is immutable")


def _same_controller(old: Json, new: Json) -> Iterator[Cause]:
    controller = new["spec"].get("controller", "")
    if old["spec"].get("controller", "") != controller:
        yield wrong("spec.controller", quoted(controller), "field is immutable")


_CHANGES: Mapping[str, Check] = {
    "Deployment": _same_selector,
    "ReplicaSet": _same_selector,
    "Job": _same_template,
    "Secret": _same_type,
    "ConfigMap": _same_data,
    "Service": _same_address,
    "PersistentVolumeClaim": _same_claim,
    "RoleBinding": _same_role,
    "StorageClass": _same_class,
    "IngressClass": _same_controller,
}
