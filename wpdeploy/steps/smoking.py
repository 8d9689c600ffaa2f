"""Smoke checks of a rollout: each new pod is asked for a page, and then the Ingress.

The pods are asked through the API server, which reaches them wherever wpdeploy runs. They are
judged; what the Ingress says is only told: a load balancer and its name take minutes to appear.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from queue import Empty

from wpdeploy import api_status, smoke, web
from wpdeploy.answer import Answer, BrokenOff, Late
from wpdeploy.cli import Invocation
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest, collection
from wpdeploy.kube import Cluster
from wpdeploy.retries import Transient, retrying
from wpdeploy.smoke import Failed, Finding, Page, Passed, Route, Skipped, Smoke, Smoked, Well
from wpdeploy.steps.together import asked
from wpdeploy.target import Target

_ATTEMPTS = 3
_PAUSE = 1.0
# Seconds: for all pods together, for the Ingress, and what a last request gets at least.
_LONGEST, _INGRESS, _SHORTEST = 120.0, 10.0, 0.1


def run(invocation: Invocation, cluster: Cluster, target: Target, pods: Sequence[str]) -> Smoked:
    """Ask these pods for the site's page; a ClusterError where the API server cannot ask them."""
    if not target.smoke.enabled:
        return Skipped("switched off by smoke.enabled")
    if not pods:
        return Skipped("there is no pod to ask")
    ingress = _ingress(cluster, target)
    asker = _Asker(invocation, cluster, target, ingress)
    heard = _judged(pods, asker)
    if isinstance(heard, Failed):
        return heard
    count = "1 pod answers" if len(heard) == 1 else f"{len(heard)} pods answer"
    remark = _remark(target.smoke, heard[0].route, ingress)
    return Passed(f"{count} {heard[0].code}", remark)


class _Asker:
    """Asks a pod for the page, a few times if need be, until the time for all is over."""

    def __init__(
        self, invocation: Invocation, cluster: Cluster, target: Target, ingress: Manifest | None
    ) -> None:
        self._cluster, self._clock, self._smoke = cluster, invocation.clock, target.smoke
        self._pods = collection("v1", "pods", target.namespace)
        self._start = smoke.start(target.smoke, ingress, f"{target.name}.{target.namespace}.svc")
        self._retrying = retrying(invocation.clock, invocation.console.line)
        self._ends = invocation.clock.monotonic() + _LONGEST

    def left(self) -> float:
        """Seconds until the time is over."""
        return max(self._ends - self._clock.monotonic(), _SHORTEST)

    def ask(self, pod: str) -> Well | Finding | None:
        """What was heard of the pod; None: it is gone."""
        heard = self._follow(pod)
        for _ in range(_ATTEMPTS - 1):
            if not isinstance(heard, Finding):
                break
            self._clock.sleep(_PAUSE)
            heard = self._follow(pod)
        return heard

    def _follow(self, pod: str) -> Well | Finding | None:
        route = self._start
        while True:
            page = self._retrying.copy()(self._page, pod, route)
            heard = smoke.judge(self._smoke, route, page) if isinstance(page, Page) else page
            if not isinstance(heard, Route):
                return heard
            route = heard

    def _page(self, pod: str, route: Route) -> Page | Finding | None:
        prefix = f"{self._pods}/{pod}/proxy"
        seconds = min(self._smoke.timeout, self.left())
        started = self._clock.monotonic()
        try:
            found = self._cluster.fetch(prefix + route.path, {}, route.headers, seconds)
        except Late:
            return smoke.late(route, seconds)
        except BrokenOff:
            return smoke.broken_off(route)
        except ClusterError as error:
            raise Transient(error) from error
        spent = self._clock.monotonic() - started
        if found.is_own:
            return _refused(pod, route, found)
        page = _page(found, spent)
        return replace(page, location=smoke.behind(prefix, page.location))


def _page(found: Answer, seconds: float) -> Page:
    location = found.headers.get("location", "")
    is_html = found.headers.get("content-type", "text/html").startswith("text/html")
    text = found.body.decode("utf-8", "replace")
    return Page(found.code, location, text, seconds, is_html, found.is_cut)


def _refused(pod: str, route: Route, found: Answer) -> Finding | None:
    """What the API server says in place of the pod; None where there is no such pod any more."""
    if found.code == api_status.NOT_FOUND:
        return None
    status = api_status.parse(found.body.decode("utf-8", "replace"))
    if finding := smoke.refused(route, str(status.get("message", ""))):
        return finding
    error = api_status.error(f"pod {pod}", "GET", found.code, status)
    if api_status.may_pass(error):
        raise Transient(error)
    raise error


def _judged(pods: Sequence[str], asker: _Asker) -> Sequence[Well] | Failed:
    """The good answers, where no pod has a bad one: the first of those ends it."""
    heard: list[Well | None] = []
    try:
        with closing(asked(pods, asker.ask, asker.left)) as answers:
            for pod, found in answers:
                if isinstance(found, Finding):
                    return Failed(f"pod {pod}: {found.what}", (("pod", pod), *found.rows))
                heard.append(found)
    except Empty:
        what = f"only {len(heard)} of {len(pods)} pods have answered in {_LONGEST:.0f} s"
        return Failed(what, (("to do", "see why they, or the API server, are that slow"),))
    well = [found for found in heard if found]
    return well or Failed("the new pods are gone", (("to do", "see who deletes them"),))


def _ingress(cluster: Cluster, target: Target) -> Manifest | None:
    path = collection("networking.k8s.io/v1", "ingresses", target.namespace)
    return cluster.get(f"{path}/{target.name}", f"Ingress {target.name}")


def _remark(settings: Smoke, route: Route, ingress: Manifest | None) -> str:
    """What the Ingress says of the URL at which a pod was well."""
    address = smoke.address(ingress)
    if isinstance(address, Skipped):
        return f"Ingress skipped: {address.reason}"
    with suppress(Empty), closing(asked([address], partial(_told, settings, route), _wait)) as told:
        return f"Ingress {address} {next(told)[1]}"
    return f"Ingress {address} does not answer within {_INGRESS:.0f} s"


def _wait() -> float:
    return _INGRESS


def _told(settings: Smoke, route: Route, address: str) -> str:
    visited = route if route.is_known else replace(route, host=address)
    try:
        found = web.get(visited.url, address, visited.visitor, _INGRESS)
    except ClusterError as error:
        return "; ".join(error.problems)
    heard = smoke.judge(settings, visited, _page(found, 0.0))
    return heard.what if isinstance(heard, Finding) else f"answers {found.code}"
