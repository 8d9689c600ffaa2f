"""Gathering the evidence of a rollout that failed, before anything of it is undone.

It changes no verdict and holds nobody up: each request is tried once, all of them together have
their time, and what could not be had says why in its place.
"""

import json
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wpdeploy import clues, evidence, evidence_text, pod_secrets, state
from wpdeploy.cli import Invocation
from wpdeploy.clues import PodRow, Run, Told, Used
from wpdeploy.errors import ConfigurationError
from wpdeploy.evidence import Evidence, Log, Part
from wpdeploy.kinds import Manifest, collection
from wpdeploy.kube import Cluster
from wpdeploy.observed import Snapshot
from wpdeploy.parts import required_time
from wpdeploy.quoting import Redactor
from wpdeploy.steps import inquiring
from wpdeploy.steps.inquiring import Answers, Inquiry, Question
from wpdeploy.target import Target
from wpdeploy.verdict import Culprit, Verdict

_SECONDS = 15.0
# Lines of a log: more than are shown, so that a value that began before them is known as one; and
# fewer, where so many are too long for an answer.
_TAILS = ("200", "10")
# How many there are of each at most, in an answer and in the evidence.
_EVENTS_ASKED, _PODS_ASKED = "500", "60"
_EVENTS, _PODS, _OTHERS, _CONTAINERS = 30, 20, 3, 3
_NO_PREVIOUS = "previous terminated container"
_FILES = ("evidence.txt", "evidence.json")


def gather(
    invocation: Invocation,
    cluster: Cluster,
    target: Target,
    verdict: Verdict,
    snapshot: Snapshot,
    *,
    writes: bool,
    about: str = "",
) -> Evidence:
    """What is known of a failure: written into the state directory, or else onto the console.

    `about` is what failed, where that is not the Deployment.
    """
    scene = _Scene(target, verdict, snapshot, about or f"Deployment {target.name}")
    try:
        found = _gathered(scene, Inquiry(cluster, invocation.clock, _SECONDS))
    except Exception as error:  # noqa: BLE001  # whatever happens here, the verdict stands
        found = _nothing(scene, f"none: a bug in wpdeploy, {_place(error)}")
    if writes:
        return _written(invocation, found)
    for line in evidence_text.lines(found):
        invocation.console.listed(line)
    return found


@dataclass(frozen=True)
class _Scene:
    """Where it failed, and what is known of it so far."""

    target: Target
    verdict: Verdict
    snapshot: Snapshot
    what: str

    @property
    def culprit(self) -> Culprit:
        """The pod that the verdict is about; one without a name where it is about none."""
        return self.verdict.culprit or Culprit("", "")

    @property
    def untold(self) -> Evidence:
        """What needs no request, as it was found."""
        about = f"{self.what} in the namespace {self.target.namespace}"
        return Evidence(about, self.verdict, self.snapshot)

    def path(self, api_version: str, plural: str) -> str:
        """Where the API server has such objects."""
        return collection(api_version, plural, self.target.namespace)


def _gathered(scene: _Scene, inquiry: Inquiry) -> Evidence:
    first = inquiry.ask(dict(_first(scene)))
    pod = next(iter(inquiring.items(first.get("pod", "")).items), None)
    names, unknown = _secrets(pod, first)
    containers = _containers(scene, pod)
    second = inquiry.ask(dict(_second(scene, pod, names, containers)))
    redactor = _redactor(scene, pod, second, names, unknown)
    found = replace(
        scene.untold,
        scheduler=clues.scheduler(pod) if pod else "",
        runs=_runs(pod, first),
        logs=tuple(_logs(containers, second)),
        events=_events(scene, second),
        quotas=_quotas(second),
        pods=_pods(scene, first),
    )
    return evidence.shown(found, redactor)


def _first(scene: _Scene) -> Iterator[tuple[str, Question]]:
    """Who is concerned, and what its containers know."""
    pods = scene.path("v1", "pods")
    if scene.culprit.pod:
        yield "pod", Question(pods, [{"fieldSelector": f"metadata.name={scene.culprit.pod}"}])
    yield "deployment", Question(f"{scene.path('apps/v1', 'deployments')}/{scene.target.name}")
    if scene.snapshot.workload:
        selector = scene.snapshot.workload.selector
        yield "pods", Question(pods, [{"labelSelector": selector, "limit": _PODS_ASKED}])


def _second(
    scene: _Scene, pod: Manifest | None, names: Sequence[str], containers: Sequence[str]
) -> Iterator[tuple[str, Question]]:
    """What happened, and what must not be told of it."""
    for name in names:
        yield f"secret {name}", Question(f"{scene.path('v1', 'secrets')}/{name}")
    log = f"{scene.path('v1', 'pods')}/{scene.culprit.pod}/log"
    for name in containers:
        tails = [{"container": name, "tailLines": tail} for tail in _TAILS]
        yield f"{clues.CURRENT} {name}", Question(log, tails)
        previous = [{**tail, "previous": "true"} for tail in tails]
        yield f"{clues.PREVIOUS} {name}", Question(log, previous)
    for uid in _concerned(scene, pod):
        query = {"fieldSelector": f"involvedObject.uid={uid}", "limit": _EVENTS_ASKED}
        yield f"events {uid}", Question(scene.path("v1", "events"), [query])
    if clues.tells_of_quota(scene.verdict, scene.snapshot):
        yield "quotas", Question(scene.path("v1", "resourcequotas"))


