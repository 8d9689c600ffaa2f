"""docs/verdicts.md has each row of the table of faults, and each sentence of a failure."""

import re
from pathlib import Path

import pytest

from tests.unit.states import STATES
from tests.unit.states_shown import LOST, State
from wpdeploy.faults import FAULTS, NO_ROOM, Fault

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "verdicts.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in DOCUMENT.read_text().splitlines()
    if line.startswith("| ") and line.count(" | ") == 3
]
PODS = [row for row in ROWS if row[0].startswith("`") or row[0].startswith("the same for")]
SENTENCES = [row[2] for row in ROWS]


def told(fault: Fault) -> list[str]:
    """What the document says of it, the state aside."""
    when = f"after `{fault.grace}`" if fault.grace else "at once"
    whose = "" if fault.by_one else ", of all"
    says = fault.says.format(who="CONTAINER", ended="HOW IT ENDED")
    return [when + whose, says, fault.to_do]


def test_the_faults_are_the_documented_ones_in_their_order() -> None:
    faults = [*FAULTS, NO_ROOM]
    documented = [row[1:] for row in PODS][: len(faults)]
    assert documented == [told(fault) for fault in faults]


@pytest.mark.parametrize("fault", [*FAULTS, NO_ROOM], ids=lambda fault: fault.says)
def test_each_term_of_a_fault_is_documented_beside_it(fault: Fault) -> None:
    (state,) = [row[0] for row in PODS if row[1:] == told(fault)]
    named = {*re.findall(r"`(\w+)`", state), *(["ErrImagePull", "ImagePullBackOff"])}
    assert set(fault.reason.split("|")) <= named


@pytest.mark.parametrize(
    "state", [item for item in STATES.values() if item.outcome is LOST], ids=lambda item: item[2]
)
def test_each_sentence_of_a_failure_is_documented(state: State) -> None:
    wanted = state.sentence
    pod = re.match(r"pod \S+: (.*) \(.*\)$", wanted)
    assert any(re.fullmatch(pattern(text), wanted) for text in SENTENCES) or (
        pod and any(re.fullmatch(pattern(text), pod[1]) for text in SENTENCES)
    )


def pattern(text: str) -> str:
    """The sentence with anything in the place of its capitals."""
    return re.sub(r"(\\ ?|\b)[A-Z]+\b(\\ [A-Z]+\b)*", ".*", re.escape(text))
