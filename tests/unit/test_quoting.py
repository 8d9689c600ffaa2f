"""What others wrote is shown without values, pieces of values, control characters, and bounded."""

import json
import textwrap
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wpdeploy.quoting import LINE, LINES, Redactor, shortened

VALUE = 'kaW3-r&t"q9/Zx+7vLpM0'
REDACTOR = Redactor.of([VALUE])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(f"password {VALUE}!", "password [redacted]!", id="the value"),
        pytest.param(f'say("{VALUE[:15]}...", 3)', 'say("[redacted]...", 3)', id="cut by PHP"),
        pytest.param(f"it was {VALUE[:9]}…", "it was [redacted]…", id="cut with an ellipsis"),
        pytest.param(f"key={VALUE[:4]}", "key=[redacted]", id="cut at the end of the line"),
        pytest.param(f'key="{VALUE[:8]}")', 'key="[redacted]")', id="before the line's last signs"),
        pytest.param(f"{VALUE[9:]} is no key", "[redacted] is no key", id="its end, in a new line"),
        pytest.param(f'"...{VALUE[9:]}"', '"...[redacted]"', id="its end, after an ellipsis"),
        pytest.param(f"  {VALUE[3:12]}  ", "[redacted]", id="its middle, as a line"),
        pytest.param(f"key={VALUE[:3]}", f"key={VALUE[:3]}", id="three characters could be any"),
        pytest.param(
            f"{VALUE[:9]} is a word", f"{VALUE[:9]} is a word", id="where nobody cuts it is a word"
        ),
        pytest.param("a \x1b[31mred\x1b[0m word", "a red word", id="colours"),
        pytest.param("bell\x07 \x00 \u202e\ud800", "bell", id="control characters"),
        pytest.param("one\r\ntwo\rthree\n", "one two three", id="lines that end otherwise"),
        pytest.param(
            f"{VALUE[:9]}\x1b[0m{VALUE[9:]}", "[redacted]", id="a value that colours divide"
        ),
        pytest.param("caf\u00e9 \U0001f511", "caf\u00e9 \U0001f511", id="letters of any kind"),
        pytest.param(" \n ", "", id="nothing"),
    ],
)
def test_a_text_is_shown_in_one_line(text: str, shown: str) -> None:
    assert REDACTOR.line(text) == shown


def test_a_value_that_is_wrapped_is_gone_from_every_line() -> None:
    encoded = b64encode(VALUE.encode() * 9).decode()
    found = Redactor.of([VALUE * 9]).lines("\n".join(["key:", *textwrap.wrap(encoded, 76), "end"]))
    assert found == ("key:", *["[redacted]"] * 4, "end")


@pytest.mark.parametrize("at", range(1, len(VALUE)))
def test_a_value_that_is_cut_in_two_leaves_less_than_four_characters(at: int) -> None:
    shown = " ".join(REDACTOR.lines(f"the key is {VALUE[:at]}\n{VALUE[at:]} it is"))
    left = shown.replace("the key is ", "").replace(" it is", "").replace("[redacted]", "").strip()
    assert len(left) < 4


def test_the_last_lines_are_shown() -> None:
    text = "\n".join(str(number) for number in range(500))
    assert Redactor().lines(text) == tuple(str(number) for number in range(500 - LINES, 500))


def test_a_value_that_begins_before_the_lines_shown_is_redacted_in_them() -> None:
    value = "\n".join(f"line {number} of a private key" for number in range(80))
    found = Redactor.of([value]).lines(f"{value}\nlast words")
    assert found == ("[redacted]", "last words")


def test_a_line_ends_where_nobody_would_read_on() -> None:
    assert Redactor().lines("x" * 5000) == ("x" * LINE + "...",)


@pytest.mark.parametrize("before", range(LINE - len(VALUE) - 1, LINE + 2))
def test_no_value_is_cut_into_one_that_is_not_known_any_more(before: int) -> None:
    found = REDACTOR.lines("x" * before + VALUE)[0]
    assert not any(VALUE[start : start + 4] in found for start in range(len(VALUE) - 3))


def test_many_places_where_a_value_may_be_cut_take_no_time() -> None:
    values = [f"{number:04}-{VALUE}" for number in range(20)]
    assert Redactor.of(values).lines("... " * 250_000 + "end")[0].startswith("... ...")


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=8, max_size=40),
    st.integers(1, 40),
)
def test_whatever_is_cut_off_no_more_than_three_characters_of_it_stay(value: str, at: int) -> None:
    piece = value[:at]
    shown = Redactor.of([value]).line(f"({json.dumps('x')}) {piece}")
    assert shown == f'("x") {piece}' if len(piece) < 4 else piece not in shown.partition(" ")[2]


def test_as_long_as_a_value_is_unknown_a_containers_own_words_are_withheld() -> None:
    redactor = Redactor.of([VALUE], "Secret site cannot be read (403)")
    assert redactor.own("my last words") == "withheld: Secret site cannot be read (403)"
    assert redactor.own("") == ""
    assert redactor.line("the kubelet's words") == "the kubelet's words"
    assert Redactor.of([VALUE]).own(f"key {VALUE}") == "key [redacted]"


def test_a_redactor_does_not_tell_what_it_takes_out() -> None:
    assert VALUE not in repr(REDACTOR)


@pytest.mark.parametrize(("text", "shown"), [("123456", "123456"), ("1234567", "123...")])
def test_what_is_too_long_is_shortened(text: str, shown: str) -> None:
    assert shortened(text, 6) == shown
