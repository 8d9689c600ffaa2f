"""The WordPress image: its size, its build times, its front page with and without memcached.

    make image          prints all of it

The two ways to serve the page take turns, so that whatever else the machine does meets both.
"""

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
ROUNDS, REQUESTS, VISITORS = 6, 120, 4
WITH, WITHOUT = "with memcached", "without"


class Round(NamedTuple):
    """How a replica fared: pages a second, and the milliseconds that 95 of 100 stay below."""

    throughput: float
    p95: float


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


def _measured(engine: Engine, directory: Path, stack: ExitStack) -> Mapping[str, Sequence[Round]]:
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
    return {name: [each[name] for each in rounds] for name in replicas}


def _visit(replica: Container) -> Round:
    host = URL.removeprefix("http://")

    def ask(_: int) -> float:
        started = time.perf_counter()
        answer = replica.get("/", Host=host)
        if answer.status != 200:  # noqa: PLR2004  # HTTP's own number
            sys.exit(f"the front page answers {answer.status}")
        return (time.perf_counter() - started) * 1000

    started = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as visitors:
        times = list(visitors.map(ask, range(REQUESTS)))
    seconds = time.perf_counter() - started
    return Round(REQUESTS / seconds, statistics.quantiles(times, n=20)[-1])


def _served(rounds: Mapping[str, Sequence[Round]]) -> str:
    heading = ["front page", "pages a second", "p95, ms"]
    rows = [
        [
            name,
            f"{Spread.of([r.throughput for r in each]):.0f}",
            f"{Spread.of([r.p95 for r in each]):.0f}",
        ]
        for name, each in rounds.items()
    ]
    pairs = list(zip(rounds[WITH], rounds[WITHOUT], strict=True))
    faster = Spread.of([one.throughput / other.throughput for one, other in pairs])
    sooner = Spread.of([one.p95 / other.p95 for one, other in pairs])
    return table(heading, *rows, ["ratio", f"{faster:.2f}", f"{sooner:.2f}"])


if __name__ == "__main__":
    main()
