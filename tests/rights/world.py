"""A world in which rights count: AWS under the policy of the bastion's role, a cluster under RBAC.

wpdeploy runs in this process, by `cli.main`: its own requests reach the servers by HTTP.
"""

import io
import itertools
import json
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from zipfile import ZipFile

import yaml

from sandbox import role
from sandbox.aws import ACCOUNT, BASTION, REGION, Aws, role_arn
from sandbox.cluster import Nodes
from sandbox.codedeploy import Agent
from sandbox.deployments import BUCKET, CodeDeploy
from sandbox.eks import AccessEntry, Authenticator
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.kubernetes.access import User
from sandbox.kubernetes.actions import Action
from sandbox.site import ROOT, Json, Result, Site
from tests.rights.permissions import (
    AwsRight,
    Permission,
    Policies,
    policies_without,
    rules_without,
)
from wpdeploy import aws as wpdeploy_aws
from wpdeploy import cli
from wpdeploy import kubeconfig as kubeconfigs
from wpdeploy.clock import Clock
from wpdeploy.kinds import KINDS, collection, title
from wpdeploy.kube import Cluster, Request
from wpdeploy.record import Record
from wpdeploy.records import Records
from wpdeploy.rights import Right

GROUP = "Test"
SECRET = "rds!db-site"
INDEX = "application/vnd.oci.image.index.v1+json"
EKS_CLUSTER = "wordpress-test"
ROLE, BINDING = yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text())
RULES = ROLE["rules"]
RBAC = "rbac.authorization.k8s.io"
# A retry need not take its time: nothing gets better by it here.
_HURRY = 50.0
_NO_KUBECONFIG = Path("/nowhere")
# Seconds for a watch to notice that it is over.
_LAST = 1.0
# Of a stand-in; or a lock's, which in a process of its own ends with that.
_LASTING = re.compile(r"kubelet|controllers|kubernetes-http|.*\(_keep_alive\)")


