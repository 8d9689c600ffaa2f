import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wpdeploy import manifests
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import KINDS

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"
ODD_TEXTS = [
    *("", " ", " lead", "trail ", "\ttab", "line\nline", "line\r\nline", "x" * 5000),
    *("no", "~", "1:30", "010", "1e3", "null", "true", "-", "?", "=", "<<", "%", "@", "`", "|"),
    *("*a", "&a", "!a", "a: b", "a # b", "# a", "{a}", "[a]", "\n---\nkind: Secret\n", "it's", '"'),
    *("a\"b'c", "back\\slash", "\\u0041", "{{ name }}", "{% if %}", "{# #}", "$(HOST)", "$$"),
    *("a/b&c", "\0", "\x07", "\x7f", "\x85", "\xa0", "\xe9", "\u2028", "\ufffe", "\U0001f600"),
]


@dataclass(frozen=True)
class Size:
    width: int
    names: tuple[str, ...]


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    (tmp_path / "k8s" / "wordpress").mkdir(parents=True)
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def write(context: DeploymentContext, **templates: str) -> None:
    for name, text in templates.items():
        (context.bundle / "k8s" / "wordpress" / f"{name}.yaml.j2").write_text(text)


def data(context: DeploymentContext, line: str, **values: object) -> Any:
    """What `data` is in a ConfigMap whose template ends with `line`."""
    write(context, a=HEAD + line)
    [manifest] = manifests.render(context, values)
    return manifest["data"]


def titles(rendered: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{manifest['kind']} {manifest['metadata']['name']}" for manifest in rendered]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (-1, -1),
        (0.25, 0.25),
        (1e-7, 1e-7),
        (1e22, 1e22),
        (True, True),
        (None, None),
        ("5", "5"),
        ([1, ["a", None]], [1, ["a", None]]),
        ({"a": {"b c": [1]}, "": 2}, {"a": {"b c": [1]}, "": 2}),
        (Size(3, ("a", "b")), {"width": 3, "names": ["a", "b"]}),
        ([], []),
        ({}, {}),
    ],
)
def test_a_value_arrives_with_its_type(
    context: DeploymentContext, value: object, expected: object
) -> None:
    found = data(context, "data: {{ value }}", value=value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_arrives_as_it_is(context: DeploymentContext, text: str) -> None:
    line = "data: {alone: {{ value }}, listed: [{{ value }}], inside: {{ inside }}}"
    assert data(context, line, value=text, inside={text: [text]}) == {
        "alone": text,
        "listed": [text],
        "inside": {text: [text]},
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("data: {{ a }}", "A"),
        ("data: {{ a }}   ", "A"),
        ("data: {{ a }}  # a comment", "A"),
        ("data:\n  {{ a }}\n", "A"),
        ("data:\n- {{ a }}\n- k: {{ b }}\n", ["A", {"k": 2}]),
        ("data: [{{ a }}, {{ b }}]", ["A", 2]),
        ("data: {x: {{ a }}, y: {{ b }}}", {"x": "A", "y": 2}),
        ('data: {{ a ~ "-cron" }}', "A-cron"),
        ("data: {{ b | string }}", "2"),
        ("data: {{ a | lower }}", "a"),
        ("data: {{ 1 if a else 2 }}", 1),
        ("data:\n  {% for one in more %}\n  - {{ one }}\n  {% endfor %}", ["x", "y"]),
        ("{% if b > 2 %}\ndata: no\n{% else %}\ndata: yes\n{% endif %}", "yes"),
        ("{# {{ nothing }} #}\ndata: 010", "010"),
        ("data: '{% raw %}{{ a }}{% endraw %}'", "{{ a }}"),
        ("data: {{ a }}\r\n", "A"),
    ],
)
def test_a_value_may_stand_wherever_yaml_has_a_value(
    context: DeploymentContext, line: str, expected: object
) -> None:
    assert data(context, line, a="A", b=2, more=["x", "y"]) == expected


@pytest.mark.parametrize(
    "line",
    [
        "data: '{{ n }}'",
        'data: "{{ n }}"',
        "data: a-{{ n }}",
        "data: {{ n }}-a",
        "data: {{ n }}{{ n }}",
        "data: {{ n }} {{ n }}",
        "data: {{ n }}#a",
        "data: {{ n }}{% if n %}0{% endif %}",
        "data: {{ n }} {% if n %}0{% endif %}",
        "data: a - {{ n }}",
        "data: a, {{ n }}",
        "data: a\n  {{ n }}",
        "data: 'a\n  {{ n }}\n  b'",
        "data: |\n  {{ n }}",
        "data: |\n  k: {{ n }}",
        "data: >-\n  {{ n }}",
        "{{ n }}: a",
        "data:\n  ? {{ n }}\n  : a",
        "{% macro m() %}\na: {{ n }}\n{% endmacro %}\ndata: {{ m() }}",
    ],
)
def test_a_value_that_does_not_stand_alone_is_refused(
    context: DeploymentContext, line: str
) -> None:
    write(context, a=HEAD + line)
    with pytest.raises(ManifestError) as caught:
        manifests.render(context, {"n": 5})
    [problem] = caught.value.problems
    assert problem.startswith(("a.yaml.j2: line ", "a.yaml.j2: rendered line "))
    assert problem.endswith('unquoted and unjoined; join inside of it: {{ name ~ "-cron" }}')


