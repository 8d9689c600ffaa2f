"""What the documents point at is there, and the picture shows what its text says."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/*.md")})
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_LABEL = re.compile(r'^\s+\w+ \[label="([^"]+)"', re.MULTILINE)


def links() -> Iterator[tuple[Path, str, str]]:
    for document in DOCUMENTS:
        for path, anchor in _LINK.findall(document.read_text()):
            yield document.relative_to(ROOT), path, anchor


def anchors(document: Path) -> set[str]:
    """The headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("document", "path", "anchor"), list(links()))
def test_a_link_has_its_end(document: Path, path: str, anchor: str) -> None:
    target = (ROOT / document).parent / path if path else ROOT / document
    assert target.exists()
    assert not anchor or anchor in anchors(target)


def test_the_picture_of_the_architecture_is_drawn_from_its_text() -> None:
    source = (ROOT / "docs/architecture.dot").read_text()
    drawn = (ROOT / "docs/architecture.svg").read_text()
    shown = set(map(html.unescape, re.findall(r"<text [^>]*>([^<]*)</text>", drawn)))
    lines = [line for label in _LABEL.findall(source) for line in label.split(r"\n")]
    assert len(lines) > 20
    assert set(lines) <= shown
