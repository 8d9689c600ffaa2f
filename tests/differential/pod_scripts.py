"""The scripts about what runs: the proxy to pods and Services, and logs."""

from typing import Any

from tests.differential.api import Api, Json, Step
from tests.differential.bodies import CORE, POD, PODS, merged, service
from tests.differential.waits import Action, Until

SERVICES = f"{CORE}/services"
SHOP = {"Host": "shop.example.com"}
BEHIND = {
    **SHOP,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Host": "other.example.com",
    "X-Forwarded-Uri": "/elsewhere",
    "Cookie": "a=b",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
_PORT = {"name": "http", "containerPort": 8080}


def pod(name: str, tag: str, **more: Any) -> Step:
    """A pod that is run, with one container unless more is said."""
    container = {"name": "c", "image": f"registry:5000/wp:{tag}", "ports": [_PORT]}
    spec = {"automountServiceAccountToken": False, "containers": [container], **more}
    return Step("POST", PODS, {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})


def exposed(name: str, app: str, *ports: Json, **more: Any) -> Step:
    spec = {"selector": {"app": app}, "ports": list(ports), **more}
    return Step("POST", SERVICES, {"metadata": {"name": name}, "spec": spec})


def through(target: str, path: str = "/", **headers: str) -> Step:
    """A GET through a proxy; `target` is the Service, or `pods/` and the pod."""
    where = target if target.startswith("pods/") else f"services/{target}"
    return Step("GET", f"{CORE}/{where}/proxy{path}", headers={**SHOP, **headers})


def sent(method: str, target: str, body: bytes | None, path: str = "/-/echo") -> Step:
    where = f"{CORE}/services/{target}/proxy{path}"
    return Step(method, where, body, "application/x-www-form-urlencoded", headers=SHOP)


def log(name: str, **query: str) -> Step:
    return Step("GET", f"{PODS}/{name}/log", query=query)


def _status(api: Api, name: str) -> Json:
    found: Json = api.get(f"{PODS}/{name}").get("status", {})
    return found


def _container(api: Api, name: str) -> Json:
    found: Json = (_status(api, name).get("containerStatuses") or [{}])[0]
    return found


def _waits(api: Api, name: str) -> str:
    found: str = _container(api, name).get("state", {}).get("waiting", {}).get("reason", "")
    return found


def _addressed(api: Api) -> bool:
    counts = [
        sum(len(subset.get("addresses", ())) for subset in found.get("subsets") or ())
        for name in ("web", "two", "plain")
        for found in [api.get(f"{CORE}/endpoints/{name}")]
    ]
    return counts == [1, 1, 1]


def backing_off(name: str, reason: str) -> Until:
    """Just now, not some requests ago: each attempt is followed by another state."""
    return Until(f"{name} backs off", lambda api: _waits(api, name) == reason)


def _all_is_seen(api: Api) -> bool:
    """Whether each pod is in the state that its log is about."""
    crashed = _container(api, "crash").get("restartCount", 0) > 1
    return (
        bool(_container(api, "one").get("started"))
        and _status(api, "two").get("phase") == "Running"
        and crashed
        and _waits(api, "crash") == "CrashLoopBackOff"
        and _waits(api, "bad") == "ImagePullBackOff"
        and _waits(api, "wrong") == "CreateContainerConfigError"
        and _status(api, "job").get("phase") == "Failed"
    )


_HTTP = {"name": "http", "port": 80, "targetPort": "http"}
_CLOSED = {"name": "other", "port": 81, "targetPort": 8181}
_UNNAMED = {"port": 80, "targetPort": 8080}
# They need pods with addresses that an API server can reach.
PROXIED: dict[str, list[Action]] = {
    "the proxy": [
        Step("POST", SERVICES, merged(service(), {"spec": {"selector": {"app": "one"}}})),
        exposed("two", "one", _HTTP, _CLOSED),
        exposed("plain", "one", _UNNAMED),
        exposed("empty", "nobody", _UNNAMED),
        Step("POST", SERVICES, {"metadata": {"name": "own"}, "spec": {"ports": [_UNNAMED]}}),
        Step("POST", SERVICES, {"metadata": {"name": "far"}, "spec": {
            "type": "ExternalName", "externalName": "x.example"}}),
        through("web:http"),
        pod("one", "1"),
        Until("addressed", _addressed),
        *(through(name) for name in (
            "web:http", "web", "web:80", "web:81", "web:none", "http:web:http", "https:web:http",
            "ftp:web:http", "two:http", "two:other", "two:81", "plain", "plain:80", "empty",
            "empty:80", "empty:81", "own", "own:80", "far", "none", "none:80", "none:http",
            "pods/one", "pods/one:8080", "pods/http:one:8080", "pods/https:one:8080",
            "pods/one:9999", "pods/one:99999", "pods/none:8080", "pods/a:b:c:d")),
        *(through(name, "") for name in ("web:http", "web:http?a=b", "pods/one")),
        *(through("web:http", path) for path in (
            "/-/echo", "/-/echo?a=b&c=%2F%20d", "/-/ech%6f", "/nothing", "/-/ready", "/a/b/",
            "/wp-admin/")),
        through("web:http", "/-/echo", **BEHIND),
        through("web:http", "/wp-admin/", **BEHIND),
        through("pods/one:8080", "/-/echo"),
        through("pods/one:8080", "/wp-admin/"),
        sent("POST", "web:http", b"log=admin&pwd=x"),
        sent("PUT", "web:http", b"x"),
        sent("HEAD", "web:http", None),
        sent("POST", "web:http", b"x", ""),
        Step("POST", PODS, merged(POD, {"metadata": {"name": "nowhere"}})),
        through("pods/nowhere"),
        through("pods/nowhere:8080"),
    ],
}  # fmt: skip
LOGS: dict[str, list[Action]] = {
    "logs": [
        pod("one", "1"), pod("crash", "crashloop"), pod("bad", "badpull"),
        pod("job", "joberror", restartPolicy="Never"), pod("wrong", "badconfig"),
        pod("two", "1",
            initContainers=[{"name": "i", "image": "busybox"}],
            containers=[{"name": name, "image": "registry:5000/wp:1"} for name in "ab"]),
        Step("POST", PODS, merged(POD, {"metadata": {"name": "nowhere"}})),
        Until("all is seen", _all_is_seen),
        log("one"), log("one", container="c"), log("one", container="x"),
        *(log("one", tailLines=each) for each in ("1", "0", "-1", "x")),
        *(log("one", limitBytes=each) for each in ("10", "0", "-1")),
        *(log("one", sinceSeconds=each) for each in ("100", "0", "-5")),
        *(log("one", previous=each) for each in ("true", "false", "maybe")),
        log("one", sinceTime="2020-01-01T00:00:00Z"),
        log("one", sinceTime="2020-01-01T00:00:00Z", sinceSeconds="3"),
        log("one", timestamps="true", tailLines="1"),
        log("one", nonsense="1"), log("one", insecureSkipTLSVerifyBackend="true"),
        backing_off("crash", "CrashLoopBackOff"),
        log("crash"), log("crash", previous="true"), log("crash", previous="true", tailLines="1"),
        backing_off("bad", "ImagePullBackOff"),
        log("bad"), log("bad", previous="true"), log("job"),
        log("wrong"), log("wrong", previous="true"),
        *(log("two", container=each) for each in ("", "a", "i", "zz")),
        log("two"), log("none"), log("one:8080"), log("nowhere"),
        Step("POST", f"{PODS}/one/log", {}), Step("GET", f"{PODS}/one/x"),
        Step("GET", "/api/v1/namespaces/no-such/pods/one/log"),
    ],
}  # fmt: skip
