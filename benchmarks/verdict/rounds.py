"""The two measurements: a rollout that succeeds, and one whose image cannot be pulled."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from benchmarks.verdict import process, workload
from benchmarks.verdict.process import Finished
from benchmarks.verdict.results import LIMIT, Failure, Success
from benchmarks.verdict.stage import Stage
from benchmarks.verdict.tools import Place, Tool

# Of the Deployment whose image cannot be pulled.
_PODS = 3
# Tenths of a second by which each round takes longer than the shortest one. Who asks every two or
# every five seconds answers by chance sooner or later: they are spread over both.
_DELAYS = (0, 13, 26, 39, 2, 15, 28, 41, 4, 17)
# In which a tool has applied, and the pull has failed.
_SHOWS = 15
# More than any tool takes for a rollout that succeeds, or waits.
_LONGEST = 330


class Contender:
    """A tool in its place, with the Deployment that it rolls."""

    def __init__(self, stage: Stage, tool: Tool) -> None:
        self.tool = tool
        self._stage = stage
        self._directory = stage.directory / tool.slug
        self._directory.mkdir()
        place = Place(self._directory, tool.slug, stage.admit(tool.slug))
        self._command = tool.command(place)
        self._numbers = count(1)

    def succeed(self, pods: int, delay: int = 0) -> Success:
        """Roll out one more good image, to so many pods; `delay` as the Deployment has it."""
        stage, user, tag = self._stage, self.tool.slug, f"r{next(self._numbers)}"
        before = stage.audit.requests(user)
        with stage.complete(user, tag, pods) as sighting:
            finished = self._roll(tag, pods, delay, _LONGEST)
            if finished.code != 0:
                _progress(f"{self.tool.name} ended with {finished.code}:\n{finished.output}")
            seconds = finished.ended - sighting.moment() - self.tool.window
        requests = stage.audit.requests(user) - before
        stage.await_quiet(user, pods)
        return Success(seconds, finished.code, requests, finished.cpu, finished.rss)

    def fail(self) -> Failure:
        """Roll out an image that cannot be pulled."""
        with self._stage.cannot_pull(self.tool.slug) as sighting:
            finished = self._roll(workload.BAD, _PODS, 0, LIMIT + _SHOWS)
            seconds = finished.ended - sighting.moment()
        if finished.code is None and seconds < LIMIT:
            sys.exit(f"{self.tool.name}: the state showed too late:\n{finished.output}")
        return Failure(seconds, finished.code, workload.PULL_FAILED in finished.output)

    def _roll(self, tag: str, pods: int, delay: int, seconds: float) -> Finished:
        manifest = workload.deployment(tag, pods, self.tool.slug, delay)
        if self.tool.manifest:
            # JSON is YAML.
            (self._directory / self.tool.manifest).write_text(json.dumps(manifest))
        else:
            self._stage.apply(manifest)
        return process.run(self._command, self._stage.guard, seconds)


def failures(contenders: Sequence[Contender], rounds: int) -> Mapping[Tool, Sequence[Failure]]:
    """All side by side, as most of them only wait; then once more who has an answer, in turn."""
    for contender in contenders:
        contender.succeed(_PODS)
    _progress("a bad image")
    with ThreadPoolExecutor(len(contenders)) as threads:
        firsts = threads.map(lambda each: each.fail(), contenders)
        found = {each.tool: [first] for each, first in zip(contenders, firsts, strict=True)}
    for contender in contenders:
        if found[contender.tool][0].code is not None:
            found[contender.tool] = [_from_good(contender) for _ in range(rounds)]
    return found


def _from_good(contender: Contender) -> Failure:
    contender.succeed(_PODS)
    return contender.fail()


def successes(
    contenders: Sequence[Contender], pods: int, rounds: int
) -> Mapping[Tool, Sequence[Success]]:
    """Each in turn, round after round; a first one, which does not count, brings the pods there."""
    found: dict[Tool, list[Success]] = {each.tool: [] for each in contenders}
    for number in range(rounds + 1):
        _progress(f"{pods} pods, round {number} of {rounds}")
        for contender in contenders:
            success = contender.succeed(pods, _DELAYS[number % len(_DELAYS)])
            if number:
                found[contender.tool].append(success)
    return found


def _progress(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
