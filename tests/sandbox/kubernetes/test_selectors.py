import pytest

from sandbox.kubernetes.label_selectors import SelectorError, label_matcher
from sandbox.kubernetes.selectors import field_matcher, selector_matcher

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
    assert field_matcher("metadata.name=a,spec.nodeName=", "Pod", known)(pod)
    assert not field_matcher("metadata.name!=a", "Pod", known)(pod)
    with pytest.raises(SelectorError, match=r"field label not supported: spec\.x"):
        field_matcher("spec.x=1", "Pod", known)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app web", "unable to parse requirement: found 'web', expected: '=', '!=', "),
        ("app=web=x", "found '=', expected: ',' or 'end of string'"),
        ("app=web,", "found '', expected: identifier after ','"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("n>x", "for 'Gt', 'Lt' operators, the value must be an integer"),
        ("-a=x", 'invalid label key "-a": name part must consist of'),
        ("a/b/c=d", 'invalid label key "a/b/c": a qualified name must consist of'),
        ("app=-x", 'invalid label value: "-x": at key: "app": a valid label must be'),
    ],
)
def test_what_cannot_be_read_is_told_in_the_words_of_the_api_server(text: str, told: str) -> None:
    with pytest.raises(SelectorError) as caught:
        label_matcher(text)
    assert told in str(caught.value)
