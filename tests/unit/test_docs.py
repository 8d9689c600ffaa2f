"""docs/environment.md knows every key of the environment file, with its default."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from wpdeploy.settings import Settings

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "environment.md"
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*?) \|", DOCUMENT.read_text(), re.MULTILINE))


def keys(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of the file by path, with their defaults."""
    hints = get_type_hints(schema)
    for field in dataclasses.fields(schema):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from keys(kind, f"{path}{field.name}.")
        else:
            yield f"{path}{field.name}", field


def default(field: Any) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def test_every_key_is_documented_and_no_other() -> None:
    assert sorted(ROWS) == sorted(key for key, _ in keys(Settings))


@pytest.mark.parametrize(
    ("key", "field"), [(key, field) for key, field in keys(Settings) if key in ROWS]
)
def test_a_default_is_the_documented_one(key: str, field: Any) -> None:
    cell = ROWS[key]
    shown = re.fullmatch(r"`\"?(.*?)\"?`", cell)
    value = default(field)
    if shown:
        texts = {
            str(value),
            str(value).lower(),
            str(list(value)) if isinstance(value, tuple) else "",
        }
        assert shown[1] in texts
    else:
        # Told in words: no default, none of its own, or a list too long for a table.
        assert value in {dataclasses.MISSING, None} or key == "network_policy.from_cidrs"
