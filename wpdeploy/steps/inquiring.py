"""Asking the API server many things at once, each of them once, and reading what it answers.

What could not be had is a text: the reason.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from queue import Empty
from typing import NamedTuple

from wpdeploy import api_status
from wpdeploy.answer import Answer
from wpdeploy.clock import Clock
from wpdeploy.errors import WpdeployError
from wpdeploy.evidence import Part
from wpdeploy.kinds import Manifest
from wpdeploy.kube import Cluster
from wpdeploy.steps.together import asked

# Seconds that one request gets, at most and at least.
_PATIENCE, _SHORTEST = 5.0, 0.1
_OK, _NO_CONTENT = 200, 204


class Question(NamedTuple):
    """What to GET; where the answer to a query is too long, the next one is asked."""

    path: str
    queries: Sequence[Mapping[str, str]] = ({},)


Found = Answer | str
Answers = Mapping[str, Found]


class Inquiry:
    """Questions that have so many seconds, all together."""

    def __init__(self, cluster: Cluster, clock: Clock, seconds: float) -> None:
        self._cluster, self._clock, self._seconds = cluster, clock, seconds
        self._ends = clock.monotonic() + seconds

    def ask(self, questions: Mapping[str, Question]) -> Answers:
        """What is answered to each, by its name."""
        found: dict[str, Found] = dict.fromkeys(questions, f"no answer in {self._seconds:.0f} s")

        def one(name: str) -> Found:
            return self._one(questions[name])

        with suppress(Empty), closing(asked(list(questions), one, self._left)) as answers:
            found.update(answers)
        return found

    def _one(self, question: Question) -> Found:
        found: Found = ""
        for query in question.queries:
            try:
                found = self._cluster.fetch(question.path, query, {}, self._patience())
            except WpdeployError as error:
                return "; ".join(error.problems)
            if not found.is_cut:
                break
        return found

    def _left(self) -> float:
        return max(self._ends - self._clock.monotonic(), _SHORTEST)

    def _patience(self) -> float:
        return min(_PATIENCE, self._left())


def manifest(found: Found) -> Manifest | str:
    """An object, or a list."""
    if isinstance(found, str):
        return found
    if found.code != _OK:
        return _refusal(found)
    if found.is_cut:
        return "the answer is too long"
    try:
        document: Manifest = json.loads(found.body)
    except (ValueError, RecursionError):
        return "the answer is no JSON"
    return document


def items(found: Found) -> Part[Manifest]:
    """The objects of a list."""
    listed = manifest(found)
    if isinstance(listed, str):
        return Part(missing=listed)
    more = (listed.get("metadata") or {}).get("continue")
    return Part(tuple(listed.get("items") or ()), "there are too many" if more else "")


def text(found: Found) -> tuple[str, str]:
    """The text of a log, and why it is not there or not all of it."""
    if isinstance(found, str):
        return "", found
    if found.code not in {_OK, _NO_CONTENT}:
        return "", _refusal(found)
    decoded = found.body.decode("utf-8", "backslashreplace")
    if not found.is_cut:
        return decoded, ""
    # A secret value may be cut off with the last line.
    return decoded.rpartition("\n")[0], "the newest lines: the last ones are too long"


def code(found: Found) -> int:
    """The HTTP status; 0 where there is no answer."""
    return 0 if isinstance(found, str) else found.code


def _refusal(found: Answer) -> str:
    status = api_status.parse(found.body.decode("utf-8", "replace"))
    return f"{status.get('message') or 'without a reason'} ({found.code})"
