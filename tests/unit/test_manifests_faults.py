"""Templates that cannot be rendered, or that make what is no object."""

from pathlib import Path

import pytest

from wpdeploy import manifests
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import KINDS

TEMPLATED = [kind for kind in KINDS if kind != "Secret"]
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"
VALUES = {"text": "a", "number": 1, "mapping": {"k": 1}, "items": [1], "nan": float("nan")}
A_NAME = "metadata.name is {}, which is no name of an object"


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    (tmp_path / "k8s" / "wordpress").mkdir(parents=True)
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def problems(context: DeploymentContext, **templates: str | bytes) -> tuple[str, ...]:
    for name, text in templates.items():
        content = text if isinstance(text, bytes) else text.encode()
        (context.bundle / "k8s" / "wordpress" / f"{name}.yaml.j2").write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        manifests.render(context, VALUES)
    assert caught.value.where == "k8s/wordpress"
    return caught.value.problems


def test_a_bundle_without_a_template_is_refused(context: DeploymentContext) -> None:
    assert problems(context) == ("there is no template (*.yaml.j2)",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("data: {{ txet }}", "line 5: 'txet' is undefined"),
        ("\n\ndata: {{ mapping.x.y }}", "line 7: 'dict object' has no attribute 'x'"),
        ("data: {{ text.nope }}", "line 5: 'str object' has no attribute 'nope'"),
        ("{% if txet %}{% endif %}", "line 5: 'txet' is undefined"),
        ("data: {{ text | nope }}", "line 5: No filter named 'nope'."),
        ("data: {{ text", "line 5: unexpected end of template, expected 'end of print statement'."),
        ("data: {{ }}", "line 5: Expected an expression, got 'end of print statement'"),
        ("data: {# x", "line 5: Missing end of comment tag"),
    ],
)
def test_a_template_that_jinja_refuses_is_told_with_its_line(
    context: DeploymentContext, line: str, problem: str
) -> None:
    assert problems(context, a=HEAD + line) == (f"a.yaml.j2: {problem}",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("data: {{ text + 1 }}", 'can only concatenate str (not "int") to str'),
        ("data: {{ number // 0 }}", "integer division or modulo by zero"),
        ("data: {{ '%(x)s' | format(y=1) }}", "'x'"),
        ("{% for x in number %}{% endfor %}", "'int' object is not iterable"),
        ("{% include 'x' %}", "no loader for this environment specified"),
        ("data: {{ nan }}", "Out of range float values are not JSON compliant"),
    ],
)
def test_a_template_that_fails_while_it_is_rendered_is_told_with_its_line(
    context: DeploymentContext, line: str, problem: str
) -> None:
    [found] = problems(context, a=HEAD + line)
    assert found.startswith("a.yaml.j2: line 5: ")
    assert problem in found


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("data: {{ items | map('string') }}", "generator"),
        ("data: {{ text.upper }}", "builtin_function_or_method"),
        ("data: {{ [dict] }}", "type"),
    ],
)
def test_what_is_no_value_is_told_by_what_it_is(
    context: DeploymentContext, line: str, kind: str
) -> None:
    [found] = problems(context, a=HEAD + line)
    assert found.startswith("a.yaml.j2: line 5: ")
    assert f"a {kind} " in found


def test_half_a_character_is_no_text(context: DeploymentContext) -> None:
    [found] = problems(context, a=HEAD + "data: {{ '\\ud83d' }}")
    assert "line 5" in found


