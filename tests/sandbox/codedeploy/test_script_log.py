import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.codedeploy import FIRST, SECOND, Generation
from sandbox.codedeploy.script_log import ScriptLog, UnreadableLineError

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "scripts.log"


def tail(file: Path, generation: Generation, *lines: str | bytes) -> list[str]:
    """The tail after these lines of stdout, without what the agent puts before each."""
    with ScriptLog(file, generation, lambda _: None) as log:
        for line in lines:
            log.output("stdout", line if isinstance(line, bytes) else line.encode() + b"\n")
        return [line.rpartition("[stdout]")[2] for line in log.tail.splitlines()]


def test_the_log_has_the_time_and_the_origin_of_each_line(file: Path) -> None:
    with ScriptLog(file, FIRST, lambda _: None) as log:
        log.heading("Script - hooks/a")
        log.output("stderr", b"no\n")
    with ScriptLog(file, SECOND, lambda _: None) as log:
        log.output("stdout", b"last")
    [heading, error, last] = file.read_text().splitlines()
    assert re.fullmatch(f"{TIME} Script - hooks/a", heading)
    assert re.fullmatch(rf"{TIME} \[stderr\]no", error)
    assert re.fullmatch(rf"{TIME} \[stdout\]last", last)


def test_the_tail_has_times_in_the_second_generation_alone(file: Path) -> None:
    tails = []
    for generation in (FIRST, SECOND):
        with ScriptLog(file, generation, lambda _: None) as log:
            log.heading("Script - a")
            log.output("stdout", b"out\n")
            tails.append(log.tail)
    assert tails[0] == "Script - a\n[stdout]out\n"
    assert re.fullmatch(rf"{TIME} Script - a\n{TIME} \[stdout\]out\n", tails[1])


def overhead(generation: Generation) -> int:
    return 29 if generation.stamped else 9


@pytest.mark.parametrize("generation", [FIRST, SECOND], ids=["first", "second"])
def test_the_tail_is_of_whole_lines_up_to_its_size(file: Path, generation: Generation) -> None:
    largest = generation.tail - overhead(generation)
    assert tail(file, generation, "x" * largest) == ["x" * largest]
    assert tail(file, generation, "before", "x" * largest) == ["x" * largest]
    assert tail(file, generation, "before", "x" * (largest + 1)) == []
    assert tail(file, generation, "x" * (largest + 1), "after") == ["after"]


def test_thirteen_lines_of_a_hundred_ascii_characters_are_safe(file: Path) -> None:
    block = [f"{number:0100}" for number in range(13)]
    for generation in (FIRST, SECOND):
        assert tail(file, generation, *(["noise" * 400] * 9), *block)[-13:] == block


def test_the_first_generation_counts_characters_and_the_second_bytes(file: Path) -> None:
    line = "ü" * 1500
    assert tail(file, FIRST, line) == [line]
    assert tail(file, SECOND, line) == []


def test_an_empty_line_is_left_out_by_the_second_generation(file: Path) -> None:
    assert tail(file, FIRST, "a", "", "b") == ["a", "", "b"]
    assert tail(file, SECOND, "a", "", "b") == ["a", "b"]


def test_a_last_line_without_an_end_gets_one_from_the_second_generation(file: Path) -> None:
    for generation, expected in ((FIRST, "[stdout]end"), (SECOND, "[stdout]end\n")):
        with ScriptLog(file, generation, lambda _: None) as log:
            log.output("stdout", b"end")
            assert log.tail.endswith(expected)


def test_bytes_that_are_no_utf_8_are_shown_as_such_and_kept_in_the_log(file: Path) -> None:
    assert tail(file, FIRST, b"a\xffb\n") == ["a\ufffdb"]
    assert file.read_bytes().endswith(b"[stdout]a\xffb\n")
    assert tail(file, SECOND, b"a\xffb\xff\n") == ["a\ufffdb\ufffd"]
    assert file.read_bytes().endswith("[stdout]a\ufffdb\ufffd\n".encode())


@pytest.mark.parametrize("line", [b"\xff\n", b"cut \xc3\n", b"\xff", b"spaces \xff  \n"])
def test_a_line_that_ends_in_such_a_byte_ends_the_reading_of_the_first_generation(
    file: Path, line: bytes
) -> None:
    with ScriptLog(file, FIRST, lambda _: None) as log, pytest.raises(UnreadableLineError):
        log.output("stdout", line)
    assert line in file.read_bytes()
    tail(file, SECOND, line)


def test_a_listener_gets_each_line_as_it_comes(file: Path) -> None:
    heard: list[str] = []
    lines: Iterator[int] = iter(range(2, 4))
    with ScriptLog(file, SECOND, heard.append) as log:
        log.heading("Script - a")
        for number in lines:
            log.output("stderr", b"line\n")
            assert len(heard) == number
    assert heard == ["Script - a", "[stderr]line", "[stderr]line"]
