"""The image's build: what it holds, and what ends it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.image import downloads
from tests.image.building import CREATED, REVISION, ROOT, SOURCE, build
from tests.image.engine import Engine, EngineError

TAG = "localhost/wordpress:attempt"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the image is built from."""
    for name in ("build", "sources"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    return tmp_path


def test_the_image_says_what_it_is_and_how_it_wants_to_run(engine: Engine, image: str) -> None:
    about = engine.inspect(image)
    prefix = "org.opencontainers.image."
    labels = {
        name.removeprefix(prefix): value
        for name, value in about["Labels"].items()
        if name.startswith(prefix)
    }
    assert labels == {
        "title": "WordPress",
        "version": downloads.core(downloads.NEW).version,
        "revision": REVISION,
        "created": CREATED,
        "source": SOURCE,
    }
    config = about["Config"]
    assert config["User"] == "33:33"
    assert config["StopSignal"] == "SIGWINCH"
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    assert config["Cmd"] == ["serve"]


def test_no_secret_and_no_foreign_plugin_is_in_the_image(engine: Engine, image: str) -> None:
    variables = {pair.partition("=")[0] for pair in engine.inspect(image)["Config"]["Env"]}
    assert variables == {"PATH"}
    plugins = engine.do("run", "--rm", "--entrypoint", "ls", image, "wp-content/plugins")
    assert plugins.split() == ["footer-line"]


def test_only_what_the_image_needs_is_sent_to_the_build(engine: Engine, image: str) -> None:
    listing = engine.do("run", "--rm", "--entrypoint", "ls", image, "/", ".", "wp-content")
    assert {"wp-config.php", "object-cache.php", "mu-plugins"} <= set(listing.split())
    assert not {"README.md", "pyproject.toml", "sources", "build"} & set(listing.split())


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"WORDPRESS_SHA256": "0" * 64}, "WORDPRESS_SHA256 is not the checksum of http://"),
        ({"WORDPRESS_VERSION": "1.2.3"}, "is not WordPress 1.2.3"),
        ({"WORDPRESS_URL": "http://127.0.0.1:1/none"}, "Failed to connect to 127.0.0.1"),
    ],
)
def test_a_core_that_is_not_the_pinned_one_fails_the_build(
    engine: Engine, overrides: Mapping[str, str], complaint: str
) -> None:
    with pytest.raises(EngineError) as failure:
        build(engine, downloads.core(downloads.NEW), TAG, overrides=overrides)
    assert complaint in str(failure.value)


def test_a_plugin_that_does_not_parse_fails_the_build(engine: Engine, checkout: Path) -> None:
    broken = checkout / "sources/wp-content/plugins/broken.php"
    broken.write_text("<?php\nif (true {\n")
    with pytest.raises(EngineError) as failure:
        build(engine, downloads.core(downloads.NEW), TAG, context=checkout)
    assert "wp-content/plugins/broken.php on line 2" in str(failure.value)


def test_a_commit_in_sources_changes_the_site_and_takes_every_layer_but_the_last(
    engine: Engine, image: str, checkout: Path
) -> None:
    plugin = checkout / "sources/wp-content/plugins/footer-line/footer-line.php"
    plugin.write_text(plugin.read_text().replace("Deployed by wpdeploy.", "Another line."))
    build(engine, downloads.core(downloads.NEW), TAG, context=checkout)
    shown = engine.do(
        "run", "--rm", "--entrypoint", "cat", TAG, f"wp-content/plugins/footer-line/{plugin.name}"
    )
    assert "Another line." in shown
    before, after = (engine.inspect(name)["RootFS"]["Layers"] for name in (image, TAG))
    changed = [one != other for one, other in zip(before, after, strict=True)]
    assert changed.index(True) >= len(before) - 2
