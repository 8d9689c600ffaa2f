"""The scripts about lists: pages, versions, selectors."""

import base64
import json
from typing import Any

from tests.differential.api import Step
from tests.differential.bodies import (
    APPS,
    BATCH,
    CONFIGMAPS,
    CORE,
    LEASE_PATH,
    PODS,
    config,
)

_LABELS = (
    "app in (web", "app==web", "app=", "=x", "app=a b", "app in ()", "app in (web),n notin (1)",
    "app,!n", "n>0", "n<2", "n>x", "app=web,", ",", "a.b/c-d=x_y.z", "a.b/c-d in (x_y.z,q)",
    "-a=x", "app=-x", "app exists", "app = web , n = 1", "app in (web,db),app!=db", "a/b/c=d",
    "app=web=x", "!app=web", "app notin (web)", "app in (,web)", " app", "app=web", "app!=web,n",
    "n in (1,2)", "!app", "app in web", "app notin", "app in (web db)",
)  # fmt: skip
_FIELDS = (
    "metadata.name", "metadata.name==c1", "metadata.name=c1,metadata.name=c2",
    "metadata.name!=c1", "metadata.namespace=NS", "metadata.name=a\\,b", "=x", ",",
    "metadata.uid=x", "metadata.labels.app=web",
)  # fmt: skip
_FIELDS_OF = (
    (PODS, "status.phase=Running"), (PODS, "spec.nodeName!=x"), (PODS, "spec.foo=x"),
    (f"{CORE}/events", "involvedObject.name=x"), (f"{CORE}/events", "source=x"),
    (f"{CORE}/events", "foo=x"), (f"{CORE}/secrets", "type=x"), (f"{BATCH}/jobs", "status.foo=1"),
    (f"{BATCH}/jobs", "status.successful=1"), (f"{APPS}/deployments", "metadata.name=x"),
    (f"{APPS}/deployments", "status.replicas=1"), (f"{APPS}/replicasets", "status.replicas=1"),
    (LEASE_PATH, "metadata.name=x"), (f"{CORE}/services", "spec.type=x"),
    ("/api/v1/namespaces", "status.phase=Terminating,metadata.name=x"),
    ("/api/v1/nodes", "spec.unschedulable=true"),
)  # fmt: skip


def token(**content: Any) -> str:
    """A place to go on from, as a server writes it."""
    text = json.dumps({"v": "meta.k8s.io/v1", **content}).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def listed(**query: str) -> Step:
    """A list of the ConfigMaps; `continue_` and `match` are the names that Python has not got."""
    names = {"continue_": "continue", "match": "resourceVersionMatch", "at": "resourceVersion"}
    return Step("GET", CONFIGMAPS, query={names.get(key, key): query[key] for key in query})


def watched(**query: str) -> Step:
    return listed(watch="true", timeoutSeconds="1", **query)


_MADE = [
    Step("POST", CONFIGMAPS, config(metadata={"name": f"c{n}", "labels": {
        "app": "web" if n % 2 else "db", "n": str(n), "a.b/c-d": "x_y.z"}}))
    for n in range(3)
]  # fmt: skip
LISTS: dict[str, list[Step]] = {
    "pages": [
        *_MADE,
        *(listed(limit=limit) for limit in ("2", "0", "-1", "x")),
        listed(limit="1", labelSelector="app=web"),
        listed(limit="1", fieldSelector="metadata.name!=c0"),
        listed(limit="9", labelSelector="app"),
        listed(continue_=token(rv=-1, start="c0\0")),
        listed(continue_=token(rv=-1, start="c0\0"), limit="1"),
        listed(continue_=token(rv=0, start="c0\0")),
        listed(continue_=token(v="x")),
    ],
    "versions": [
        *_MADE[:1],
        listed(at="x"),
        *(listed(at=version, labelSelector="app") for version in ("0", "1")),
        listed(at="1", match="NotOlderThan", labelSelector="app"),
        listed(at="0", limit="1", labelSelector="app"),
        listed(match="Exact"),
        listed(at="0", match="Exact"),
        listed(at="1", match="Some"),
        listed(at="88888888"),
        *(Step("GET", f"{CONFIGMAPS}/c0", query={"resourceVersion": version})
          for version in ("0", "1", "x")),
        Step("GET", f"{CONFIGMAPS}/c0", query={"watch": "1"}),
        watched(at="x"),
        watched(labelSelector="app in (web"),
        watched(fieldSelector="data=x"),
        watched(match="Exact"),
        watched(at="99999999"),
        listed(watch="true", timeoutSeconds="x"),
    ],
    "labels": [*_MADE, *(listed(labelSelector=text) for text in _LABELS)],
    "fields": [
        *_MADE,
        *(listed(fieldSelector=text) for text in _FIELDS),
        *(Step("GET", path, query={"fieldSelector": text}) for path, text in _FIELDS_OF),
    ],
}  # fmt: skip
