"""The types of the API's objects, read from types.json.

The notation of a field's type: `string int bool float bytes time microtime quantity intstr any` are
scalars, `core.Pod` is a struct, `{T}` a map, `[T]` an atomic list, `[T|]` a set, `[T|a,b]` a list
whose items are told apart by the keys a and b. After it, `*` says that absent differs from empty,
`!` that the field is always written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Fields that 1.20, of which the file is, does not have.
_LATER: Mapping[str, Mapping[str, str]] = {"core.Container": {"restartPolicy": "string"}}
# What EKS adds to its clusters, as far as bootstrap uses it.
_OF_EKS: Mapping[str, Mapping[str, str]] = {
    "eks.IngressClassParams": {
        "kind": "string",
        "apiVersion": "string",
        "metadata": "meta.ObjectMeta",
        "spec": "eks.IngressClassParamsSpec*",
    },
    "eks.IngressClassParamsSpec": {"scheme": "string", "certificateARNs": "[string]"},
}
# Structs that are one value, as lists without keys are.
_ATOMIC = {"meta.LabelSelector"}
_FILE = Path(__file__).with_name("types.json")

Json = dict[str, Any]


@dataclass(frozen=True)
class Type:
    """A type; `keys` tells the items of a list apart, None where the list is one value.

    `is_old` leaves out the fields that 1.20 does not have.
    """

    form: str
    struct: str = ""
    item: "Type | None" = None
    keys: tuple[str, ...] | None = None
    is_old: bool = False

    @property
    def element(self) -> "Type":
        """The type of the items of a list or a map."""
        return self.item or ANY

    @property
    def atomic(self) -> bool:
        """Whether it is owned and replaced as a whole."""
        return self.struct in _ATOMIC or (self.form == "list" and self.keys is None)


@dataclass(frozen=True)
class Field:
    """A field of a struct."""

    type: Type
    pointer: bool
    always: bool


ANY = Type("any")


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    return {**json.loads(_FILE.read_text()), **_OF_EKS}


@cache
def fields_of(kind: Type) -> Mapping[str, Field]:
    """A struct's fields."""
    later = {} if kind.is_old else _LATER.get(kind.struct, {})
    notations = {**_table()[kind.struct], **later}
    return {name: _field(each, is_old=kind.is_old) for name, each in notations.items()}


@cache
def parse(notation: str, *, is_old: bool = False) -> Type:
    """A type from its notation."""
    if notation.startswith("{"):
        return Type("map", item=parse(notation[1:-1], is_old=is_old))
    if notation.startswith("["):
        inner, bar, keys = notation[1:-1].partition("|")
        named = tuple(key for key in keys.split(",") if key)
        return Type("list", item=parse(inner, is_old=is_old), keys=named if bar else None)
    return Type("struct", notation, is_old=is_old) if "." in notation else Type(notation)


def child(kind: Type, key: str) -> Type | None:
    """The type of an entry of a map or a struct; None for a field that it does not have."""
    if kind.form == "struct":
        found = fields_of(kind).get(key)
        return found.type if found else None
    return kind.element


def _field(notation: str, *, is_old: bool) -> Field:
    bare = notation.rstrip("*!")
    flags = notation[len(bare) :]
    return Field(parse(bare, is_old=is_old), "*" in flags, "!" in flags)


def with_metadata(item: Json, **fields: Any) -> Json:
    """A copy with other metadata; None removes."""
    metadata = item["metadata"] | fields
    kept = {key: value for key, value in metadata.items() if value is not None or key not in fields}
    return item | {"metadata": kept}
