"""Whether ResourceQuotas have room for a rollout."""

from fractions import Fraction
from typing import Any

import pytest

from wpdeploy import checks, quotas
from wpdeploy.kinds import Manifest
from wpdeploy.preflight import Level
from wpdeploy.quotas import Demand

REQUESTS = {"requests": {"cpu": "500m", "memory": "256Mi"}}


def deployment(
    *containers: Manifest, replicas: int | None = 3, surge: Any = 1, away: Any = 0, **spec: Any
) -> Manifest:
    found: Manifest = {
        "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": away}},
        "template": {"spec": {"containers": list(containers) or [{"resources": REQUESTS}]}},
        **spec,
    }
    if replicas is not None:
        found["replicas"] = replicas
    return {"kind": "Deployment", "metadata": {"name": "site"}, "spec": found}


def running(pods: int, replicas: int = 3) -> Manifest:
    return {"spec": {"replicas": replicas}, "status": {"replicas": pods}}


def quota(hard: Manifest, used: Manifest | None = None, **spec: Any) -> Manifest:
    status = {} if used is None else {"status": {"hard": hard, "used": used}}
    return {"metadata": {"name": "small"}, "spec": {"hard": hard, **spec}, **status}


def pods(least: int, most: int) -> Demand:
    return Demand(least, most, {"cpu": Fraction(1, 2), "limits.cpu": None})


@pytest.mark.parametrize(
    ("manifest", "live", "rolls", "expected"),
    [
        pytest.param(deployment(), None, True, (3, 3), id="the first deployment"),
        pytest.param(deployment(), {"spec": {}, "status": {}}, True, (3, 3), id="none runs yet"),
        pytest.param(deployment(), running(3), True, (1, 1), id="a surge of one"),
        pytest.param(deployment(surge="50%"), running(3), True, (1, 2), id="rounded up"),
        pytest.param(deployment(surge=2, away=1), running(3), True, (0, 2), id="some may be away"),
        pytest.param(deployment(away="50%"), running(3), True, (0, 1), id="rounded down"),
        pytest.param(deployment(away="30%"), running(3), True, (1, 1), id="rounded to none"),
        pytest.param(deployment(), running(3), False, (0, 0), id="no pod is replaced"),
        pytest.param(deployment(replicas=5), running(3), True, (3, 3), id="more replicas"),
        pytest.param(deployment(replicas=5), running(3), False, (2, 2), id="more of the same"),
        pytest.param(deployment(replicas=1), running(3), True, (0, 0), id="fewer replicas"),
        pytest.param(deployment(), running(4), True, (0, 0), id="the surge of before is there"),
        pytest.param(
            deployment(strategy={"type": "Recreate"}), running(3), True, (0, 0), id="recreated"
        ),
        pytest.param(deployment(strategy={}), running(3), True, (1, 1), id="Kubernetes' defaults"),
        pytest.param(deployment(replicas=None), running(6, 6), True, (1, 1), id="as scaled"),
    ],
)
def test_how_many_pods_come(
    manifest: Manifest, live: Manifest | None, expected: tuple[int, int], *, rolls: bool
) -> None:
    found = quotas.demand([manifest], live, rolls=rolls)
    assert (found.least, found.most) == expected


def test_an_autoscaler_says_how_many_there_are_at_first() -> None:
    scaler = {"kind": "HorizontalPodAutoscaler", "spec": {"minReplicas": 2}}
    assert quotas.demand([deployment(replicas=None), scaler], None, rolls=True).least == 2


@pytest.mark.parametrize(
    ("pod", "name", "expected"),
    [
        ([{"resources": REQUESTS}], "requests.cpu", Fraction(1, 2)),
        ([{"resources": REQUESTS}], "cpu", Fraction(1, 2)),
        ([{"resources": REQUESTS}] * 2, "memory", Fraction(512 * 2**20)),
        ([{"resources": REQUESTS}], "limits.memory", None),
        ([{"resources": {"limits": {"cpu": "2"}}}], "requests.cpu", Fraction(2)),
        ([{"resources": REQUESTS}, {}], "cpu", None),
        ([{}], "limits.cpu", None),
    ],
)
def test_what_a_pod_needs(pod: list[Manifest], name: str, expected: Fraction | None) -> None:
    assert quotas.demand([deployment(*pod)], None, rolls=True).pod[name] == expected


