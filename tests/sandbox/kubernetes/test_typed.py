from sandbox.kubernetes import typed
from sandbox.kubernetes.fieldsets import from_fields, to_fields, written
from sandbox.kubernetes.schema import parse

POD = parse("core.PodSpec")
ONE = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}], "args": ["x"]}]}


def test_lists_with_keys_are_owned_by_the_item_and_others_as_a_whole() -> None:
    assert to_fields(typed.field_set(POD, ONE)) == {
        "f:containers": {
            'k:{"name":"a"}': {
                ".": {},
                "f:name": {},
                "f:args": {},
                "f:env": {'k:{"name":"X"}': {".": {}, "f:name": {}, "f:value": {}}},
            }
        }
    }


def test_fields_survive_being_written_and_read() -> None:
    fields = typed.field_set(POD, ONE)
    assert from_fields(to_fields(fields)) == fields


def test_a_selector_is_one_value() -> None:
    selector = {"selector": {"matchLabels": {"app": "a"}}}
    assert to_fields(typed.field_set(parse("apps.DeploymentSpec"), selector)) == {"f:selector": {}}


def test_a_path_reads_as_messages_have_it() -> None:
    path = ("f:spec", 'k:{"containerPort":80,"protocol":"TCP"}', "f:name", 'v:"x"')
    assert written(path) == '.spec[containerPort=80,protocol="TCP"].name[="x"]'


def test_comparison_tells_added_removed_and_modified() -> None:
    other = {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}], "args": ["y"]}]}
    found = typed.compare(POD, ONE, other)
    assert {written(path) for path in found.modified} == {'.containers[name="a"].args'}
    assert '.containers[name="a"].env[name="Y"]' in {written(path) for path in found.added}
    assert '.containers[name="a"].env[name="X"].value' in {written(path) for path in found.removed}
    assert typed.compare(POD, ONE, ONE).same


def test_merging_keeps_what_the_other_does_not_say() -> None:
    change = {"containers": [{"name": "b"}, {"name": "a", "image": "i"}]}
    merged = typed.merge(POD, ONE, change)
    assert [each["name"] for each in merged["containers"]] == ["a", "b"]
    assert merged["containers"][0]["env"] == [{"name": "X", "value": "1"}]
    assert merged["containers"][0]["image"] == "i"


def test_removing_an_item_leaves_its_neighbours() -> None:
    two = typed.merge(POD, ONE, {"containers": [{"name": "a", "env": [{"name": "Y"}]}]})
    fields = frozenset({("f:containers", 'k:{"name":"a"}', "f:env", 'k:{"name":"X"}')})
    found = typed.remove(POD, two, fields)
    assert found["containers"][0]["env"] == [{"name": "Y"}]


def test_problems_are_told_in_the_words_of_the_server() -> None:
    wrong = {"containers": [{"name": "a", "args": "x", "stdin": "yes", "image": 5}], "nope": 1}
    assert typed.problems(POD, wrong) == [
        '.containers[name="a"].args: expected list, got &{x}',
        '.containers[name="a"].stdin: expected boolean, got &{yes}',
        '.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:5}',
        ".nope: field not declared in schema",
    ]


def test_an_item_twice_is_a_problem() -> None:
    twice = {"containers": [{"name": "a"}, {"name": "a"}]}
    assert typed.problems(POD, twice) == ['.containers: duplicate entries for key [name="a"]']
