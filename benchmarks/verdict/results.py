"""What was measured, as tables for a person and as a document for programs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.figures import Spread, table
from benchmarks.verdict.tools import Tool

Json = dict[str, Any]
# Seconds for which a verdict on a bad image is waited for.
LIMIT = 60


@dataclass(frozen=True)
class Success:
    """A rollout that succeeded: seconds from its completion to the tool's end, without its window.

    Any code but 0 is a false failure. `cpu` is in seconds; `rss` in bytes.
    """

    seconds: float
    code: int | None
    requests: int
    cpu: float
    rss: int


@dataclass(frozen=True)
class Failure:
    """A bad image: seconds from the state's showing to the tool's end; no code: it was ended."""

    seconds: float
    code: int | None
    says_why: bool


@dataclass(frozen=True)
class Results:
    """All of them: failures by tool, successes by number of pods and by tool."""

    about: Mapping[str, str]
    failures: Mapping[Tool, Sequence[Failure]]
    successes: Mapping[int, Mapping[Tool, Sequence[Success]]]


def answer(failures: Sequence[Failure]) -> Spread | None:
    """How soon a bad image was judged; None if it was not, or taken for a good one."""
    if any(not each.code for each in failures):
        return None
    return Spread.of([each.seconds for each in failures])


def told(tool: Tool, failures: Sequence[Failure]) -> str:
    """The same in words."""
    found = answer(failures)
    if found:
        return f"{found:z.2f}"
    if any(each.code == 0 for each in failures):
        return "success: it took the rollout for complete"
    return f"> {LIMIT} ({tool.limit}: {tool.patience})"


def delay(found: Sequence[Success]) -> Spread | None:
    """How late success was told; None if it was taken for a failure."""
    if any(each.code != 0 for each in found):
        return None
    return Spread.of([each.seconds for each in found])


def delay_told(found: Sequence[Success]) -> str:
    """The same in words."""
    if spread := delay(found):
        return f"{spread:z.2f}"
    failed = sum(each.code != 0 for each in found)
    return f"taken for failed {failed} times of {len(found)}"


def text(results: Results) -> str:
    """The tables."""
    rows = [("a bad image", "from ErrImagePull to the end, s", "has said why")]
    rows += [(tool.name, told(tool, each), _why(each)) for tool, each in results.failures.items()]
    about = [f"{key}: {value}" for key, value in results.about.items()]
    parts = [table(*rows), *(_table(*found) for found in results.successes.items())]
    return "\n\n".join(("\n".join(about), *parts))


def _table(pods: int, found: Mapping[Tool, Sequence[Success]]) -> str:
    rows = [(f"{pods} pods", *(heading for heading, _ in _COLUMNS))]
    rows += [(tool.name, *(cell(each) for _, cell in _COLUMNS)) for tool, each in found.items()]
    return table(*rows)


def _why(found: Sequence[Failure]) -> str:
    return "yes" if all(each.says_why for each in found) else "no"


def _requests(found: Sequence[Success]) -> str:
    return f"{Spread.of([each.requests for each in found]):.0f}"


def _cpu(found: Sequence[Success]) -> str:
    return f"{Spread.of([each.cpu for each in found]):z.2f}"


def _rss(found: Sequence[Success]) -> str:
    return f"{Spread.of([each.rss / 2**20 for each in found]):.0f}"


_COLUMNS: Sequence[tuple[str, Callable[[Sequence[Success]], str]]] = (
    ("from complete to the end, s", delay_told),
    ("requests", _requests),
    ("CPU, s", _cpu),
    ("memory, MiB", _rss),
)


def document(results: Results) -> Json:
    """All single values, by the tools' names."""
    return {
        "about": dict(results.about),
        "bad image": _by_name(results.failures),
        "success": {str(pods): _by_name(found) for pods, found in results.successes.items()},
    }


def _by_name(found: Mapping[Tool, Sequence[Success]] | Mapping[Tool, Sequence[Failure]]) -> Json:
    return {tool.name: [asdict(each) for each in values] for tool, values in found.items()}