def _concerned(scene: _Scene, pod: Manifest | None) -> list[str]:
    """The UIDs of the objects whose Events are looked at."""
    workload, current = scene.snapshot.workload, clues.current(scene.snapshot)
    culprit = pod["metadata"]["uid"] if pod else scene.culprit.uid
    others = [other.uid for other in clues.unready(scene.snapshot) if other.uid != culprit]
    known = (workload.uid if workload else "", current.uid if current else "", culprit)
    return [uid for uid in (*known, *others[:_OTHERS]) if uid]


def _containers(scene: _Scene, pod: Manifest | None) -> list[str]:
    """The containers whose logs are looked at: the one at fault, or those that have begun."""
    if scene.culprit.container:
        return [scene.culprit.container]
    begun = [run.container for run in clues.runs(pod or {}) if run.state != "waiting"]
    return list(dict.fromkeys(begun))[:_CONTAINERS]


def _secrets(pod: Manifest | None, first: Answers) -> tuple[list[str], str]:
    """The names of the Secrets that those containers know, and why there may be more."""
    if pod:
        return pod_secrets.names(pod["spec"]), ""
    # A pod that is gone says nothing any more; there, and without one, the template tells.
    asked = inquiring.items(first["pod"]).missing if "pod" in first else ""
    found = inquiring.manifest(first["deployment"])
    if asked or isinstance(found, str):
        return [], "which Secrets its containers know cannot be read"
    return pod_secrets.names(found["spec"]["template"]["spec"]), ""


def _redactor(
    scene: _Scene, pod: Manifest | None, second: Answers, names: Sequence[str], unknown: str
) -> Redactor:
    """What takes out the values of those Secrets, and of what cannot be told from them."""
    values, why = list[str](), [unknown] if unknown else []
    for name in names:
        found = second[f"secret {name}"]
        secret = inquiring.manifest(found)
        if isinstance(secret, str):
            # Not the reason: of a Secret nothing is told.
            why.append(f"Secret {name} cannot be read ({inquiring.code(found) or 'no answer'})")
            continue
        values += pod_secrets.values(secret)
        if pod and pod_secrets.changed(secret) > required_time(
            pod["metadata"]["creationTimestamp"]
        ):
            why.append(f"Secret {name} has changed since the pod was made")
    return Redactor.of([*values, *(clues.own_words(scene.snapshot) if why else ())], "; ".join(why))


def _runs(pod: Manifest | None, first: Answers) -> Part[Run]:
    if pod or "pod" not in first:
        return Part(tuple(clues.runs(pod or {})))
    return Part(missing=inquiring.items(first["pod"]).missing or "the pod is gone")


def _logs(containers: Sequence[str], second: Answers) -> Iterator[Log]:
    for name in containers:
        for which in (clues.PREVIOUS, clues.CURRENT):
            text, missing = inquiring.text(second[f"{which} {name}"])
            if missing.startswith(_NO_PREVIOUS):
                missing = "there was none"
            yield Log(name, which, (text,) if text else (), missing)


def _events(scene: _Scene, second: Answers) -> Part[Told]:
    parts = [inquiring.items(found) for key, found in second.items() if key.startswith("events ")]
    told = [clues.told(raw) for part in parts for raw in part.items]
    kept = clues.since(told, scene.snapshot.since)
    older = f"{len(kept) - _EVENTS} older ones" if len(kept) > _EVENTS else ""
    return Part(tuple(kept[-_EVENTS:]), _reasons(older, *(part.missing for part in parts)))


def _quotas(second: Answers) -> Part[Used]:
    if "quotas" not in second:
        return Part()
    found = inquiring.items(second["quotas"])
    used = [item for quota in found.items for item in clues.used(quota)]
    return Part(tuple(used), found.missing)


def _pods(scene: _Scene, first: Answers) -> Part[PodRow]:
    found = inquiring.items(first.get("pods", ""))
    nodes = {raw["metadata"]["name"]: raw["spec"].get("nodeName", "") for raw in found.items}
    rows = clues.pod_rows(scene.snapshot, nodes)
    more = f"{len(rows) - _PODS} more" if len(rows) > _PODS else ""
    unknown = f"their nodes: {found.missing}" if found.missing and not found.items else ""
    return Part(tuple(rows[:_PODS]), _reasons(more, unknown))


def _reasons(*texts: str) -> str:
    """Each reason once."""
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _nothing(scene: _Scene, why: str) -> Evidence:
    """The verdict alone, without what containers may have said in it."""
    redactor = Redactor.of(clues.own_words(scene.snapshot))
    return replace(evidence.shown(scene.untold, redactor), stopped=why)


def _place(error: Exception) -> str:
    """Where it happened, and not what it says: its text could hold a value."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _written(invocation: Invocation, found: Evidence) -> Evidence:
    """The evidence, in two files of the state directory; or why it is not there."""
    directory = invocation.context.state_directory
    told = replace(found, files=tuple(str(directory / name) for name in _FILES))
    texts = ("\n".join([*evidence_text.lines(told), ""]), json.dumps(told.document, indent=1))
    try:
        for name, text in zip(_FILES, texts, strict=True):
            state.write_file(invocation.context, name, text)
    except ConfigurationError as error:
        return replace(found, stopped=f"{error.where}: {'; '.join(error.problems)}")
    return told
