"""Secret values are taken out of texts, in whatever form somebody else wrote them."""

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wpdeploy.redaction import redacted, redacted_in

# What a generated password may hold, or a careless one.
ODD = """p&<ss>"w'o\\r/d {{ $x }} é🔑\n\t\x01\u2028%"""


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _in_go(value: str) -> str:
    """As Go's encoder writes JSON, the API server's: nothing in it that HTML would read."""
    found = _in_json(value)
    for character in "&<>\u2028":
        found = found.replace(character, f"\\u{ord(character):04x}")
    return found


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(str, id="as it is"),
        pytest.param(lambda value: repr(value)[1:-1], id="as Python escapes it"),
        pytest.param(_in_json, id="as JSON does"),
        pytest.param(_in_go, id="as JSON does in Go"),
        pytest.param(lambda value: json.dumps(value)[1:-1], id="as JSON does in ASCII"),
        pytest.param(lambda value: b64encode(value.encode()).decode(), id="in base64"),
        pytest.param(quote, id="in a path"),
        pytest.param(lambda value: quote(value, safe=""), id="in a URL"),
        pytest.param(quote_plus, id="in a form"),
    ],
)
def test_a_value_is_found_in_each_of_its_forms(write: Callable[[str], str]) -> None:
    text = f"before {write(ODD)} after"

    assert redacted(text, [ODD]) == "before [redacted] after"


def test_a_text_without_the_values_stays_as_it_is() -> None:
    assert redacted("Deployment wordpress: é 🔑", ["hunter22"]) == "Deployment wordpress: é 🔑"


def test_no_values_change_nothing() -> None:
    assert redacted("Deployment wordpress", []) == "Deployment wordpress"


def test_each_of_several_values_goes_wherever_it_is() -> None:
    text = "user hunter22, again hunter22, key swordfish"

    assert redacted(text, ["hunter22", "swordfish"]) == (
        "user [redacted], again [redacted], key [redacted]"
    )


def test_a_value_that_begins_like_another_leaves_no_rest_of_it() -> None:
    assert redacted("key hunter22", ["hunt", "hunter22"]) == "key [redacted]"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("", "mode r/w"), ("/", "mode r/w"), ("r/w", "mode r/w"), ("e r/", "mod[redacted]w")],
)
def test_a_value_of_less_than_four_characters_is_in_too_many_words(value: str, shown: str) -> None:
    assert redacted("mode r/w", [value]) == shown


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20),
    st.sampled_from([str, quote, _in_json, lambda value: b64encode(value.encode()).decode()]),
)
def test_whatever_the_value_it_does_not_stay(value: str, write: Callable[[str], str]) -> None:
    assert redacted(f"({write(value)})", [value]) == "([redacted])"


def test_in_a_document_the_texts_are_redacted_and_the_keys_stay() -> None:
    document = {"message": ["my message", {"message": "no message"}], "code": 422, "details": None}

    assert redacted_in(document, ["message"]) == {
        "message": ["my [redacted]", {"message": "no [redacted]"}],
        "code": 422,
        "details": None,
    }
