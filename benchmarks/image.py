"""The WordPress image: its size, its build times, its front page with and without memcached.

    make image          prints all of it

The two ways to serve the page take turns, short ones, so that whatever else the machine does meets
both. A ratio of throughputs is taken turn by turn; of the times of pages, over all of them.
"""

import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Spread, table
from tests.image import downloads
from tests.image.building import ROOT, build
from tests.image.containers import Container, Network, Runner
from tests.image.engine import Engine, cache
from tests.image.programs import why_not
from tests.image.services import MariaDb, memcached
from tests.image.site import URL, Site

IMAGE = "localhost/wordpress:measured"
ROUNDS, REQUESTS, VISITORS = 16, 60, 4
_HOST = URL.removeprefix("http://")
WITH, WITHOUT = "with memcached", "without"


class Round(NamedTuple):
    """How a replica fared: pages a second, and the milliseconds of each."""

    throughput: float
    times: Sequence[float]


class Served(NamedTuple):
    """The rounds of a replica, and how many statements its front page has."""

    rounds: Sequence[Round]
    statements: int

    @property
    def p95(self) -> float:
        """The milliseconds that 95 of 100 pages stay below."""
        times = [time for each in self.rounds for time in each.times]
        return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    """Print the figures."""
    if reason := why_not():
        sys.exit(reason)
    engine = Engine(cache() / "podman")
    engine.remove_orphans()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(_built(engine, directory), flush=True)
        print("", _served(_measured(engine, directory, stack)), sep="\n")


def _built(engine: Engine, directory: Path) -> str:
    core = downloads.core(downloads.NEW)
    cold = build(engine, core, IMAGE, options=("--no-cache",))
    context = directory / "checkout"
    for name in ("build", "sources"):
        shutil.copytree(ROOT / name, context / name)
    shutil.copy(ROOT / ".dockerignore", context)
    build(engine, core, IMAGE)
    plugin = context / "sources/wp-content/plugins/footer-line/footer-line.php"
    plugin.write_text(plugin.read_text() + "// changed\n")
    changed = build(engine, core, IMAGE, context=context)
    size = engine.inspect(IMAGE)["Size"] / 10**6
    heading = ["image", "size, MB", "build cold, s", "only sources/ changed, s"]
    row = [f"WordPress {core.version}", f"{size:.0f}", f"{cold:.1f}", f"{changed:.1f}"]
    return table(heading, row)


def _measured(engine: Engine, directory: Path, stack: ExitStack) -> Mapping[str, Served]:
    network = Network(engine, IMAGE)
    stack.callback(network.close)
    database = MariaDb(directory / "mariadb", network.gateway)
    stack.callback(database.stop)
    server = memcached(directory / "memcached", network.gateway)
    stack.callback(server.stop)
    runner = Runner(engine, IMAGE, network, directory)
    stack.callback(runner.close)
    site = Site(runner, database, server)
    site.install()
    replicas = {WITH: site.serve(), WITHOUT: site.serve({"WORDPRESS_MEMCACHED_HOST": ""})}
    for replica in replicas.values():
        _visit(replica)
    rounds = [{name: _visit(replica) for name, replica in replicas.items()} for _ in range(ROUNDS)]
    return {
        name: Served([each[name] for each in rounds], _statements(replica))
        for name, replica in replicas.items()
    }


def _statements(replica: Container) -> int:
    """As the tests' probe tells it at the end of the page."""
    found = re.search(r"<!-- queries: (\d+) -->", replica.get("/", Host=_HOST).text)
    return int(found[1]) if found else sys.exit("the front page does not tell its statements")


def _visit(replica: Container) -> Round:
    def ask(_: int) -> float:
        started = time.perf_counter()
        answer = replica.get("/", Host=_HOST)
        if answer.status != 200:  # noqa: PLR2004  # HTTP's own number
            sys.exit(f"the front page answers {answer.status}")
        return (time.perf_counter() - started) * 1000

    started = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as visitors:
        times = list(visitors.map(ask, range(REQUESTS)))
    seconds = time.perf_counter() - started
    return Round(REQUESTS / seconds, times)


def _served(served: Mapping[str, Served]) -> str:
    heading = ["front page", "pages a second", "p95, ms", "statements"]
    rows = [
        [
            name,
            f"{Spread.of([each.throughput for each in found.rounds]):.0f}",
            f"{found.p95:.0f}",
            str(found.statements),
        ]
        for name, found in served.items()
    ]
    one, other = served[WITH], served[WITHOUT]
    pairs = zip(one.rounds, other.rounds, strict=True)
    faster = Spread.of([mine.throughput / others.throughput for mine, others in pairs])
    sooner, fewer = one.p95 / other.p95, one.statements / other.statements
    return table(heading, *rows, ["ratio", f"{faster:.2f}", f"{sooner:.2f}", f"{fewer:.2f}"])


if __name__ == "__main__":
    main()
