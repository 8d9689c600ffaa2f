import pytest

from sandbox.kubernetes.codec import DecodeError, normalized
from sandbox.kubernetes.schema import parse

CONTAINER = parse("core.Container")


def test_what_is_empty_goes_and_what_is_always_there_comes() -> None:
    found = normalized(CONTAINER, {"name": "a", "args": [], "image": "", "stdin": False})
    assert found == {"name": "a", "resources": {}}


def test_absent_differs_from_empty_where_the_type_says_so() -> None:
    spec = normalized(parse("core.PodSpec"), {"automountServiceAccountToken": False})
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"] is None


def test_the_template_has_a_time_that_is_not_there() -> None:
    template = normalized(parse("core.PodTemplateSpec"), {})
    assert template["metadata"] == {"creationTimestamp": None}


def test_unknown_fields_are_dropped() -> None:
    assert "nmae" not in normalized(CONTAINER, {"name": "a", "nmae": "b"})


def test_quantities_and_times_have_one_form() -> None:
    limits = {"resources": {"limits": {"cpu": "0.5"}}, "name": "a"}
    assert normalized(CONTAINER, limits)["resources"]["limits"] == {"cpu": "500m"}
    lease = {"renewTime": "2026-11-01T13:00:00.500000+01:00"}
    found = normalized(parse("coordination.LeaseSpec"), lease)
    assert found["renewTime"] == "2026-11-01T12:00:00.500000Z"


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"name": 5}, ".name"),
        ({"name": "a", "args": "x"}, ".args"),
        ({"name": "a", "stdin": "yes"}, ".stdin"),
        ({"name": "a", "ports": [{"containerPort": "http"}]}, ".ports[0].containerPort"),
        ({"name": "a", "resources": {"limits": {"cpu": "x"}}}, ".resources.limits.cpu"),
    ],
)
def test_a_wrong_type_is_told_with_its_place(value: object, where: str) -> None:
    with pytest.raises(DecodeError) as caught:
        normalized(CONTAINER, value)
    assert caught.value.path == where
