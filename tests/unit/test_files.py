from pathlib import Path

import pytest

from wpdeploy import files


def test_the_text_is_what_utf_8_says(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_bytes("Gr\u00fc\u00dfe, \U0001f600\n".encode())
    assert files.read_text(path) == "Gr\u00fc\u00dfe, \U0001f600\n"


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_bytes(b"a\r\nb\r\n")
    assert files.read_text(path) == "a\nb\n"


@pytest.mark.parametrize(
    ("content", "byte"), [(b"\xff\xfea\0", 0), (b"caf\xe9", 3), (b"x" * 100_000 + b"\xc3", 100_000)]
)
def test_a_file_in_another_encoding_is_refused_with_the_place(
    tmp_path: Path, content: bytes, byte: int
) -> None:
    path = tmp_path / "note"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^is not UTF-8 text \(byte {byte}\)$"):
        files.read_text(path)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^there is no such file$"):
        files.read_text(tmp_path / "note")


def test_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^cannot be read: Is a directory$"):
        files.read_text(tmp_path)


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"^cannot be read: Not a directory$"):
        files.read_text(tmp_path / "file" / "note")


def test_a_link_to_itself_cannot_be_read(tmp_path: Path) -> None:
    link = tmp_path / "note"
    link.symlink_to(link)
    with pytest.raises(ValueError, match=r"^cannot be read: Too many levels of symbolic links$"):
        files.read_text(link)
