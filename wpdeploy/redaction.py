"""Taking secret values out of a text that somebody else wrote."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

INSTEAD = "[redacted]"
# Shorter than this a value would be found in words that have nothing to do with it.
_SHORTEST = 4
# Go's encoder escapes what HTML or JavaScript could take for theirs.
_GO = {char: f"\\u{ord(char):04x}" for char in "&<>\u2028\u2029"}


def redacted(text: str, values: Iterable[str]) -> str:
    """The text without the values: raw, escaped, in base64 or URL-encoded."""
    for form in forms(values):
        text = text.replace(form, INSTEAD)
    return text


def forms(values: Iterable[str]) -> list[str]:
    """How the values may be written, the longest first; those that are too short are left out."""
    found = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
    return sorted(found, key=len, reverse=True)


def redacted_in(document: Any, values: Iterable[str]) -> Any:
    """The JSON document with its strings redacted; its keys stay."""
    kept = tuple(values)
    if isinstance(document, str):
        return redacted(document, kept)
    if isinstance(document, list):
        return [redacted_in(item, kept) for item in document]
    if isinstance(document, dict):
        return {key: redacted_in(item, kept) for key, item in document.items()}
    return document


def _forms(value: str) -> Iterator[str]:
    """The value as Python, JSON, Go's JSON, base64 and URLs write it."""
    in_json = json.dumps(value, ensure_ascii=False)[1:-1]
    yield from (value, repr(value)[1:-1], in_json, json.dumps(value)[1:-1])
    yield "".join(_GO.get(char, char) for char in in_json)
    yield b64encode(value.encode()).decode()
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
