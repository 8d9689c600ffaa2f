"""What a deployment would change, object by object, and what of it is not for everybody's eyes."""

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.unit.fake_cluster import deployment, live
from tests.unit.past_deployments import password
from wpdeploy import diff, fields
from wpdeploy.apply import Preview
from wpdeploy.diff import HIDDEN, ORDER, PARTIAL, RUN_AGAIN, Change, Configuration, Difference
from wpdeploy.kinds import Manifest

SENTINEL = "s3ntinel/&+ p%w=?"
FORMS = (
    SENTINEL,
    base64.b64encode(SENTINEL.encode()).decode(),
    quote(SENTINEL),
    quote(SENTINEL, safe=""),
    quote_plus(SENTINEL),
    json.dumps(SENTINEL)[1:-1],
)


def pod(*variables: Manifest, image: str = "v1") -> Manifest:
    """A Deployment of one container."""
    return deployment(template={"spec": {"containers": [container(*variables, image=image)]}})


def container(*variables: Manifest, image: str = "v1") -> Manifest:
    return {"name": "web", "image": image, "env": list(variables)}


def reference(variable: str, name: str) -> Manifest:
    source = {"secretKeyRef": {"name": name, "key": variable}}
    return {"name": variable, "valueFrom": source}


def compared(before: Manifest | None, after: Manifest, *, is_whole: bool = True) -> Difference:
    return diff.of_preview(Preview(before, after, is_whole))


def text(difference: Difference) -> list[str]:
    return [line.text for line in diff.lines(difference)]


# Objects


def test_an_object_that_stays_as_it_is_is_unchanged() -> None:
    before, after = live(pod()), live(pod())
    after["metadata"] |= {"resourceVersion": "99", "generation": 12, "managedFields": [{}]}
    assert compared(before, after) == Difference("Deployment w", "unchanged")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], Difference("Job j", "unchanged")),
        ([{"type": "Complete", "status": "True"}], Difference("Job j", "unchanged")),
        (
            [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
            Difference("Job j", "changed", note=RUN_AGAIN),
        ),
    ],
)
def test_a_job_that_failed_would_run_again(
    conditions: list[Manifest], expected: Difference
) -> None:
    job = {"kind": "Job", "metadata": {"name": "j", "uid": "u"}, "spec": {}}
    assert compared({**job, "status": {"conditions": conditions}}, job) == expected


def test_each_field_that_changes_is_named_with_both_values() -> None:
    before = live(deployment(replicas=3, paused=True))
    after = live(deployment(replicas=5, minReadySeconds=1))
    found = compared(before, after)
    assert found == Difference(
        "Deployment w",
        "changed",
        (
            Change("spec.minReadySeconds", None, "1"),
            Change("spec.paused", "true", None),
            Change("spec.replicas", "3", "5"),
        ),
    )
    assert text(found) == [
        "~ Deployment w: changed",
        "    + spec.minReadySeconds: 1",
        "    - spec.paused: true",
        "    - spec.replicas: 3",
        "    + spec.replicas: 5",
    ]


def test_true_and_one_differ() -> None:
    found = compared(live(deployment(paused=True)), live(deployment(paused=1)))
    assert found.changes == (Change("spec.paused", "true", "1"),)


def test_an_object_that_is_new_is_listed_whole() -> None:
    found = compared(None, deployment(replicas=3), is_whole=False)
    assert found == Difference("Deployment w", "created", (Change("spec.replicas", None, "3"),))
    assert text(found)[0] == "+ Deployment w: created"


def test_an_object_that_is_pruned_is_named() -> None:
    assert text(diff.deleted(deployment())) == ["- Deployment w: deleted"]


def test_an_order_that_changes_is_no_no_change() -> None:
    one, other = reference("A", "site-1"), reference("B", "site-1")
    found = compared(live(pod(one, other)), live(pod(other, one)))
    assert found == Difference("Deployment w", "changed", (), ORDER)
    assert text(found) == ["~ Deployment w: changed", f"    ({ORDER})"]


def test_variables_that_move_to_another_secret_together_are_one_change() -> None:
    before = live(pod(reference("A", "site-1"), reference("B", "site-1")))
    after = live(pod(reference("A", "site-2"), reference("B", "site-2")))
    path = "spec.template.spec.containers[web].env[*].valueFrom.*.name"
    assert compared(before, after).changes == (Change(path, '"site-1"', '"site-2"'),)


def test_the_configuration_is_what_the_containers_refer_to() -> None:
    assert diff.configuration_name(pod(reference("A", "site-1a2b")), "site") == "site-1a2b"
    assert diff.configuration_name(pod(reference("A", "other")), "site") == ""
    assert diff.configuration_name(pod({"name": "A", "value": "site-1a2b"}), "site") == ""


# What `kubectl apply` owned


