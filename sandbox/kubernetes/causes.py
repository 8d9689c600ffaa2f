"""Why an object is invalid: the causes of a 422, with values as Go writes them."""

from collections.abc import Mapping
from typing import Any

from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause


def required(field: str, why: str = "") -> Cause:
    """A field that is missing."""
    return Cause(field, "FieldValueRequired", f"Required value{': ' if why else ''}{why}")


def wrong(field: str, value: str, why: str) -> Cause:
    """A value that may not be; `value` as Go writes it."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {value}: {why}")


def quoted(text: Any) -> str:
    """A string as Go writes it."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def go_map(labels: Mapping[str, str]) -> str:
    """A map of strings as Go writes it."""
    pairs = ", ".join(f"{quoted(key)}:{quoted(labels[key])}" for key in sorted(labels))
    return f"map[string]string{{{pairs}}}"


def go_selector(selector: Json) -> str:
    """A LabelSelector as Go writes it."""
    labels = selector.get("matchLabels")
    shown = go_map(labels) if labels else "map[string]string(nil)"
    return (
        f"v1.LabelSelector{{MatchLabels:{shown}, "
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"
    )