class HurriedClock(Clock):
    """The machine's clock; who waits for another try waits a fiftieth of it."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / _HURRY)


@contextmanager
def world(directory: Path) -> Iterator["World"]:
    """One that is there until the block ends."""
    directory.mkdir(exist_ok=True)
    with Aws() as aws, _on_the_bastion(aws):
        made = World(aws, directory)
        with made.cluster("current"):
            yield made


class World:
    """AWS, a cluster, and what of the bastion's rights was used since `used` was last called."""

    admin: Cluster

    def __init__(self, aws: Aws, directory: Path) -> None:
        self.aws, self._directory = aws, directory
        self._numbers = itertools.count(1)
        # The parameters are one group's, so they are all sites'.
        self._values: dict[str, tuple[str, bool]] = {}
        self._used: set[Permission] = set()
        self.code_deploy = CodeDeploy(aws)
        self._push()
        secret = aws.put_secret(SECRET, {})
        self.policies = role.documents(role.stack(aws, GROUP, EKS_CLUSTER, secret))
        self.names = {
            aws.key: "KEY",
            aws.artifacts_key: "ARTIFACT-KEY",
            secret: "DATABASE-SECRET",
            BUCKET: "ARTIFACT-BUCKET",
            EKS_CLUSTER: "CLUSTER",
            f"/{GROUP}/": "/GROUP/",
            REGION: "REGION",
            ACCOUNT: "ACCOUNT",
        }
        self.enforce(self.policies)

    @contextmanager
    def cluster(self, profile: str) -> Iterator[None]:
        """An API server, with nodes, that EKS describes until the block ends."""
        entries = [AccessEntry(role_arn(BASTION), ("wpdeploy",))]
        tokens, nodes = Authenticator(self.aws, EKS_CLUSTER, entries), Nodes()
        directory = self._directory / f"cluster-{profile}"
        server = ApiServer(
            directory, profile, authenticators=[tokens], dial=nodes.dial, witness=self._saw
        )
        with server:
            access = kubeconfigs.access(str(server.admin_kubeconfig), None)
            self.admin = Cluster(access, Clock(), print)
            self.aws.put_cluster(EKS_CLUSTER, (server.url, server.ca_file))
            connection = read_kubeconfig(server.admin_kubeconfig, directory)
            with Player(connection, on_loopback=True) as nodes.player:
                yield

    def enforce(self, policies: Policies) -> None:
        """Have AWS go by these policies of the bastion's role."""
        self._guard = self.aws.enforce(role.policies(policies))

    def used(self) -> set[Permission]:
        """What was used since this was last asked."""
        found = self._used | {
            AwsRight(grant.by.sid, grant.by.action, grant.by.resource)
            for grant in self._guard.grants
        }
        self._used = set()
        self._guard.grants.clear()
        return found

    def site(self, changes: Json) -> "RightsSite":
        """A site in a namespace of its own, as an administrator prepares one."""
        name = f"site-{next(self._numbers)}"
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        for manifest in (ROLE, BINDING):
            plural = f"{manifest['kind'].lower()}s"
            self.ask("POST", f"/apis/{RBAC}/v1/namespaces/{name}/{plural}", manifest)
        made = RightsSite(
            self.aws,
            name,
            self._directory / name,
            Path("/nowhere"),
            changes,
            GROUP,
            values=self._values,
            eks=EKS_CLUSTER,
        )
        made.set_up()
        return made

    @contextmanager
    def without(self, site: "RightsSite", permission: Permission) -> Iterator[None]:
        """Take one permission away from the bastion, for the time of the block."""
        if isinstance(permission, AwsRight):
            self.enforce(policies_without(self.policies, permission))
        else:
            self._put_rules(site, rules_without(RULES, permission))
        try:
            yield
        finally:
            self.enforce(self.policies)
            self._put_rules(site, RULES)

    def ask(self, method: str, path: str, body: object = None) -> Json:
        """Ask the API server as an administrator."""
        data = None if body is None else json.dumps(body).encode()
        return self.admin.request(Request(method, path, path, {}, data, "application/json"))

    def items(self, site: "RightsSite", api_version: str, plural: str) -> list[Json]:
        """The objects of a kind in the site's namespace."""
        path = collection(api_version, plural, site.namespace)
        found: list[Json] = self.ask("GET", path)["items"]
        return found

    def holder(self, site: "RightsSite") -> str:
        """Who holds the site's lock."""
        leases = self.items(site, "coordination.k8s.io/v1", "leases")
        return "".join(lease["spec"].get("holderIdentity") or "" for lease in leases)

    def records(self, site: "RightsSite") -> Sequence[Record]:
        """What the cluster remembers of the site's deployments."""
        return Records(self.admin, site.namespace, "wordpress", print).all()

    def made(self, site: "RightsSite") -> list[str]:
        """The objects that wpdeploy has made for the site, without the lock."""
        return [
            title({"kind": name} | item)
            for name, kind in KINDS.items()
            for item in self.items(site, kind.api_versions[0], kind.plural)
            if item["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by")
        ]

    def new_deployment(self) -> str:
        """An id that no deployment had."""
        return f"d-{next(self._numbers):09}"

    def download(self, *, pinned: bool) -> str:
        """Have an agent fetch a bundle by CodeDeploy; why it could not."""
        file = self._directory / "bundle.zip"
        with ZipFile(file, "w") as made:
            made.writestr("appspec.yml", "version: 0.0\nos: linux\n")
        deployment = self.code_deploy.deploy(GROUP, file, pinned=pinned)
        root = self._directory / deployment.id
        timeline = Agent(root, {}, fetch=self.code_deploy.fetch).deploy(deployment)
        failed = timeline.failed
        return failed.diagnostics.message if failed and failed.diagnostics else ""

    def _push(self) -> None:
        """Have ECR hold the first release's image."""
        ecr = self.aws.client("ecr")
        ecr.create_repository(repositoryName="wordpress")
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
        digest = f"sha256:{'a' * 64}"
        ecr.put_image(
            repositoryName="wordpress",
            imageManifest=json.dumps(index),
            imageTag="v1",
            imageDigest=digest,
        )

    def _put_rules(self, site: "RightsSite", rules: Sequence[Json]) -> None:
        path = f"/apis/{RBAC}/v1/namespaces/{site.namespace}/roles/{ROLE['metadata']['name']}"
        self.ask("PUT", path, self.ask("GET", path) | {"rules": rules})

    def _saw(self, user: User, wanted: Action) -> None:
        if "wpdeploy" in user.groups and wanted.namespace:
            self._used.add(Right(wanted.group, wanted.resource, wanted.verb))


@contextmanager
def _on_the_bastion(aws: Aws) -> Iterator[None]:
    """Make this process one on the bastion; afterwards it is as it was."""
    handler = signal.getsignal(signal.SIGTERM)
    own = {"AWS_EC2_METADATA_DISABLED": "true", **aws.environ}
    with mock.patch.dict(os.environ, own), mock.patch.object(cli, "Clock", HurriedClock):
        wpdeploy_aws._session.cache_clear()
        try:
            yield
        finally:
            wpdeploy_aws._session.cache_clear()
            signal.signal(signal.SIGTERM, handler)


class RightsSite(Site):
    """A site on which wpdeploy runs in this process."""

    def set_up(self) -> None:
        """Make the bundle and the parameters; the code is this process's own."""
        shutil.copytree(ROOT / "k8s", self.bundle / "k8s")
        self.configure()
        self.release("v1")
        if not self.values:
            self.store()

    @property
    def secret(self) -> str:
        """One for all sites: there is one role for them."""
        return SECRET

    def image(self, tag: str, digest: str) -> str:
        """The image, in the registry of the role's own account."""
        return super().image(tag, digest).replace("111122223333", ACCOUNT)

    def run(self, *argv: str, **environ: str) -> Result:
        """A command, run to its end; what it does beside itself ends as well."""
        stream, before = io.StringIO(), set(threading.enumerate())
        with mock.patch.object(cli, "BUNDLE", self.bundle):
            code = cli.main(argv, self.environ() | environ, stream)
        for thread in set(threading.enumerate()) - before:
            # Those of a stand-in are left: they last, and may be about to start.
            if thread.is_alive() and not _LASTING.match(thread.name):
                thread.join(_LAST)
        return Result(code, stream.getvalue())