def test_of_what_is_handed_over_only_what_somebody_named_is_compared() -> None:
    applied = deployment(replicas=3, paused=True)
    before = live(deployment(replicas=3, paused=True, progressDeadlineSeconds=600))
    before["metadata"]["annotations"] = {fields.LAST_APPLIED: json.dumps(applied)}
    found = compared(before, deployment(replicas=5), is_whole=False)
    assert found == Difference(
        "Deployment w",
        "changed",
        (Change("spec.paused", "true", None), Change("spec.replicas", "3", "5")),
        PARTIAL,
    )


# What is secret


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_plain_value_of_a_container_is_compared_and_never_shown(*, is_whole: bool) -> None:
    before = live(pod({"name": "PASSWORD", "value": SENTINEL}))
    before["metadata"]["annotations"] = {fields.LAST_APPLIED: json.dumps(before)}
    for after in (pod(), pod({"name": "PASSWORD", "value": SENTINEL[::-1]})):
        found = compared(before, live(after), is_whole=is_whole)
        (change,) = (item for item in found.changes if "PASSWORD" in item.path)
        assert change.path.endswith("env[PASSWORD].value")
        assert change.before == HIDDEN
        shown = repr(found) + "\n".join(text(found))
        assert not [form for form in (*FORMS, SENTINEL[::-1]) if form in shown]


def test_a_plain_value_that_stays_is_no_change() -> None:
    before = live(pod({"name": "PASSWORD", "value": SENTINEL}))
    assert compared(before, before).action == "unchanged"


def test_a_plain_value_in_an_odd_list_is_not_shown_either() -> None:
    twice = {"name": "A", "value": SENTINEL}
    found = compared(live(pod()), live(pod(twice, twice)))
    assert SENTINEL not in repr(found)
    assert [change.after for change in found.changes if change.path.endswith(".value")] == [
        HIDDEN,
        HIDDEN,
    ]


# The Secret and the ConfigMap


def configuration(name: str, version: int = 1, **plain: str) -> Configuration:
    return Configuration(name, {"password": diff.source(password(version))}, plain)


def test_the_same_configuration_is_unchanged() -> None:
    found = diff.of_configuration(configuration("site-1"), configuration("site-1"))
    assert found == Difference("Secret and ConfigMap site-1", "unchanged")


def test_another_configuration_tells_versions_and_plain_variables() -> None:
    before = configuration("site-1", 3, HOST="db1", OLD="x")
    after = configuration("site-2", 4, HOST="db2", NEW="1:30")
    assert text(diff.of_configuration(before, after)) == [
        "~ Secret and ConfigMap site-2: changed",
        "    (in the place of site-1)",
        "    - password: version 3 of /blog/password (2026-11-20T10:00:00.000+00:00)",
        "    + password: version 4 of /blog/password (2026-11-20T10:00:00.000+00:00)",
        '    - HOST: "db1"',
        '    + HOST: "db2"',
        '    + NEW: "1:30"',
        '    - OLD: "x"',
    ]


def test_the_first_configuration_is_created() -> None:
    found = diff.of_configuration(Configuration(), configuration("site-1", HOST="db1"))
    assert (found.title, found.action) == ("Secret and ConfigMap site-1", "created")
    assert [change.path for change in found.changes] == ["password", "HOST"]


def test_without_a_record_no_version_is_made_up() -> None:
    before = Configuration("site-1", plain={"HOST": "db1"})
    found = diff.of_configuration(before, configuration("site-2", HOST="db2"))
    assert found.changes == (Change("HOST", '"db1"', '"db2"'),)
    assert found.note.endswith("; no record tells which versions of the parameters are in that")


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_secret_on_one_side_is_shown_on_none(side: int) -> None:
    untold = frozenset({"PASSWORD"})
    sides: list[Any] = [configuration("site-1", PASSWORD=SENTINEL), configuration("site-2")]
    sides[side] = Configuration(sides[side].name, sides[side].sources, sides[side].plain, untold)
    assert SENTINEL not in repr(diff.of_configuration(*sides))


def test_the_summary_counts_what_becomes_of_objects() -> None:
    found = [Difference(str(number), "unchanged") for number in range(3)]
    assert diff.summary(found) == "3 unchanged"
    assert diff.summary([*found, diff.deleted(deployment())]) == "3 unchanged, 1 deleted"


def test_the_tenth_item_of_a_list_comes_after_the_second() -> None:
    rules = [{"verbs": [str(number)]} for number in range(11)]
    role = {"kind": "Role", "metadata": {"name": "r"}, "rules": rules}
    found = diff.of_preview(Preview(None, role, is_whole=False))
    assert [change.path for change in found.changes] == [f"rules[{n}].verbs" for n in range(11)]


def test_what_is_left_out_is_counted_and_says_why() -> None:
    found = Difference("IngressClass alb", "left out", note="why")
    assert [line.text for line in diff.lines(found)] == [
        "  IngressClass alb: left out",
        "    (why)",
    ]
    assert diff.summary([found]) == "1 left out"
