"""Smoke checks: what a new pod is asked for, and what its answer says of the site.

start ─→ Route ─→ (asked) Page ─→ judge ─→ Well, Finding, or the Route of a redirect
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from wpdeploy import checks, symptoms
from wpdeploy.symptoms import Symptom

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_BODILESS = {204, *range(300, 400)}
_ALB = "alb.ingress.kubernetes.io"
_HOSTS = "set smoke.host to the site's host name, or correct WordPress's home and siteurl"
_PROTO = "correct WordPress's home and siteurl, and have it take X-Forwarded-Proto for HTTPS"

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Smoke:
    """What is asked for, and which answers are right; times are in seconds (docs/smoke.md)."""

    enabled: bool = True
    path: Annotated[str, checks.url_path] = "/"
    host: Annotated[str, checks.dns_name] | None = None
    status: Annotated[str, checks.success_codes] = "200"
    pattern: Annotated[str, checks.pattern] | None = None
    latency: Annotated[int, checks.whole(1, 60)] | None = None
    timeout: Annotated[int, checks.whole(1, 60)] = 10


@dataclass(frozen=True)
class Route:
    """A URL of the site, and the ones before that led there.

    `is_known`: the host is the site's own; else it is a makeshift, until a redirect tells better.
    `is_tls`: who asks for http is sent to https before WordPress hears of it.
    """

    scheme: str
    host: str
    path: str
    is_known: bool
    is_tls: bool
    before: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The URL."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def visitor(self) -> Mapping[str, str]:
        """The headers that a visitor sends."""
        return {"Host": self.host, "Accept": "text/html, */*"}

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that a load balancer which ends TLS makes of them."""
        return {**self.visitor, "X-Forwarded-Proto": self.scheme}


@dataclass(frozen=True)
class Page:
    """An answer: its code, what its headers say, its text and after how many seconds it was there.

    `is_cut`: there is more of it than was read.
    """

    code: int
    location: str
    text: str
    seconds: float
    is_html: bool = True
    is_cut: bool = False


@dataclass(frozen=True)
class Well:
    """The right answer, and where it was had in the end."""

    code: int
    route: Route


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer, with rows of label and text."""

    what: str
    rows: Rows


@dataclass(frozen=True)
class Passed:
    """Every new pod has answered; `remark` is what else was seen, and does not count."""

    sentence: str
    remark: str


@dataclass(frozen=True)
class Failed:
    """A pod's answer is wrong."""

    sentence: str
    details: Rows


@dataclass(frozen=True)
class Skipped:
    """Nothing was asked, for a reason."""

    reason: str


Smoked = Passed | Failed | Skipped


def start(smoke: Smoke, ingress: Mapping[str, Any] | None, makeshift: str) -> Route:
    """What to ask first: by the settings, and by what the Ingress says of host and TLS."""
    spec = (ingress or {}).get("spec") or {}
    own = [rule.get("host") for rule in spec.get("rules") or []]
    named = [name for name in own if name and not name.startswith("*")]
    host = smoke.host or next(iter(named), None)
    is_tls = _ends_tls(ingress or {}, spec)
    scheme = "https" if is_tls else "http"
    return Route(scheme, host or makeshift, smoke.path, bool(host), is_tls)


def address(ingress: Mapping[str, Any] | None) -> str | Skipped:
    """Where the Ingress answers."""
    if ingress is None:
        return Skipped("there is none")
    found = (ingress.get("status") or {}).get("loadBalancer") or {}
    for entry in found.get("ingress") or []:
        if name := entry.get("hostname") or entry.get("ip"):
            return str(name)
    return Skipped("it has no address yet")


def behind(prefix: str, location: str) -> str:
    """A Location as the pod has sent it: the proxy leads one on its own host through itself."""
    url = _split(location)
    _, found, path = url.path.partition(prefix) if url else ("", "", "")
    return urlunsplit(url._replace(path=path or "/")) if url and found else location


def judge(smoke: Smoke, route: Route, page: Page) -> Well | Finding | Route:
    """Whether a page is the right one; the Route to go on by where it redirects within the site."""
    is_right = _has(smoke.status, page.code)
    if page.code in _REDIRECTS and page.location:
        led = _misled(route, page) or (None if is_right else _led(route, page))
        if led:
            return led
    if sick := _symptom(page):
        return _found(route, f"answers {page.code}: {sick.what}", sick.to_do)
    if not is_right:
        what = f"answers {page.code}, and not {smoke.status}"
        return _found(route, what, "correct the site, or smoke.path, or smoke.status")
    return _measured(smoke, route, page)


