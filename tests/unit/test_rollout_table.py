"""Each state of the table comes to its outcome and its sentence."""

import pytest

from tests.unit.rollout_looks import judged
from tests.unit.states import STATES
from tests.unit.states_shown import State


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_state_comes_to_its_outcome_and_its_sentence(state: State) -> None:
    verdict = judged(state.looks, state.applied)
    assert (verdict.outcome, verdict.sentence) == (state.outcome, state.sentence)
