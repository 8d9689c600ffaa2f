"""Where both sides deploy to: a real control plane with played nodes, and AWS on loopback."""

import json
from contextlib import ExitStack
from pathlib import Path

import yaml

from sandbox.aws import BASTION, REGION, Aws, role_arn
from sandbox.certificates import kubeconfig, write_private
from sandbox.eks import AccessEntry, Authenticator
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.webhook import TokenWebhook
from tests.cluster import flags
from tests.cluster.control_plane import ControlPlane
from tests.cluster.site import ROOT, Site

_GROUP = "wpdeploy"  # of k8s/cluster/role.yaml, which both sides have
_EKS = "benchmark"
_PARAMETERS = {
    "mysql_pw": ("not-a-password", True),
    "mysql_host": ("mysql.example.com:3306", False),
    "memcached_host": ("memcached.example.com:11211", False),
}


class Cluster:
    """A control plane that EKS describes, and which asks STS whose a token is."""

    def __init__(self, binaries: Path, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.aws = stack.enter_context(Aws())
        entry = AccessEntry(role_arn(BASTION), (_GROUP,))
        webhook = TokenWebhook(Authenticator(self.aws, _EKS, [entry]))
        file = stack.enter_context(webhook).write_config(directory / "webhook.json")
        arguments = flags.token_webhook(file)
        plane = ControlPlane.start(binaries, directory / "plane", arguments)
        self.plane = stack.enter_context(plane)
        self.aws.put_cluster(_EKS, (self.plane.url, self.plane.ca_file))
        nodes = directory / "nodes"
        nodes.mkdir()
        connection = read_kubeconfig(self.plane.admin_kubeconfig, nodes)
        self._player = stack.enter_context(Player(connection))
        self._sites: list[Site] = []

    def site(self, name: str, *, eks: bool) -> Site:
        """A site of wpdeploy's in a namespace of that name."""
        site = self._namespace(name, _EKS if eks else None)
        site.store()
        return site

    def predecessor(self, name: str) -> tuple[Path, Path]:
        """Kubeconfigs for a namespace of that name: with a token of EKS, with a certificate."""
        site = self._namespace(name)
        self.aws.put_parameters("/CodeBuild/WP-CICD/Test", _PARAMETERS)
        url, ca_file = self.plane.url, self.plane.ca_file
        document = json.loads(kubeconfig(url, ca_file, BASTION, {}, name))
        document["users"][0]["user"] = {"exec": _TOKEN}
        by_token = write_private(site.directory / "token.kubeconfig", json.dumps(document).encode())
        return by_token, self.plane.kubeconfig(BASTION, [_GROUP], name)

    def pod_names(self) -> set[str]:
        """The pods of all namespaces."""
        return {name for site in self._sites for name in site.pod_names()}

    def _namespace(self, name: str, eks: str | None = None) -> Site:
        directory = self.directory / name
        site = Site(self.plane, self._player, self.aws, name, directory, eks=eks)
        self._sites.append(site)
        directory.mkdir()
        site.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        self.plane.await_admission(name)
        for manifest in yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text()):
            plural = manifest["kind"].lower() + "s"
            site.ask("POST", site.collection(plural, manifest["apiVersion"]), manifest)
        return site


# What `aws eks update-kubeconfig` writes. A token is a URL of the real STS and not of a stand-in.
_TOKEN = {
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "command": "aws",
    "args": ["--region", REGION, "eks", "get-token", "--cluster-name", _EKS, "--output", "json"],
    "env": [{"name": "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "value": "true"}],
}