def test_the_objects_come_in_the_order_of_applying(context: DeploymentContext) -> None:
    kinds = [kind for kind in KINDS if kind != "Secret"]
    for kind in kinds:
        for name in ("b", "a"):
            version = KINDS[kind].api_versions[-1]
            text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}"
            write(context, **{f"{name}-{kind}": text})
    expected = [f"{kind} {name}" for kind in kinds for name in ("a", "b")]
    found = titles(manifests.render(context, {}))
    assert [re.sub("^(Job .)-[0-9a-f]{10}$", r"\1", name) for name in found] == expected


JOB = (
    "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\nspec: {{backoffLimit: {limit}}}\n"
)


def job_name(context: DeploymentContext, name: str = "site-upgrade", limit: int = 0) -> str:
    """The name of a Job that a template makes."""
    write(context, a=JOB.format(name=name, limit=limit))
    [manifest] = manifests.render(context, {})
    found: str = manifest["metadata"]["name"]
    return found


def test_a_job_s_name_ends_in_a_hash_so_that_another_content_is_another_job(
    context: DeploymentContext,
) -> None:
    first = job_name(context)
    assert re.fullmatch("site-upgrade-[0-9a-f]{10}", first)
    assert job_name(context) == first
    assert job_name(context, limit=1) != first


@pytest.mark.parametrize("name", ["n" * 100, "n" * 51 + "--" + "m" * 9])
def test_a_job_s_name_is_cut_to_what_a_label_can_hold(
    context: DeploymentContext, name: str
) -> None:
    found = job_name(context, name)
    assert len(found) <= 63
    assert re.fullmatch("n+-[0-9a-f]{10}", found)
    assert job_name(context, name + "x") != found


def test_two_jobs_of_one_name_are_one_too_many(context: DeploymentContext) -> None:
    write(context, a=JOB.format(name="j", limit=0), b=JOB.format(name="j", limit=1))
    with pytest.raises(ManifestError, match=r"Job j is already in a\.yaml\.j2"):
        manifests.render(context, {})


def test_a_template_may_make_no_object(context: DeploymentContext) -> None:
    write(context, a=HEAD, b="{% if wanted %}\nkind: Service\n{% endif %}\n# nothing\n")
    assert titles(manifests.render(context, {"wanted": False})) == ["ConfigMap x"]


@pytest.mark.parametrize("name", ["README.md", "a.yaml.j2~", ".a.yaml.j2.swp", "a.json"])
def test_a_file_that_is_no_template_is_left_alone(context: DeploymentContext, name: str) -> None:
    write(context, a=HEAD)
    (context.bundle / "k8s" / "wordpress" / name).write_text("{{")
    assert titles(manifests.render(context, {})) == ["ConfigMap x"]


def test_an_object_gets_the_namespace_and_the_labels() -> None:
    one = {"kind": "Secret", "metadata": {"name": "a", "annotations": {"x": "y"}}, "data": {}}
    [stamped] = manifests.stamp([one], "n", {"team": "web"})
    assert stamped == {
        "kind": "Secret",
        "metadata": {
            "name": "a",
            "namespace": "n",
            "labels": {"team": "web"},
            "annotations": {"x": "y"},
        },
        "data": {},
    }
    assert one["metadata"] == {"name": "a", "annotations": {"x": "y"}}


@pytest.mark.parametrize(
    ("own", "labels"),
    [
        ({"labels": {"tier": "front"}}, {"tier": "front", "team": "web"}),
        ({"labels": None}, {"team": "web"}),
        ({"namespace": "n"}, {"team": "web"}),
        ({"namespace": None}, {"team": "web"}),
    ],
)
def test_an_object_may_have_labels_and_the_right_namespace_already(
    own: dict[str, Any], labels: dict[str, str]
) -> None:
    [stamped] = manifests.stamp(
        [{"kind": "Secret", "metadata": {"name": "a", **own}}], "n", {"team": "web"}
    )
    assert stamped["metadata"] == {"name": "a", "namespace": "n", "labels": labels}


def test_a_label_of_a_template_does_not_win_over_wpdeploys() -> None:
    one = {"kind": "Secret", "metadata": {"name": "a", "labels": {"team": "mine"}}}
    [stamped] = manifests.stamp([one], "n", {"team": "web"})
    assert stamped["metadata"]["labels"] == {"team": "web"}


@pytest.mark.parametrize("namespace", ["other", "", 5, ["n"]])
def test_an_object_for_another_namespace_is_refused(namespace: object) -> None:
    one = {"kind": "Secret", "metadata": {"name": "a", "namespace": namespace}}
    with pytest.raises(ManifestError) as caught:
        manifests.stamp([one], "n", {})
    assert str(caught.value) == (
        f'Secret a: metadata.namespace is "{namespace}", but the environment\'s namespace is "n"'
        " (leave it out: wpdeploy fills it in)"
    )