@pytest.mark.parametrize(
    ("line", "shown", "problem"),
    [
        ("data: a: b", "5, `data: a: b`", "mapping values are not allowed in this context"),
        (
            "data: {{ mapping }}: {{ text }}",
            '5, `data: {"k": 1}: "a"`',
            "mapping values are not allowed in this context",
        ),
        ("kind: Secret", "5, `kind: Secret`", 'the key "kind" is here already in line 2'),
        ("a: !b c", "5, `a: !b c`", "the tag !b is not supported"),
        ("---\na: b", "6, `a: b`", "a second document starts here; one file holds one"),
        (
            "  {% if 1 %}\n  1: x\n  {% endif %}",
            "5, `1: x`",
            "a key must be a string: put it in quotes",
        ),
        ("data: [", "6, ``", "did not find expected node content"),
        ("a: \u2028\u2028 b\nc: [", "9, ``", "did not find expected node content"),
    ],
)
def test_a_text_that_yaml_refuses_is_shown_where_it_was_refused(
    context: DeploymentContext, line: str, shown: str, problem: str
) -> None:
    assert problems(context, a=HEAD + line) == (f"a.yaml.j2: rendered line {shown}: {problem}",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a]", "is not an object with apiVersion, kind and metadata"),
        ("just text", "is not an object with apiVersion, kind and metadata"),
        ("a: b", f"kind is None, but must be one of {', '.join(TEMPLATED)}"),
        ("kind: Namespace", f"kind is 'Namespace', but must be one of {', '.join(TEMPLATED)}"),
        ("kind: [Service]", f"kind is ['Service'], but must be one of {', '.join(TEMPLATED)}"),
        ("kind: Service", "apiVersion of a Service is None, not v1"),
        ("kind: Service\napiVersion: {a: b}", "apiVersion of a Service is {'a': 'b'}, not v1"),
        (
            "kind: Ingress\napiVersion: v1",
            "apiVersion of a Ingress is 'v1', not networking.k8s.io/v1",
        ),
        (
            "kind: HorizontalPodAutoscaler\napiVersion: v1",
            "apiVersion of a HorizontalPodAutoscaler is 'v1', not autoscaling/v1 or autoscaling/v2",
        ),
        ("kind: Service\napiVersion: v1", A_NAME.format(None)),
        ("kind: Service\napiVersion: v1\nmetadata: [a]", A_NAME.format(None)),
        ("kind: Service\napiVersion: v1\nmetadata: {name: 5}", A_NAME.format(5)),
        ("kind: Service\napiVersion: v1\nmetadata: {name: A_b}", A_NAME.format("'A_b'")),
        ("kind: Service\napiVersion: v1\nmetadata: {name: ../x}", A_NAME.format("'../x'")),
        ('kind: Service\napiVersion: v1\nmetadata: {name: "x\\n"}', A_NAME.format("'x\\n'")),
    ],
)
def test_what_is_no_object_of_a_known_kind_is_refused(
    context: DeploymentContext, text: str, problem: str
) -> None:
    assert problems(context, a=text) == (f"a.yaml.j2: {problem}",)


def test_a_template_makes_no_secret(context: DeploymentContext) -> None:
    [found] = problems(context, a=HEAD.replace("ConfigMap", "Secret"))
    assert found == (
        "a.yaml.j2: a template makes no Secret: what is rendered is written to disk; "
        "name the value in k8s/parameters.yaml"
    )


@pytest.mark.parametrize("labels", ["[a]", "a", "5"])
def test_labels_of_the_wrong_kind_are_refused(context: DeploymentContext, labels: str) -> None:
    [found] = problems(context, a=f"{HEAD}  labels: {labels}")
    assert found.startswith("a.yaml.j2: metadata.labels is ")


def test_a_template_that_is_no_text_is_refused(context: DeploymentContext) -> None:
    assert problems(context, a=b"\x89PNG") == ("a.yaml.j2: is not UTF-8 text (byte 0)",)


def test_a_manifest_that_is_no_template_is_refused_and_not_overlooked(
    context: DeploymentContext,
) -> None:
    for name in ("service.yml", "secret.yaml", "notes.txt"):
        (context.bundle / "k8s" / "wordpress" / name).write_text(HEAD)
    assert problems(context, a="kind: Pod") == (
        "secret.yaml: is no template: its name must end in .yaml.j2",
        "service.yml: is no template: its name must end in .yaml.j2",
        f"a.yaml.j2: kind is 'Pod', but must be one of {', '.join(TEMPLATED)}",
    )


def test_a_template_that_cannot_be_read_is_refused(context: DeploymentContext) -> None:
    (context.bundle / "k8s" / "wordpress" / "a.yaml.j2").mkdir()
    assert problems(context) == ("a.yaml.j2: cannot be read: Is a directory",)


def test_an_object_that_two_templates_make_is_refused(context: DeploymentContext) -> None:
    assert problems(context, a=HEAD, b=HEAD, c=HEAD) == (
        "b.yaml.j2: ConfigMap x is already in a.yaml.j2",
        "c.yaml.j2: ConfigMap x is already in a.yaml.j2",
    )


def test_one_name_for_two_kinds_is_no_duplicate(context: DeploymentContext) -> None:
    for name, text in (("a", HEAD), ("b", HEAD.replace("ConfigMap", "Service"))):
        (context.bundle / "k8s" / "wordpress" / f"{name}.yaml.j2").write_text(text)
    assert len(manifests.render(context, {})) == 2


def test_the_faults_of_all_templates_are_told_at_once(context: DeploymentContext) -> None:
    assert problems(context, a="{{", b=HEAD, c="kind: Pod", d=HEAD) == (
        "a.yaml.j2: line 1: unexpected 'end of template'",
        f"c.yaml.j2: kind is 'Pod', but must be one of {', '.join(TEMPLATED)}",
        "d.yaml.j2: ConfigMap x is already in b.yaml.j2",
    )
