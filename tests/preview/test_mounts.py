"""What of sources/ is laid over the image."""

from pathlib import Path

import pytest

from preview.mounts import CONTENT, here, mounts


@pytest.fixture
def content(tmp_path: Path) -> Path:
    made = tmp_path / "sources/wp-content"
    for name in ("plugins/a", "mu-plugins", "themes/one", "themes/two & more", "languages"):
        (made / name).mkdir(parents=True)
    (made / "themes/.gitkeep").touch()
    (made / "db.php").touch()
    return made


def test_themes_go_one_by_one_beside_those_of_the_image(content: Path) -> None:
    inside = [mount.inside.removeprefix(CONTENT) for mount in mounts(content)]
    assert inside == [
        *("/db.php", "/languages", "/mu-plugins", "/plugins"),
        *("/themes/one", "/themes/two & more"),
    ]


def test_a_mount_is_read_only(content: Path) -> None:
    assert mounts(content)[0].option == f"--volume={content}/db.php:{CONTENT}/db.php:ro"


def test_what_is_made_anew_is_another_mount_and_an_edit_is_not(content: Path) -> None:
    before = mounts(content)
    (content / "mu-plugins/site.php").write_text("<?php\n")
    assert mounts(content) == before
    new = content / "db.php.new"
    new.touch()
    new.rename(content / "db.php")
    assert mounts(content) != before


def test_a_link_to_nothing_and_no_sources_at_all_are_no_mounts(
    content: Path, tmp_path: Path
) -> None:
    before = mounts(content)
    (content / "broken").symlink_to(tmp_path / "nothing")
    assert mounts(content) == before
    assert mounts(tmp_path / "nothing") == ()


def test_a_place_in_the_image_is_told_as_the_one_in_sources(content: Path) -> None:
    assert here(f"{CONTENT}/db.php", content) == "sources/wp-content/db.php"
    assert here(f"{CONTENT}/other.php", content) == f"{CONTENT}/other.php"
