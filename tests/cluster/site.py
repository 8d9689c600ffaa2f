"""A site of its own for each test: a namespace, a user with wpdeploy's Role, a bundle, AWS."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import yaml

import sandbox.site
from sandbox.aws import Aws
from sandbox.certificates import kubeconfig, write_private
from sandbox.kubelet import Player
from sandbox.site import ROOT, Json, Result, image, running
from tests.cluster import warm
from tests.cluster.plane import Plane
from wpdeploy.runtime import Runtime

__all__ = ["ROOT", "Json", "Result", "Site", "image", "running", "until"]

# Short times, and without what the built control plane, 1.20, has no API for.
CHANGES: Json = {
    "rollout": {
        "deadline": 90,
        "progress_deadline": 60,
        "stability_window": 1,
        "grace": {"crash": 1, "refused": 2, "unschedulable": 4},
    },
    # Their own tests switch them on: most pods are asked for no page.
    "smoke": {"enabled": False},
    "wordpress": {"pre_stop_seconds": 1, "termination_grace_seconds": 5},
    "disruption_budget": {"enabled": False},
    "cron": {"enabled": False},
    "install": {"enabled": False},
    "upgrade": {"enabled": False},
}


class PlaneSite(sandbox.site.Site):
    """A site on the control plane of the tests, and what an administrator sees of it."""

    def __init__(
        self,
        plane: Plane,
        aws: Aws,
        namespace: str,
        directory: Path,
        *,
        eks: str | None = None,
    ) -> None:
        own = plane.kubeconfig("bastion", ["wpdeploy"])
        super().__init__(aws, namespace, directory, own, CHANGES, eks=eks)
        self.plane = plane

    @property
    def path(self) -> str:
        """One of its own: many sites share the stand-in for AWS."""
        return f"/wordpress/{self.namespace}"

    def found(self) -> None:
        """Make the namespace, what wpdeploy may do in it, the bundle and the parameters."""
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        self.plane.await_admission(self.namespace)
        for manifest in yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text()):
            plural = manifest["kind"].lower() + "s"
            self.ask("POST", self.collection(plural, manifest["apiVersion"]), manifest)
        self.set_up()

    def reach(self, url: str, ca_file: Path) -> None:
        """Lead wpdeploy to the API server by another address."""
        if self.eks:
            self.aws.put_cluster(self.eks, (url, ca_file))
        else:
            content = kubeconfig(url, ca_file, "nobody", {}, None)
            self.kubeconfig = write_private(ca_file.with_suffix(".kubeconfig"), content)
            self.configure()

    def run(self, *argv: str, **environ: str) -> Result:
        """A step, run to its end; one with an environment of its own by a Python of its own."""
        if environ:
            return super().run(*argv, **environ)
        lib = self.bundle / "lib" / Runtime.here().lib
        return warm.run(lib, [self.program, *argv], self.environ())

    def deployed(self) -> Result:
        """A deployment that must succeed."""
        result = self.deploy()
        assert result.code == 0, result.output
        return result

    def ask(self, method: str, path: str, body: object = None, kind: str = "") -> Json:
        status, document = self.plane_request(method, path, body, kind)
        assert status < 300, (status, document)
        return document

    def plane_request(
        self, method: str, path: str, body: object = None, kind: str = ""
    ) -> tuple[int, Json]:
        admin = self.plane.admin
        headers = {**admin.headers, "Content-Type": kind or "application/json"}
        data = None if body is None else json.dumps(body)
        answer = admin.request(method, self.plane.url + path, body=data, headers=headers)
        return answer.status, json.loads(answer.data)

    def collection(self, plural: str, group: str = "apps/v1") -> str:
        prefix = "/apis" if "/" in group else "/api"
        return f"{prefix}/{group}/namespaces/{self.namespace}/{plural}"

    def deployment(self) -> Json:
        return self.ask("GET", self.collection("deployments") + "/wordpress")

    def pods(self) -> list[Json]:
        found: list[Json] = self.ask("GET", self.collection("pods", "v1"))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod_names(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.pods()}

    def fingerprint(self) -> Json:
        """Every object of the namespace that a release could change, without its status."""
        found: Json = {}
        for group, plural in KINDS:
            for item in self.ask("GET", self.collection(plural, group))["items"]:
                if "wpdeploy/record" in item["metadata"].get("labels", {}):
                    continue
                item.pop("status", None)
                for key in ("resourceVersion", "managedFields"):
                    item["metadata"].pop(key, None)
                found[f"{plural}/{item['metadata']['name']}"] = item
        return found

    def secret_values(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for secret in self.ask("GET", self.collection("secrets", "v1"))["items"]:
            if secret["type"] == "Opaque":
                for key, value in secret["data"].items():
                    found[key] = base64.b64decode(value).decode()
        return found


class Site(PlaneSite):
    """A site whose nodes are played."""

    def __init__(
        self,
        plane: Plane,
        player: Player,
        aws: Aws,
        namespace: str,
        directory: Path,
        *,
        eks: str | None = None,
    ) -> None:
        super().__init__(plane, aws, namespace, directory, eks=eks)
        self.player = player


KINDS = (
    ("apps/v1", "deployments"),
    ("v1", "services"),
    ("v1", "serviceaccounts"),
    ("v1", "secrets"),
    ("v1", "configmaps"),
    ("v1", "persistentvolumeclaims"),
    ("networking.k8s.io/v1", "ingresses"),
    ("networking.k8s.io/v1", "networkpolicies"),
    ("autoscaling/v1", "horizontalpodautoscalers"),
)


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something outside of this process; an assertion fails after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
