from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from wpdeploy import schema
from wpdeploy.errors import ConfigurationError
from wpdeploy.schema import SchemaError


def even(value: int) -> int:
    if value % 2:
        raise ValueError(f"is {value}, but must be even")
    return value


@dataclass(frozen=True)
class Range:
    least: int
    most: int = 10

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("has its ends the wrong way round")


@dataclass(frozen=True)
class Shop:
    name: str
    open: bool = True
    size: Literal["small", "large"] = "small"
    owner: str | None = None
    pairs: Annotated[int, even] | None = None
    shoes: Annotated[int, even] = 2
    prices: Range | None = None
    ports: tuple[int, ...] = ()
    ranges: tuple[Range, ...] = ()
    stock: Mapping[str, Annotated[int, even]] = field(default_factory=dict)
    notes: Mapping[str, object] = field(default_factory=dict)


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(SchemaError) as caught:
        schema.parse(text, Shop)
    return [(fault.line, fault.problem) for fault in caught.value.faults]


def test_what_is_not_given_has_its_default() -> None:
    assert schema.parse("name: Ada's", Shop) == Shop(name="Ada's")


def test_each_kind_of_field_is_read() -> None:
    text = """
name: "no"
open: false
size: large
owner: ~
pairs: 4
shoes: 6
prices: {least: 1, most: 2}
ports: [80, 443]
ranges: [{least: 0}]
stock: {pen: 8}
notes: {a: [1, {b: ~}], c: 2.5}
"""
    assert schema.parse(text, Shop) == Shop(
        name="no",
        open=False,
        size="large",
        owner=None,
        pairs=4,
        shoes=6,
        prices=Range(1, 2),
        ports=(80, 443),
        ranges=(Range(0),),
        stock={"pen": 8},
        notes={"a": [1, {"b": None}], "c": 2.5},
    )


def test_a_check_gives_the_value_that_is_kept() -> None:
    @dataclass(frozen=True)
    class Shouted:
        word: Annotated[str, str.upper]

    assert schema.parse("word: hello", Shouted) == Shouted("HELLO")


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_an_empty_file_is_a_fault(text: str) -> None:
    assert faults(text) == [(1, "the file is empty")]


def test_what_is_no_yaml_is_a_fault_in_its_line() -> None:
    assert faults("name: x\nopen: [") == [(3, "did not find expected node content")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a]", "found a list"),
        ("name", 'found the string "name"'),
        ("~", "found nothing"),
        ("3", "found 3"),
    ],
)
def test_a_file_that_is_no_mapping_is_a_fault(text: str, found: str) -> None:
    assert faults(text) == [(1, f"the file must be a mapping, {found}")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name: 5", "name must be a string, found 5: put it in quotes"),
        ("name: 2.50", "name must be a string, found 2.50: put it in quotes"),
        ("name: true", "name must be a string, found true: put it in quotes"),
        ("name:", "name must be a string, found nothing"),
        ("name: [a]", "name must be a string, found a list"),
        ("name: {a: b}", "name must be a string, found a mapping"),
        ("open: no", 'open must be true or false, found the string "no"'),
        ("open: 1", "open must be true or false, found 1"),
        ("size: huge", 'size must be small or large, found the string "huge"'),
        ("size: 1", "size must be small or large, found 1"),
        ("size: [small]", "size must be small or large, found a list"),
        ("owner: 5", "owner must be a string, found 5: put it in quotes"),
        ("owner: [5]", "owner must be a string, found a list"),
        ("pairs: 3", "pairs is 3, but must be even"),
        ("pairs: x", 'pairs must be a whole number, found the string "x"'),
        ("shoes: 3", "shoes is 3, but must be even"),
        ("shoes: 2.0", "shoes must be a whole number, found 2.0"),
        ("shoes: true", "shoes must be a whole number, found true"),
        ("shoes:", "shoes must be a whole number, found nothing"),
        ("prices: 5", "prices must be a mapping, found 5"),
        ("prices: [1, 2]", "prices must be a mapping, found a list"),
        ("prices: {most: 5}", 'prices lacks the key "least"'),
        ("prices: {least: 1, mots: 5}", 'prices has the unknown key "mots": did you mean "most"?'),
        ("prices: {least: 1, z: 5}", 'prices has the unknown key "z": known are least, most'),
        ("prices: {least: 11}", "prices has its ends the wrong way round"),
        ("ports: 80", "ports must be a list, found 80"),
        ("ports: {a: 80}", "ports must be a list, found a mapping"),
        ("ports: [80, x]", 'ports[1] must be a whole number, found the string "x"'),
        ("ranges: [{least: 1}, {}]", 'ranges[1] lacks the key "least"'),
        ("stock: [pen]", "stock must be a mapping, found a list"),
        ("stock: {pen: 3}", "stock.pen is 3, but must be even"),
        ("stock: {'p/{{ x': 3}", "stock.p/{{ x is 3, but must be even"),
        ("notes: x", 'notes must be a mapping, found the string "x"'),
    ],
)
def test_a_value_of_the_wrong_kind_is_a_fault_with_its_path(line: str, problem: str) -> None:
    key = line.partition(":")[0]
    other = "" if key == "name" else "name: x\n"
    assert faults(other + line) == [(2 if other else 1, problem)]


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = """\
nmae: x
open: 2
prices:
  least: a
  mots: 5
ports:
  - 80
  - "443"
"""
    assert faults(text) == [
        (1, 'the file has the unknown key "nmae": did you mean "name"?'),
        (1, 'the file lacks the key "name"'),
        (2, "open must be true or false, found 2"),
        (4, 'prices.least must be a whole number, found the string "a"'),
        (5, 'prices has the unknown key "mots": did you mean "most"?'),
        (8, 'ports[1] must be a whole number, found the string "443"'),
    ]


