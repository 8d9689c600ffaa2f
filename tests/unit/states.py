"""The table of states: what the API server shows, the outcome, the sentence; docs/verdicts.md."""

from tests.unit.states_of_pods import IMAGES, PLACES, RETRIES, STARTS
from tests.unit.states_of_rollouts import COUNTED, FINISHED, OTHERS, REFUSALS
from tests.unit.states_of_windows import WINDOWS

STATES = {
    f"{part}: {name}": state
    for part, states in {
        "done": FINISHED,
        "counted": COUNTED,
        "image": IMAGES,
        "start": STARTS,
        "place": PLACES,
        "refusal": REFUSALS,
        "whole": OTHERS,
        "retry": RETRIES,
        "window": WINDOWS,
    }.items()
    for name, state in states.items()
}
