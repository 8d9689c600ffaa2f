"""The figures as bars in SVG: a panel for each measurement, readable on light and on dark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.figures import Spread
from benchmarks.verdict.results import LIMIT, Results, Success, answer, delay, delay_told, told
from benchmarks.verdict.tools import Tool

_WIDTH, _LABELS, _BARS = 900, 230, 390
_ROW, _HEAD, _GAP = 22, 34, 18
_TITLE = "How soon each tool tells how a rollout ends"
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.bar { fill: #8c959f; }
.own { fill: #1f77d0; }
.range { stroke: #57606a; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .bar { fill: #6e7681; }
  .own { fill: #4493f8; }
  .range { stroke: #b1bac4; }
}
"""


@dataclass(frozen=True)
class _Bar:
    """A tool's bar, in seconds; without a spread it is as long as the panel is wide."""

    name: str
    spread: Spread | None
    words: str


@dataclass(frozen=True)
class _Panel:
    title: str
    longest: float
    bars: Sequence[_Bar]

    @property
    def height(self) -> int:
        return _HEAD + _ROW * len(self.bars) + _GAP


def svg(results: Results) -> str:
    """The plot."""
    panels = [_failures(results), *(_successes(*found) for found in results.successes.items())]
    height = sum(panel.height for panel in panels)
    parts: list[str] = []
    top = 0
    for panel in panels:
        parts += _drawn(panel, top)
        top += panel.height
    body = "\n".join((f"<title>{_TITLE}</title>", f"<style>{_STYLE}</style>", *parts))
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{body}\n</svg>\n'


def _failures(results: Results) -> _Panel:
    bars = [
        _Bar(tool.name, answer(found), told(tool, found))
        for tool, found in results.failures.items()
    ]
    return _Panel("A bad image: from ErrImagePull to the verdict, s", LIMIT, bars)


def _successes(pods: int, found: Mapping[Tool, Sequence[Success]]) -> _Panel:
    bars = [_Bar(tool.name, delay(some), delay_told(some)) for tool, some in found.items()]
    longest = max((bar.spread.most for bar in bars if bar.spread), default=1.0)
    return _Panel(f"{pods} pods: from the complete rollout to success, s", longest, bars)


def _drawn(panel: _Panel, top: int) -> Iterator[str]:
    yield f'<text class="title" x="8" y="{top + 22}">{escape(panel.title)}</text>'
    for number, bar in enumerate(panel.bars):
        yield from _bar(bar, panel.longest, top + _HEAD + number * _ROW)


def _bar(bar: _Bar, longest: float, top: int) -> Iterator[str]:
    def right(seconds: float) -> float:
        return round(_LABELS + _BARS * min(max(seconds / longest, 0), 1), 1)

    shown = right(bar.spread.median if bar.spread else longest)
    own = " own" if bar.name.startswith("wpdeploy") else ""
    # A bar of no length is a hair.
    width = round(max(shown - _LABELS, 1), 1)
    place = f'x="{_LABELS}" y="{top + 3}" width="{width}" height="{_ROW - 8}"'
    yield f'<text x="{_LABELS - 8}" y="{top + 15}" text-anchor="end">{escape(bar.name)}</text>'
    yield f'<rect class="bar{own}" {place}/>'
    end = shown
    if bar.spread:
        end, middle = right(bar.spread.most), top + _ROW / 2 - 1
        ends = f'x1="{right(bar.spread.least)}" y1="{middle}" x2="{end}" y2="{middle}"'
        yield f'<line class="range" {ends}/>'
    yield f'<text x="{end + 8}" y="{top + 15}">{escape(bar.words)}</text>'
