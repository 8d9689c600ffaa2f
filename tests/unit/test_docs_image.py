"""docs/image.md knows every setting of the image, with its default."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build"
DOCUMENT = (ROOT / "docs" / "image.md").read_text()
# Names of settings, wherever they are read.
NAME = r"(?:WORDPRESS|APACHE|PHP)_[A-Z_]+[A-Z]"


def documented() -> dict[str, str]:
    """The settings of the table, with the cell of their default."""
    table = DOCUMENT.partition("## Settings")[2].partition("## Health")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|\s*([^|]*?)\s*\|", table, re.MULTILINE)
    return {name: default for names, default in rows for name in re.findall(rf"`({NAME})`", names)}


def known() -> dict[str, str]:
    """The settings of settings.php, with their defaults there or in php.ini."""
    source = (BUILD / "wordpress" / "settings.php").read_text().partition("function settings()")[2]
    rows = re.findall(rf"'({NAME})' => (.*),$", source, re.MULTILINE)
    defaults = {name: re.search(r"\(.+?, '.*?', '([^']*)'\)$", value) for name, value in rows}
    ini = re.findall(rf"\$\{{({NAME}):-([^}}]*)\}}", (BUILD / "php.ini").read_text())
    return {name: found[1] if found else "" for name, found in defaults.items()} | dict(ini)


def test_every_setting_is_documented_and_no_other() -> None:
    salts = {
        f"WORDPRESS_{key}_{kind}"
        for key in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE")
        for kind in ("KEY", "SALT")
    }
    assert set(documented()) == set(known()) | salts


def test_a_default_is_the_documented_one() -> None:
    shown = {name: cell.strip("`") for name, cell in documented().items() if cell.startswith("`")}
    assert shown == {name: default for name, default in known().items() if default}


def test_the_versions_of_the_dockerfile_are_the_documented_ones() -> None:
    dockerfile = (BUILD / "Dockerfile").read_text()
    arguments = dict(re.findall(r"^ARG ([A-Z_0-9]+)=(\S+)$", dockerfile, re.MULTILINE))
    for name in ("BASE_IMAGE", "WORDPRESS_VERSION"):
        assert f"| `{name}` | `{arguments[name]}` |" in DOCUMENT
