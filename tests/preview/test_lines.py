"""What the site logs, as a person reads it."""

import json
import re
from pathlib import Path

import pytest

from preview.lines import Reader


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    content = tmp_path / "sources/wp-content"
    (content / "plugins/mine").mkdir(parents=True)
    (content / "plugins/mine/mine.php").write_text("<?php\n")
    return Reader(content, coloured=False)


def access(request: str, status: int = 200) -> str:
    line = {"time": "2026-11-28T23:07:21.243Z", "status": status, "microseconds": 4874}
    return json.dumps(line | {"request": request})


def without_clock(text: str | None) -> str:
    assert text is not None
    assert re.match(r"\d\d:\d\d:\d\d  ", text)
    return text[10:]


def test_a_page_is_a_line(reader: Reader) -> None:
    line = reader.request(access("GET /hello-world/ HTTP/1.1"))
    assert without_clock(line) == "200       5 ms  GET /hello-world/"


@pytest.mark.parametrize("path", ["/a/style.css", "/app.js?ver=6.8", "/x.woff2", "/i/photo.JPEG"])
def test_what_comes_with_a_page_is_left_out(reader: Reader, path: str) -> None:
    found = reader.request(access(f"GET {path.lower()} HTTP/1.1"))
    assert found is None
    assert reader.request(access(f"GET {path.lower()} HTTP/1.1", 404)) is not None


def test_a_page_whose_name_has_a_dot_is_no_file(reader: Reader) -> None:
    assert reader.request(access("GET /news/about.jsonp/ HTTP/1.1")) is not None


@pytest.mark.parametrize("line", ["", "no JSON", "7", "[]", '{"time": 3}', '{"status": "x"}'])
def test_what_is_no_access_line_is_told_as_it_is(reader: Reader, line: str) -> None:
    assert reader.request(line) == line


def test_an_error_of_php_names_the_file_in_sources(reader: Reader) -> None:
    line = reader.message(
        "2026-11-28 23:07:21.247632 [error] [client 10.88.0.1:38426] PHP Fatal error:  Uncaught "
        'Error: \\"x\\" in /var/www/html/wp-content/plugins/mine/mine.php:12\\nStack trace:\\n#0 '
        "/var/www/html/index.php(17): require('...')"
    )
    assert without_clock(line) == (
        'PHP Fatal error:  Uncaught Error: "x" in sources/wp-content/plugins/mine/mine.php:12\n'
        "    Stack trace:\n"
        "    #0 /var/www/html/index.php(17): require('...')"
    )


def test_a_file_that_is_only_in_the_image_keeps_its_place(reader: Reader) -> None:
    file = "/var/www/html/wp-content/themes/twentytwentyfive/functions.php"
    line = reader.message(f"2026-11-28 23:07:21.2 [warn] PHP Warning:  Oh in {file} on line 3")
    assert without_clock(line) == f"PHP Warning:  Oh in {file} on line 3"


def test_what_apache_says_of_itself_is_left_out_unless_it_is_an_error(reader: Reader) -> None:
    start = "2026-11-28 23:07:21.2 [{}] AH00163: Apache configured"
    assert reader.message(start.format("notice")) is None
    assert without_clock(reader.message(start.format("error"))) == "AH00163: Apache configured"


def test_a_line_of_another_form_is_told_as_it_is(reader: Reader) -> None:
    assert reader.message("wordpress: warning: x") == "wordpress: warning: x"


def test_nothing_that_is_logged_can_steer_the_terminal(reader: Reader) -> None:
    assert reader.message("\x1b]0;title\x07 é 😀") == "?]0;title? é 😀"


def test_a_terminal_gets_colours(reader: Reader) -> None:
    coloured = Reader(reader.content, coloured=True)
    assert "\033[31m" in (coloured.request(access("GET / HTTP/1.1", 500)) or "")
    assert "\033[33m" in (coloured.message("2026-11-28 23:07:21.2 [warn] x") or "")
