"""The site as its editors and visitors use it, through HTTP, on two replicas at once."""

import re
import struct
import zlib
from pathlib import Path

import pytest

from tests.image.containers import Container, Runner
from tests.image.services import Service
from tests.image.site import ADMIN, ADMIN_PASSWORD, Site
from tests.image.web import Fields, Visitor, hidden


def png() -> bytes:
    """A picture of one dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def uploads(runner: Runner) -> Path:
    """The volume that the replicas share."""
    return runner.new_uploads()


@pytest.fixture(scope="module")
def replica(site: Site, uploads: Path) -> Container:
    return site.serve(uploads=uploads)


@pytest.fixture(scope="module")
def other(site: Site, uploads: Path) -> Container:
    return site.serve(uploads=uploads)


@pytest.fixture(scope="module")
def editor(site: Site, replica: Container) -> Visitor:
    return site.editor(replica)


def rest(editor: Visitor) -> str:
    """What proves to the REST API that a request is the editor's own."""
    found = re.search(r'createNonceMiddleware\( "(\w+)"', editor.get("/wp-admin/post-new.php").text)
    assert found
    return found[1]


def test_the_front_page_has_the_title_and_the_line_of_sources(
    site: Site, replica: Container
) -> None:
    front = site.visitor(replica).get("/")
    assert front.status == 200
    assert "<title>The &quot;test&quot; &amp; it&#039;s site</title>" in front.text
    assert '<p id="footer-line" style="text-align: center">Deployed by wpdeploy.</p>' in front.text


def test_a_wrong_password_is_refused(site: Site, replica: Container) -> None:
    page = site.visitor(replica).log_in(ADMIN, ADMIN_PASSWORD + "x")
    assert "is incorrect" in page.text


def test_a_post_has_its_permalink_on_every_replica(
    site: Site, editor: Visitor, other: Container
) -> None:
    answer = editor.post_json(
        "/wp-json/wp/v2/posts",
        rest(editor),
        {
            "title": "Grüße & <more>",
            "content": "Written by a test.",
            "status": "publish",
            "slug": "greetings",
        },
    )
    assert answer.status == 201, answer.text
    seen = site.visitor(other).get("/greetings/")
    assert seen.status == 200
    assert "Written by a test." in seen.text


def test_an_upload_is_seen_on_every_replica(
    site: Site, editor: Visitor, replica: Container, other: Container
) -> None:
    form = editor.get("/wp-admin/media-new.php?browser-uploader").text
    fields: Fields = {
        "async-upload": ("dot.png", png(), "image/png"),
        "html-upload": "Upload",
        "_wpnonce": hidden(form, "_wpnonce"),
        "post_id": "0",
    }
    assert editor.post("/wp-admin/media-new.php", fields).status == 200
    newest = "get_posts(['post_type' => 'attachment'])[0]->ID"
    path = site.php(replica, f"parse_url(wp_get_attachment_url({newest}), PHP_URL_PATH)")
    seen = other.get(path, Host="site.test")
    assert (seen.status, seen.headers["Content-Type"]) == (200, "image/png")
    assert "max-age=604800" in seen.headers["Cache-Control"]


def test_files_can_be_neither_edited_nor_installed(editor: Visitor) -> None:
    for page in ("plugin-install.php", "theme-editor.php", "plugin-editor.php", "update-core.php"):
        assert "not allowed" in editor.get(f"/wp-admin/{page}").text


def test_the_sites_plugin_is_active(editor: Visitor) -> None:
    row = re.search(
        r'<tr class="(\w+)" data-slug="footer-line"', editor.get("/wp-admin/plugins.php").text
    )
    assert row
    assert row[1] == "active"


def test_site_health_tells_of_the_object_cache(
    site: Site, replica: Container, cache_server: Service
) -> None:
    assert site.php(replica, "site_object_cache_health()['status']") == "good"
    with cache_server.silent():
        assert site.php(replica, "site_object_cache_health()['status']") == "critical"
    alone = site.serve({"WORDPRESS_MEMCACHED_HOST": ""})
    assert site.php(alone, "site_object_cache_health()['status']") == "recommended"


def test_behind_a_load_balancer_that_ends_tls_pages_and_cookies_are_https(
    site: Site,
) -> None:
    moved = site.serve({"WORDPRESS_SITE_URL": "https://site.test"})
    visitor = Visitor("https://site.test", moved.ip, {"X-Forwarded-Proto": "https"})
    page = visitor.log_in(ADMIN, ADMIN_PASSWORD)
    assert (page.status, page.url) == (200, "https://site.test/wp-admin/")
    assert "http://site.test" not in visitor.get("/").text
