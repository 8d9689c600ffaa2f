"""Quotas: whether a namespace's ResourceQuotas leave room for the pods that a deployment adds.

A quota that has none lets the ReplicaSet, or the Job, make no pod.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from wpdeploy import checks, preflight
from wpdeploy.kinds import Manifest, title
from wpdeploy.preflight import Finding

# What a quota calls a pod's resources: the section and the key in the container.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    **{
        f"{section}.{key}": (section, key)
        for section in ("requests", "limits")
        for key in ("cpu", "memory")
    },
}
_PODS = {"pods", "count/pods"}
_CHECK = "quota"
_HINT = "raise the quota, or lower the replicas or their resources in the environment file"
_UNSAID = "set it in wordpress.resources, unless a LimitRange gives a default"


@dataclass(frozen=True)
class Demand:
    """How many pods `who` adds: at least, to go on at all, and at most; and what one needs.

    `pod` has its resources by a quota's names for them; None: the template does not say.
    """

    least: int
    most: int
    pod: Mapping[str, Fraction | None]
    who: str = "the rollout"


@dataclass(frozen=True)
class _Room:
    """How many pods fit, by which quota's resource; None: it counts what the pods do not say."""

    pods: int | None
    told: str


def demand(manifests: Sequence[Manifest], live: Manifest | None, *, rolls: bool) -> Demand:
    """The demand of the Deployment among the manifests; `rolls`: its pods are replaced."""
    spec = next(each["spec"] for each in manifests if each["kind"] == "Deployment")
    wanted = _replicas(spec, manifests, live)
    running = int(live["status"].get("replicas", 0)) if live else 0
    surge, unavailable = _strategy(spec, wanted)
    rolling = min(surge, running) if rolls else 0
    stuck = 1 if rolling and not unavailable else 0
    return Demand(
        least=max(0, wanted + stuck - running),
        most=max(0, wanted + rolling - running),
        pod=dict(_needs(spec["template"]["spec"])),
    )


def of_job(job: Manifest) -> Demand:
    """The demand of a Job, whose pods have gone before the rollout begins."""
    spec = job["spec"]
    most = min(spec.get("parallelism", 1), spec.get("completions", 1))
    return Demand(min(most, 1), most, dict(_needs(spec["template"]["spec"])), title(job))


def judged(quotas: Sequence[Manifest], demand: Demand) -> Finding:
    """Whether the pods that come have room."""
    rooms = [room for quota in quotas for room in _rooms(quota, demand)]
    if not rooms:
        return preflight.ok(_CHECK, "no ResourceQuota limits the pods")
    unsaid = [room.told for room in rooms if room.pods is None]
    tightest = min(rooms, key=lambda room: demand.most if room.pods is None else room.pods)
    fit = demand.most if tightest.pods is None else tightest.pods
    sentence = f"{tightest.told}: room for {_more(fit)}, but {demand.who} needs"
    if fit < demand.least:
        return preflight.failed(_CHECK, f"{sentence} {demand.least}", _HINT)
    if unsaid:
        return preflight.warning(_CHECK, "; ".join(unsaid), _UNSAID)
    if fit < demand.most:
        return preflight.warning(_CHECK, f"{sentence} up to {demand.most}: it takes longer", _HINT)
    return preflight.ok(_CHECK, f"room for {_more(demand.most)}: {demand.who} needs no other")


def _more(pods: int) -> str:
    return f"{pods} more pod{'' if pods == 1 else 's'}"


def _replicas(spec: Manifest, manifests: Sequence[Manifest], live: Manifest | None) -> int:
    """The replicas; where an autoscaler has them, those that run or that it begins with."""
    if "replicas" in spec:
        return int(spec["replicas"])
    if live:
        return int(live["spec"].get("replicas", 1))
    scaler = next((each for each in manifests if each["kind"] == "HorizontalPodAutoscaler"), None)
    return int(scaler["spec"].get("minReplicas", 1)) if scaler else 1


def _strategy(spec: Manifest, replicas: int) -> tuple[int, int]:
    """How many pods may come before others go, and how many may be away."""
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), replicas, ceil)
    return surge, _share(rolling.get("maxUnavailable", "25%"), replicas, floor)


def _share(value: int | str, replicas: int, rounded: Any) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return int(rounded(Fraction(int(value[:-1]) * replicas, 100)))
    return int(value)


def _needs(pod: Manifest) -> Iterator[tuple[str, Fraction | None]]:
    for name, (section, key) in _COUNTED.items():
        running = [_amount(each, section, key) for each in pod["containers"]]
        starting = [_amount(each, section, key) for each in pod.get("initContainers") or ()]
        if None in running:
            yield name, None
        else:
            yield name, max([sum(filter(None, running), Fraction(0)), *filter(None, starting)])


def _amount(container: Manifest, section: str, key: str) -> Fraction | None:
    resources = container.get("resources") or {}
    # A request that is not given is the limit (the API server's default).
    found = (resources.get(part) or {} for part in (section, "limits"))
    value = next((part[key] for part in found if key in part), None)
    return None if value is None else checks.amount(str(value))


def _rooms(quota: Manifest, demand: Demand) -> Iterator[_Room]:
    status, spec = quota.get("status") or {}, quota.get("spec") or {}
    if spec.get("scopes") or spec.get("scopeSelector") or not demand.most:
        return  # which pods it counts is the API server's to say
    used = status.get("used") or {}
    for name, hard in (spec.get("hard") or {}).items():
        need = Fraction(1) if name in _PODS else demand.pod.get(name)
        told = f"ResourceQuota {quota['metadata']['name']}"
        if name not in _PODS and name not in _COUNTED:
            continue
        if need is None:
            yield _Room(None, f"{told} counts {name}, of which the pods say nothing")
        elif need:
            free = checks.amount(hard) - checks.amount(used.get(name, "0"))
            told = f"{told} has {used.get(name, 0)} of {hard} {name} in use"
            yield _Room(max(0, floor(free / need)), told)