def refused(route: Route, message: str) -> Finding | None:
    """What the API server's reason for having no answer says of the pod, if it does."""
    sick = symptoms.first(symptoms.REFUSALS, message)
    return _found(route, sick.what, sick.to_do) if sick else None


def late(route: Route, seconds: float) -> Finding:
    """What it means that there was no answer for so long."""
    row = symptoms.LATE
    return _found(route, row.what.format(seconds=seconds), row.to_do)


def broken_off(route: Route) -> Finding:
    """What it means that an answer began and did not end."""
    return _found(route, symptoms.BREAKS_OFF.what, symptoms.BREAKS_OFF.to_do)


def _measured(smoke: Smoke, route: Route, page: Page) -> Well | Finding:
    if smoke.pattern and not re.search(smoke.pattern, page.text):
        what = f"answers {page.code}, but the page does not match smoke.pattern"
        return _found(route, what, "correct the site, or the pattern", ("pattern", smoke.pattern))
    if smoke.latency and page.seconds > smoke.latency:
        what = f"takes {page.seconds:.1f} s to answer, more than {smoke.latency} s"
        return _found(route, what, "see what WordPress waits for, or raise smoke.latency")
    return Well(page.code, route)


def _symptom(page: Page) -> Symptom | None:
    part = symptoms.suspicious(page.code, page.text, is_html=page.is_html)
    if sick := symptoms.first(symptoms.PAGES, part):
        return sick
    if not page.text.strip():
        return None if page.code in _BODILESS else symptoms.EMPTY
    return None if page.is_cut else symptoms.first((symptoms.BREAKS_OFF,), page.text)


def _misled(route: Route, page: Page) -> Finding | None:
    """What is wrong with a site that redirects to where this one does."""
    url = _split(page.location, route.url)
    sick = symptoms.first(symptoms.REDIRECTS, url.path) if url else None
    if not sick:
        return None
    return _found(route, f"answers {page.code}: {sick.what}", sick.to_do, _location(url))


def _led(route: Route, page: Page) -> Route | Finding:
    """Where a redirect leads: on, if that is within the site."""
    url = _split(page.location, route.url)
    authority = _authority(url)
    if not url or not authority:
        return _found(route, f"answers {page.code}, a redirect to no address of the web", _HOSTS)
    if route.is_known and authority != route.host:
        what = f"redirects to {authority}, away from {route.host}"
        return _found(route, what, _HOSTS, _location(url))
    onward = replace(
        route,
        scheme="https" if route.is_tls else url.scheme,
        host=authority,
        path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        is_known=route.is_known or authority != route.host,
        before=(*route.before, route.url),
    )
    if onward.url in onward.before:
        return _found(route, "redirects in a circle", _PROTO, _location(url))
    if len(onward.before) > _MOST_REDIRECTS:
        what = f"redirects more than {_MOST_REDIRECTS} times"
        return _found(route, what, _PROTO, _location(url))
    return onward


def _split(location: str, base: str = "") -> SplitResult | None:
    try:
        return urlsplit(urljoin(base, location))
    except ValueError:
        return None


def _authority(url: SplitResult | None) -> str:
    """Host and port as a Host header has them; empty where they are none of a site."""
    try:
        if url and url.hostname and url.scheme in _PORTS:
            is_own = url.port in {None, _PORTS[url.scheme]}
            return url.hostname if is_own else f"{url.hostname}:{url.port}"
    except ValueError:  # the port
        pass
    return ""


def _location(url: SplitResult | None) -> tuple[str, str]:
    """A row with a URL, but for its query and whoever signs in by it."""
    shown = f"{url.scheme}://{_authority(url)}{url.path}" if url else ""
    return ("location", shown)


def _ends_tls(ingress: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether an Ingress takes HTTPS: as Kubernetes says it, or as an ALB's annotations do."""
    told = (ingress.get("metadata") or {}).get("annotations") or {}
    listens = "HTTPS" in told.get(f"{_ALB}/listen-ports", "")
    return bool(spec.get("tls") or listens or told.get(f"{_ALB}/certificate-arn"))


def _has(codes: str, code: int) -> bool:
    """Whether a code is one of `200,302` or `200-299`."""
    ranges = [part.partition("-") for part in codes.split(",")]
    return any(int(first) <= code <= int(last or first) for first, _, last in ranges)


def _found(route: Route, what: str, to_do: str, *rows: tuple[str, str]) -> Finding:
    asked = route.url.partition("?")[0]
    return Finding(what, (("asked", asked), *rows, ("to do", to_do)))
