import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wpdeploy import strict_yaml
from wpdeploy.strict_yaml import StrictYamlError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x"),
        ("''", ""),
        ("0", 0),
        ("-0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("-1.5e+3", -1500.0),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("[1, [a], {}]", [1, ["a"], {}]),
        ("a: {b: [~]}\nc:", {"a": {"b": [None]}, "c": None}),
    ],
)
def test_json_scalars_lists_and_mappings_have_their_types(text: str, expected: object) -> None:
    assert strict_yaml.load(text) == expected
    assert type(strict_yaml.load(text)) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "yes", "on", "Off", "y", "tRUE", "nUll"),
        *("010", "00", "0x10", "0o7", "0b1", "1_000", "+1", ".5", "5."),
        *("1:30", "12:30:45", "2026-11-01", "2026-11-01T12:00:00Z"),
        *(".inf", "-.inf", ".nan", "1e", "e3", "=", "<<"),
    ],
)
def test_what_json_does_not_have_is_a_string(text: str) -> None:
    assert strict_yaml.load(text) == text


def test_quotes_make_strings() -> None:
    assert strict_yaml.load("""["1", '~', "true"]""") == ["1", "~", "true"]


def test_block_scalars_keep_their_lines() -> None:
    assert strict_yaml.load("a: |\n  b: 1\n  # no comment\n") == {"a": "b: 1\n# no comment\n"}


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert strict_yaml.load("base: &b {a: 1}\n<<: *b") == {"base": {"a": 1}, "<<": {"a": 1}}


def test_an_alias_stands_for_its_anchor() -> None:
    assert strict_yaml.load("- &x {a: 1}\n- *x\n- *x") == [{"a": 1}] * 3


def test_an_alias_many_times_over_costs_no_time() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    document = strict_yaml.load("\n".join(["a0: &a0 x", *levels]))
    assert isinstance(document, dict)
    assert len(document) == 40


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", "---\n", "~"])
def test_an_empty_document_is_none(text: str) -> None:
    assert strict_yaml.load(text) is None


@pytest.mark.parametrize("text", ["", "# a comment\n"])
def test_an_empty_text_has_no_node(text: str) -> None:
    assert strict_yaml.compose(text) is None


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert strict_yaml.load("\ufeffa: 1") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\n---\nb: 2", 3, "a second document starts here; one file holds one"),
        ("a: 1\nb: 2\na: 3", 3, 'the key "a" is here already in line 1'),
        ("a: {b: 1,\n 'b': 2}", 2, 'the key "b" is here already in line 1'),
        ("- 1\n- 2: x", 2, "a key must be a string: put it in quotes"),
        ("true: x", 1, "a key must be a string: put it in quotes"),
        ("~: x", 1, "a key must be a string: put it in quotes"),
        ("[a]: x", 1, "a key must be a string: put it in quotes"),
        ("a: 1\nb: &x [*x]", 2, "an alias stands inside of its own anchor"),
        ("a: &x {b: {c: *x}}", 1, "an alias stands inside of its own anchor"),
        ("*a", 1, "found undefined alias"),
        ("a: 1\nb: !mine x", 2, "the tag !mine is not supported"),
        ("!!set {a}", 1, "the tag tag:yaml.org,2002:set is not supported"),
        ("- !!binary aGk=", 1, "the tag tag:yaml.org,2002:binary is not supported"),
        ("a: b: c", 1, "mapping values are not allowed in this context"),
        ("a:\n\t- b", 2, "found character that cannot start any token"),
        ('a: "x', 1, "found unexpected end of stream"),
        ("a: [\n", 2, "did not find expected node content"),
        ("a: {{ b }}", 1, "a key must be a string: put it in quotes"),
        ('"\\ud83d\\ude00"', 1, "found invalid Unicode character escape code"),
        ("%YAML 9.1\n---\na", 1, "found incompatible YAML document"),
    ],
)
def test_a_fault_has_its_line_and_its_reason(text: str, line: int, problem: str) -> None:
    with pytest.raises(StrictYamlError) as caught:
        strict_yaml.load(text)
    assert (caught.value.line, caught.value.problem) == (line, problem)
    assert str(caught.value) == f"line {line}: {problem}"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"])
def test_a_character_that_yaml_has_no_place_for_is_found_in_its_line(character: str) -> None:
    with pytest.raises(StrictYamlError, match=r"^line 3: control characters are not allowed$"):
        strict_yaml.load(f"a: 1\nb: \u2713\u2713\u2713\u2713\nc: x{character}y\n\n\n\n\n")


@pytest.mark.parametrize(
    "text",
    [
        '!!bool "x"',
        '!!int ""',
        "!!int abc",
        "!!int 010",
        "!!int 1:30",
        "!!float .inf",
        '!!float ""',
        "!!null x",
        "!!int {a: 1}",
        "!!str [a]",
        "!!seq x",
        "!!map [a]",
    ],
)
def test_a_tag_does_not_make_of_a_value_what_it_is_not(text: str) -> None:
    with pytest.raises(StrictYamlError, match=r"^line 2: "):
        strict_yaml.load(f"a:\n  {text}")


@pytest.mark.parametrize("key", ["!!str [a]", "!!str {a: b}"])
def test_a_tag_does_not_make_a_key_of_a_collection(key: str) -> None:
    with pytest.raises(StrictYamlError, match="line 1: a key must be a string: put it in quotes"):
        strict_yaml.load(f"? {key}\n: x")


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 5000, "1e400", "-1e400"])
def test_a_number_that_python_cannot_hold_is_refused(number: str) -> None:
    with pytest.raises(StrictYamlError, match=r"^line 2: "):
        strict_yaml.load(f"a:\n  - {number}")


@pytest.mark.parametrize("text", ["[" * 2000 + "]" * 2000, "- " * 2000, "{a: " * 2000 + "}" * 2000])
def test_nesting_without_end_is_refused(text: str) -> None:
    with pytest.raises(StrictYamlError, match="nested too deeply"):
        strict_yaml.load(text)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_line_of_it(text: str) -> None:
    line = 1
    try:
        strict_yaml.load(text)
    except StrictYamlError as error:
        line = error.line
    assert 1 <= line <= len(text.splitlines()) + 1


def test_several_documents_are_read_where_they_may_be_several() -> None:
    assert strict_yaml.load_all("# a\n---\na: no\n---\n---\n[1]\n") == [{"a": "no"}, [1]]
    assert strict_yaml.load_all("") == []


def test_the_surprises_of_a_later_document_are_refused_as_well() -> None:
    with pytest.raises(StrictYamlError, match='line 4: the key "a" is here already in line 3'):
        strict_yaml.load_all("x: 1\n---\na: 1\na: 2\n")