def test_an_init_container_that_needs_more_decides() -> None:
    manifest = deployment()
    init = [{"resources": {"requests": {"cpu": "2"}}}]
    manifest["spec"]["template"]["spec"]["initContainers"] = init
    found = quotas.demand([manifest], None, rolls=True).pod
    assert (found["cpu"], found["memory"]) == (Fraction(2), Fraction(256 * 2**20))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, (1, 1)),
        ({"completions": 3}, (1, 1)),
        ({"parallelism": 2, "completions": 3}, (1, 2)),
        ({"parallelism": 3, "completions": 2}, (1, 2)),
        ({"parallelism": 0}, (0, 0)),
    ],
)
def test_how_many_pods_a_job_adds(spec: Manifest, expected: tuple[int, int]) -> None:
    template = {"spec": {"containers": [{"resources": REQUESTS}]}}
    job = {"kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template, **spec}}
    found = quotas.of_job(job)
    assert (found.least, found.most, found.who) == (*expected, "Job j")
    assert found.pod["cpu"] == Fraction(1, 2)


def test_a_job_without_room_is_named() -> None:
    demand = Demand(1, 1, {}, "Job j")
    finding = quotas.judged([quota({"pods": "3"}, {"pods": "3"})], demand)
    assert finding.sentence.endswith("room for 0 more pods, but Job j needs 1")


@pytest.mark.parametrize(
    ("found", "demand", "level", "sentence"),
    [
        pytest.param([], pods(1, 1), Level.OK, "no ResourceQuota limits the pods", id="none"),
        pytest.param(
            [quota({"services": "1"})],
            pods(1, 1),
            Level.OK,
            "no ResourceQuota limits the pods",
            id="of something else",
        ),
        pytest.param(
            [quota({"pods": "4"}, {"pods": "3"})],
            pods(1, 1),
            Level.OK,
            "room for 1 more pod: the rollout needs no other",
            id="just enough",
        ),
        pytest.param(
            [quota({"pods": "3"}, {"pods": "3"})],
            pods(1, 1),
            Level.FAILED,
            "ResourceQuota small has 3 of 3 pods in use: room for 0 more pods, but the rollout "
            "needs 1",
            id="no pod more",
        ),
        pytest.param(
            [
                quota({"count/pods": "10"}, {"count/pods": "1"}),
                quota({"cpu": "2"}, {"cpu": "1600m"}),
            ],
            pods(1, 2),
            Level.FAILED,
            "ResourceQuota small has 1600m of 2 cpu in use: room for 0 more pods, but the rollout "
            "needs 1",
            id="the tightest decides",
        ),
        pytest.param(
            [quota({"cpu": "2"}, {"cpu": "1500m"})],
            pods(1, 2),
            Level.WARNING,
            "ResourceQuota small has 1500m of 2 cpu in use: room for 1 more pod, but the rollout "
            "needs up to 2: it takes longer",
            id="room for one of two",
        ),
        pytest.param(
            [quota({"pods": "3"}, {"pods": "5"})],
            pods(0, 1),
            Level.WARNING,
            "ResourceQuota small has 5 of 3 pods in use: room for 0 more pods, but the rollout "
            "needs up to 1: it takes longer",
            id="more than allowed, and some may be away",
        ),
        pytest.param(
            [quota({"pods": "2"})],
            pods(3, 3),
            Level.FAILED,
            "ResourceQuota small has 0 of 2 pods in use: room for 2 more pods, but the rollout "
            "needs 3",
            id="not counted yet",
        ),
        pytest.param(
            [quota({"limits.cpu": "1"}, {"limits.cpu": "0"})],
            pods(1, 1),
            Level.WARNING,
            "ResourceQuota small counts limits.cpu, of which the pods say nothing",
            id="counts what they do not say",
        ),
        pytest.param(
            [quota({"limits.cpu": "1", "pods": "0"})],
            pods(1, 1),
            Level.FAILED,
            "ResourceQuota small has 0 of 0 pods in use: room for 0 more pods, but the rollout "
            "needs 1",
            id="the worse is told",
        ),
        pytest.param(
            [quota({"pods": "0"}, scopes=["Terminating"])],
            pods(1, 1),
            Level.OK,
            "no ResourceQuota limits the pods",
            id="with a scope",
        ),
        pytest.param(
            [quota({"pods": "0"})],
            pods(0, 0),
            Level.OK,
            "no ResourceQuota limits the pods",
            id="no pod comes",
        ),
    ],
)
def test_the_finding(found: list[Manifest], demand: Demand, level: Level, sentence: str) -> None:
    finding = quotas.judged(found, demand)
    assert (finding.check, finding.level, finding.sentence) == ("quota", level, sentence)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("3", 3),
        ("1500m", Fraction(3, 2)),
        ("1Gi", 2**30),
        ("1.5Ki", 1536),
        ("2k", 2000),
        ("12e6", 12 * 10**6),
        ("5E-1", Fraction(1, 2)),
        ("2E", 2 * 10**18),
        ("-1", -1),
    ],
)
def test_a_quantity_of_the_api_server_is_a_number(text: str, expected: Fraction) -> None:
    assert checks.amount(text) == expected


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1gi", "0x1"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="which is no quantity"):
        checks.amount(text)