def test_the_error_reads_as_one_line() -> None:
    with pytest.raises(SchemaError) as caught:
        schema.parse("open: 2\nname: 3", Shop)
    assert str(caught.value) == (
        "line 1: open must be true or false, found 2; "
        "line 2: name must be a string, found 3: put it in quotes"
    )


def test_a_rule_over_several_fields_waits_until_each_is_right() -> None:
    assert faults("name: x\nprices: {least: 11, most: x}") == [
        (2, 'prices.most must be a whole number, found the string "x"')
    ]


def test_a_long_string_is_shown_by_its_beginning() -> None:
    assert faults(f"name: x\nopen: {'y' * 500}") == [
        (2, f'open must be true or false, found the string "{"y" * 40}..."')
    ]


def test_a_key_that_occurs_twice_is_a_fault() -> None:
    assert faults("name: x\nname: y") == [(2, 'the key "name" is here already in line 1')]


@pytest.mark.parametrize(
    "line", ['notes: {a: !!int "x"}', f"shoes: {'9' * 5000}", "notes: {a: 1e400}"]
)
def test_a_value_that_python_cannot_hold_is_a_fault_and_no_crash(line: str) -> None:
    [(number, problem)] = faults(f"name: x\n{line}")
    assert number == 2
    assert "sys." not in problem


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("name: Ada's \u2713\n", encoding="utf-8")
    assert schema.read(file, "k8s/shop.yaml", Shop) == Shop(name="Ada's \u2713")


UNREADABLE = {
    "missing": (None, "there is no such file"),
    "binary": (b"name: \xff\xfe", "is not UTF-8 text (byte 6)"),
    "empty": (b"", "line 1: the file is empty"),
    "not YAML": (b"name: [\n", "line 2: did not find expected node content"),
}


@pytest.mark.parametrize(("content", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_an_error_of_the_file(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "shop.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        schema.read(file, "k8s/shop.yaml", Shop)
    assert str(caught.value) == f"k8s/shop.yaml: {problem}"


def test_all_faults_of_a_file_are_problems_of_one_error(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("open: 2\nname: 3\n")
    with pytest.raises(ConfigurationError) as caught:
        schema.read(file, "k8s/shop.yaml", Shop)
    assert (caught.value.where, caught.value.problems) == (
        "k8s/shop.yaml",
        (
            "line 1: open must be true or false, found 2",
            "line 2: name must be a string, found 3: put it in quotes",
        ),
    )
