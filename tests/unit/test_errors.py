"""What an error says, and the exit code that it ends the process with."""

import re

import pytest

from wpdeploy import answer, api_status, errors, ssm, streams
from wpdeploy.errors import ClusterError, Exit, UsageError, WpdeployError


def test_where_what_and_what_to_do_make_its_text() -> None:
    error = UsageError("k8s/x.yaml", ["is empty", "is late"], "fill it")
    assert (error.where, error.problems, error.hint) == (
        "k8s/x.yaml",
        ("is empty", "is late"),
        "fill it",
    )
    assert str(error) == "k8s/x.yaml: is empty; is late (fill it)"


def test_one_problem_is_given_as_it_is_and_a_hint_may_be_missing() -> None:
    error = ClusterError("API server", "is gone")
    assert (error.problems, error.hint, str(error)) == (("is gone",), "", "API server: is gone")


def test_an_error_of_no_kind_is_a_bug() -> None:
    assert WpdeployError("here", "what").exit_code is Exit.BUG


def _kinds(kind: type[WpdeployError]) -> dict[str, Exit]:
    found = {} if kind.__name__.startswith("_") else {kind.__name__: kind.exit_code}
    for child in kind.__subclasses__():
        # The build's own is none of the bastion's.
        found |= _kinds(child) if child.__module__.startswith("wpdeploy.") else {}
    return found


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    told = re.findall(r"\+-- (\w+)", errors.__doc__ or "")
    known = _kinds(WpdeployError)
    elsewhere = (api_status.ApiError, ssm.Denied, answer.Late, answer.BrokenOff, streams.NoSuchApi)
    assert {kind.__name__ for kind in elsewhere} <= known.keys()
    assert sorted(told) == sorted(known.keys() - {"WpdeployError"})


@pytest.mark.parametrize(("name", "code"), re.findall(r"\+-- (\w+) +(\d+) ", errors.__doc__ or ""))
def test_the_codes_in_the_docstring_are_those_of_the_classes(name: str, code: str) -> None:
    assert _kinds(WpdeployError)[name] == int(code)


def test_every_exit_code_is_the_one_that_the_documentation_promises() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "SUCCESS": 0,
        "BUG": 1,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "PARAMETERS": 4,
        "MANIFEST": 5,
        "CLUSTER": 6,
        "ROLLOUT_FAILED": 7,
        "TIMED_OUT": 8,
        "LOCKED": 9,
        "SMOKE_FAILED": 10,
        "CHANGES": 11,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }
