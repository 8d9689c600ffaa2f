"""Taking secret values out of a text that somebody else wrote."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_INSTEAD = "[redacted]"
# Shorter than this a value would be found in words that have nothing to do with it.
_SHORTEST = 4


def redacted(text: str, values: Iterable[str]) -> str:
    """The text without the values: raw, escaped, in base64 or URL-encoded."""
    forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _INSTEAD)
    return text


def _forms(value: str) -> tuple[str, ...]:
    escaped = repr(value)[1:-1]
    in_json = escaped.replace("\\'", "'").replace('"', '\\"')
    encoded = b64encode(value.encode()).decode()
    return value, escaped, in_json, encoded, quote(value), quote(value, safe=""), quote_plus(value)
