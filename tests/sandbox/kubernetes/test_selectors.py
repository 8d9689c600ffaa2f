import pytest

from sandbox.kubernetes.selectors import (
    SelectorError,
    field_matcher,
    label_matcher,
    selector_matcher,
)

LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app!=web", False),
        ("other!=x", True),
        ("app in (db, web)", True),
        ("app notin (db,web)", False),
        ("other notin (x)", True),
        ("app", True),
        ("!app", False),
        ("!other,app in (web)", True),
    ],
)
def test_label_selectors(text: str, *, matches: bool) -> None:
    assert label_matcher(text)(LABELS) is matches


def test_a_selector_without_anything_matches_all_and_none_matches_nothing() -> None:
    assert selector_matcher({})(LABELS)
    assert not selector_matcher(None)(LABELS)
    expression = {"key": "app", "operator": "Exists"}
    assert selector_matcher({"matchExpressions": [expression]})(LABELS)


def test_field_selectors() -> None:
    known = frozenset({"metadata.name", "metadata.namespace", "spec.nodeName"})
    pod = {"metadata": {"name": "a"}, "spec": {}}
    assert field_matcher("metadata.name=a,spec.nodeName=", known)(pod)
    assert not field_matcher("metadata.name!=a", known)(pod)
    with pytest.raises(SelectorError, match=r"field label not supported: spec\.x"):
        field_matcher("spec.x=1", known)
