"""The target goes from one hook to the next as JSON."""

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from wpdeploy.target import Target


@given(st.builds(Target))
def test_a_target_is_the_same_after_its_way_through_json(target: Target) -> None:
    assert Target(**json.loads(json.dumps(dataclasses.asdict(target)))) == target
