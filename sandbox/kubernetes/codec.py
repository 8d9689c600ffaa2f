"""JSON as the API server reads and writes it: what is empty goes, what is always there comes.

A field with an empty value is left out unless absent and empty differ; structs are always written;
quantities and times have one form. Unknown fields are dropped, as the API server does.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.kubernetes import quantities
from sandbox.kubernetes.schema import Field, Json, Type, fields_of

_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")


class DecodeError(Exception):
    """A value of the wrong type; `path` is where."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def normalized(kind: Type, value: Any, path: str = "") -> Any:
    """A copy of the value in the API server's form."""
    if kind.form == "struct":
        return _struct(kind, value, path)
    if kind.form == "list":
        _expect(value, list, "list", path)
        return [normalized(kind.element, item, f"{path}[{n}]") for n, item in enumerate(value)]
    if kind.form == "map":
        _expect(value, dict, "map", path)
        empty = _EMPTY.get(kind.element.form)
        return {
            key: empty if item is None else normalized(kind.element, item, f"{path}.{key}")
            for key, item in value.items()
        }
    return _scalar(kind.form, value, path)


def _struct(kind: Type, value: Any, path: str) -> Json:
    _expect(value, dict, "map", path)
    found: Json = {}
    for name, field in fields_of(kind).items():
        item = value.get(name)
        if item is not None:
            item = normalized(field.type, item, f"{path}.{name}")
        if item is None:
            _absent(found, name, field)
        elif field.pointer or field.always or field.type.form == "struct" or _filled(item):
            found[name] = item
    return found


def _absent(found: Json, name: str, field: Field) -> None:
    form = field.type.form
    if field.pointer:
        if field.always:
            found[name] = None
    elif form == "struct":
        found[name] = _struct(field.type, {}, "")
    elif form in ("time", "microtime"):
        found[name] = None
    elif field.always:
        found[name] = _EMPTY.get(form)


_EMPTY: Json = {"string": "", "int": 0, "bool": False, "float": 0, "quantity": "0", "intstr": 0}


def _filled(item: Any) -> bool:
    return bool(item)


def _expect(value: Any, wanted: type, name: str, path: str) -> None:
    if not isinstance(value, wanted):
        raise DecodeError(path, f"expected {name}, got {value!r}")


def _scalar(form: str, value: Any, path: str) -> Any:
    try:
        return _SCALARS[form](value)
    except (ValueError, TypeError, binascii.Error) as error:
        raise DecodeError(path, str(error)) from error


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected string, got {value!r}")
    return value


def _integer(value: Any) -> int:
    whole = isinstance(value, float) and value.is_integer()
    if isinstance(value, bool) or not (isinstance(value, int) or whole):
        raise TypeError(f"expected integer, got {value!r}")
    return int(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected boolean, got {value!r}")
    return value


def _int_or_string(value: Any) -> int | str:
    return value if isinstance(value, str) else _integer(value)


def _quantity(value: Any) -> str:
    return quantities.canonical(str(value))


def _bytes(value: Any) -> str:
    base64.b64decode(_string(value), validate=True)
    return str(value)


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(_string(value)).astimezone(UTC)


def _time(value: Any) -> str:
    return _moment(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(value: Any) -> str:
    match = _MICRO_TIME.fullmatch(_string(value))
    if match is None:
        raise ValueError(f'parsing time "{value}" as "{_LAYOUT}": {_unread(value)}')
    return _moment(value).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _unread(text: str) -> str:
    """Where Go stops reading a time: it wants six digits of a second, no fewer and no more."""
    seconds, rest = text[:19], text[19:]
    if not re.fullmatch(r"\.\d{6}.*", rest):
        return f'cannot parse "{rest or seconds}" as ".000000"'
    return f'cannot parse "{rest[7:]}" as "Z07:00"'


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "int": _integer,
    "bool": _boolean,
    "float": float,
    "bytes": _bytes,
    "time": _time,
    "microtime": _micro_time,
    "quantity": _quantity,
    "intstr": _int_or_string,
    "any": lambda value: value,
}
