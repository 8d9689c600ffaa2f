"""From a commit in sources/ to the visitor: built, pushed, deployed by the hooks to a real node.

Visitors ask for the front page all along, and none of their requests may fail: not while a release
takes the place of another, and not while one fails.
"""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from sandbox.codedeploy import Timeline, console
from sandbox.site import ROOT, merged
from tests.image import downloads
from tests.image.building import build
from tests.image.engine import Engine, cache
from tests.image.programs import need
from tests.node.circle import CHANGES, HOST, PLUGIN, Circle, RealSite, parameters, services
from tests.node.conftest import World
from tests.node.visitors import Visitors
from wpdeploy import runtime
from wpdeploy.runtime import Runtime

pytestmark = pytest.mark.timeout(900)
SOON_LATE = {"rollout": {"progress_deadline": 18}}
EVENTS = ("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Podman, with the layers that only a machine with a network can make; a bundle's runtime."""
    need()
    made = Engine(cache() / "podman")
    build(made, downloads.core(downloads.NEW), "localhost/wordpress:tested")
    runtime.cached(ROOT / "runtime.lock", Runtime.here(), runtime.cache_directory(os.environ))
    return made


@pytest.fixture(scope="module")
def circle(
    engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Circle]:
    """A site whose first release serves."""
    directory = tmp_path_factory.mktemp("circle")
    with services(directory) as (database, memory):
        where = (world.plane, world.aws, "circle", directory / "site")
        site = RealSite(*where, real=parameters(database, memory))
        site.found()
        with closing(Circle(engine, world.images.registry, site, directory)) as made:
            succeeded(made.release("v1"))
            yield made


def succeeded(timeline: Timeline) -> None:
    """All four hooks have run, and said well."""
    assert timeline.exit_code == 0, console(timeline)
    ran = [event.name for event in timeline.events if event.name in EVENTS]
    assert ran == list(EVENTS)


def told(timeline: Timeline) -> str:
    """The end of the log of the hook that failed, as one line."""
    failed = timeline.failed
    assert failed, console(timeline)
    assert failed.diagnostics
    return f"{failed.name} {failed.exit_code}: " + " ".join(failed.diagnostics.log_tail.split())


def visited(circle: Circle, *lines: str) -> Visitors:
    """Visitors who may find one of these lines at the page's end."""
    return Visitors(circle.address(), HOST, lines)


def shown(capsys: pytest.CaptureFixture[str], circle: Circle, visitors: Visitors) -> None:
    """Print what the visitors met and where the time went; none may have failed."""
    with capsys.disabled():
        print(f"\n{visitors.report}\n{circle.clock}")  # noqa: T201  # figures are for people
    circle.clock.rows.clear()
    assert visitors.failures == []
    assert visitors.asked > 100


def test_a_commit_reaches_the_visitors_and_none_of_them_notices(
    circle: Circle, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = circle.line, "Written by a commit."
    assert old in circle.page().text
    before = circle.ready_pods()
    with visited(circle, old, new) as visitors:
        circle.edit(PLUGIN, old, new)
        succeeded(circle.release("v2"))
        for address in (circle.address(), circle.node_port()):
            page = circle.page(address)
            assert page.is_whole
            assert new in page.text
    shown(capsys, circle, visitors)
    assert set(visitors.seen) == {old, new}
    assert len(circle.ready_pods() - before) == 2


def test_an_image_that_crashes_takes_no_visitor(
    circle: Circle, capsys: pytest.CaptureFixture[str]
) -> None:
    before = circle.ready_pods()
    start = ("build/wordpress/commands/serve.php", "Command::start('serve');")
    with visited(circle, circle.line) as visitors:
        circle.edit(*start, f"{start[1]}\nthrow new \\Error('of a release that is broken');")
        words = told(circle.release("crash"))
    circle.edit(start[0], "\nthrow new \\Error('of a release that is broken');", "")
    shown(capsys, circle, visitors)
    assert words.startswith("ValidateService 7: ")
    assert "container wordpress crashes: exit code 1" in words
    assert "of a release that is broken" in words
    assert circle.ready_pods() == before


def test_a_site_that_is_broken_takes_no_visitor(
    circle: Circle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = circle.ready_pods()
    monkeypatch.setattr(circle.site, "changes", merged(CHANGES, SOON_LATE))
    with visited(circle, circle.line) as visitors:
        circle.edit(PLUGIN, "esc_html(", "no_such_function(")
        words = told(circle.release("broken"))
    circle.edit(PLUGIN, "no_such_function(", "esc_html(")
    shown(capsys, circle, visitors)
    assert words.startswith("ValidateService 7: ")
    assert "Readiness probe failed" in words
    assert "Call to undefined function no_such_function()" in words
    assert circle.ready_pods() == before
