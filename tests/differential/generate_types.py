"""Writes sandbox/kubernetes/types.json from the Go types in a source tree of Kubernetes.

    python -m tests.differential.generate_types TREE

Each struct's fields in a notation of one string: see sandbox/kubernetes/schema.py.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OUTPUT = Path(__file__).parent.parent.parent / "sandbox/kubernetes/types.json"
_API = "staging/src/k8s.io/api"
_META = "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1"
_PACKAGES = {
    "meta": _META,
    "core": f"{_API}/core/v1",
    "apps": f"{_API}/apps/v1",
    "batch": f"{_API}/batch/v1",
    "batchbeta": f"{_API}/batch/v1beta1",
    "policy": f"{_API}/policy/v1beta1",
    "networking": f"{_API}/networking/v1",
    "autoscaling": f"{_API}/autoscaling/v1",
    "autoscalingbeta": f"{_API}/autoscaling/v2beta2",
    "discovery": f"{_API}/discovery/v1beta1",
    "coordination": f"{_API}/coordination/v1",
    "rbac": f"{_API}/rbac/v1",
    "authorization": f"{_API}/authorization/v1",
    "storage": f"{_API}/storage/v1",
}
_ROOTS = (
    "core.Namespace", "core.Node", "core.Pod", "core.Service", "core.Secret", "core.ConfigMap",
    "core.Endpoints", "core.ServiceAccount", "core.PersistentVolumeClaim", "core.Event",
    "core.ResourceQuota", "apps.Deployment", "apps.ReplicaSet", "batch.Job", "batchbeta.CronJob",
    "policy.PodDisruptionBudget", "networking.Ingress", "networking.NetworkPolicy",
    "autoscaling.HorizontalPodAutoscaler", "autoscaling.Scale",
    "autoscalingbeta.HorizontalPodAutoscaler", "discovery.EndpointSlice", "coordination.Lease",
    "rbac.Role", "rbac.RoleBinding", "authorization.SelfSubjectAccessReview", "policy.Eviction",
    "networking.IngressClass", "rbac.ClusterRole", "rbac.ClusterRoleBinding",
    "authorization.SelfSubjectRulesReview", "storage.StorageClass",
)  # fmt: skip
_IMPORTS = {
    "metav1": "meta", "v1": "core", "corev1": "core", "apiv1": "core", "batchv1": "batch",
    "autoscalingv1": "autoscaling",
}  # fmt: skip
_SCALARS = {
    "string": "string", "int": "int", "int32": "int", "int64": "int", "bool": "bool",
    "float64": "float", "[]byte": "bytes", "metav1.Time": "time", "metav1.MicroTime": "microtime",
    "meta.Time": "time", "meta.FieldsV1": "any", "intstr.IntOrString": "intstr",
    "resource.Quantity": "quantity", "types.UID": "string", "rune": "int",
    "runtime.RawExtension": "any", "meta.MicroTime": "microtime", "core.ResourceList": "{quantity}",
}  # fmt: skip
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_ALIAS = re.compile(
    r"^type (\w+) ((?:string|int32|map\[[\w.]+\]\[?\]?[\w.]+|\[\]\w+)\b.*)$", re.MULTILINE
)
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?([*\[\]\w.]+)\s+`(.*)`")
_MARK = re.compile(r"^\t// \+(listType|listMapKey|mapType|structType)=(\w+)")


class Member(NamedTuple):
    """A field of a Go struct: its type as written there, its tags, its list's relationship."""

    go_type: str
    tags: dict[str, str]
    marks: list[tuple[str, str]]


class Source:
    """The Go types by their qualified names."""

    def __init__(self, tree: Path) -> None:
        self.structs: dict[str, list[Member]] = {}
        self.aliases: dict[str, str] = {}
        for package, folder in _PACKAGES.items():
            text = (tree / folder / "types.go").read_text()
            for name, body in _STRUCT.findall(text):
                self.structs[f"{package}.{name}"] = list(_members(body))
            for name, target in _ALIAS.findall(text):
                self.aliases[f"{package}.{name}"] = target.split("//")[0].strip()

    def notation(self, package: str, member: Member) -> str:
        """A field's type in our notation, with its flags."""
        bare = member.go_type.lstrip("*")
        found = self._type(package, bare, member)
        pointer = "*" if member.go_type.startswith("*") else ""
        always = "" if ",omitempty" in member.tags["json"] else "!"
        return found + pointer + always

    def _type(self, package: str, name: str, member: Member | None = None) -> str:
        if name in _SCALARS:
            return _SCALARS[name]
        if name.startswith("[]"):
            item = self._type(package, name[2:].lstrip("*"))
            return f"[{item}{_keys(member)}]"
        if match := re.match(r"map\[[\w.]+\](.*)", name):
            return "{" + self._type(package, match[1].lstrip("*")) + "}"
        qualified = self.qualified(package, name)
        if qualified in _SCALARS:
            return _SCALARS[qualified]
        if qualified in self.aliases:
            return self._type(qualified.partition(".")[0], self.aliases[qualified], member)
        return qualified

    def qualified(self, package: str, name: str) -> str:
        """A type's name with its package."""
        if "." in name:
            prefix, name = name.split(".")
            return f"{_IMPORTS.get(prefix, prefix)}.{name}"
        return f"{package}.{name}"

    def fields(self, qualified: str) -> dict[str, str]:
        """All fields of a struct, the inlined ones too."""
        package = qualified.partition(".")[0]
        found: dict[str, str] = {}
        for member in self.structs[qualified]:
            json_name = member.tags["json"].partition(",")[0]
            if ",inline" in member.tags["json"]:
                found |= self.fields(self.qualified(package, member.go_type))
            elif json_name != "-":
                found[json_name] = self.notation(package, member)
        return found


def _members(body: str) -> Iterator[Member]:
    marks: list[tuple[str, str]] = []
    for line in body.splitlines():
        if match := _MARK.match(line):
            marks.append((match[1], match[2]))
        elif match := _FIELD.match(line):
            tags = dict(re.findall(r'(\w+):"([^"]*)"', match[3]))
            yield Member(match[2], tags, marks)
            marks = []


def _keys(member: Member | None) -> str:
    """The relationship of a list's items, as the API server reads it."""
    if member is None:
        return ""
    relation = dict(member.marks).get("listType")
    if relation == "map":
        return "|" + ",".join(value for key, value in member.marks if key == "listMapKey")
    merge = "merge" in member.tags.get("patchStrategy", "")
    if relation == "set" or (relation is None and merge):
        return "|" + member.tags.get("patchMergeKey", "")
    return ""


def _reachable(source: Source) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    waiting = list(_ROOTS)
    while waiting:
        name = waiting.pop()
        if name in found or name not in source.structs:
            continue
        found[name] = source.fields(name)
        waiting += re.findall(r"[a-z]+\.[A-Z]\w+", " ".join(found[name].values()))
    return found


def main(tree: Path) -> None:
    """Write the table: a line a struct."""
    found = _reachable(Source(tree))
    lines = [f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
    OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
