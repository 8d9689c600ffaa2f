"""The patient of `doctor`: an environment with its surroundings, looked up as they are needed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

from wpdeploy import (
    api_status,
    aws,
    ecr,
    manifests,
    parameters,
    release,
    settings,
    ssm,
    sts,
)
from wpdeploy.api_status import ApiError
from wpdeploy.cli import Invocation
from wpdeploy.errors import ParameterError
from wpdeploy.kinds import Manifest, collection, labels
from wpdeploy.kube import Cluster
from wpdeploy.parameters import Parameter
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import Configs
from wpdeploy.steps.configuring import ask_secret
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.rendering import configs, render_manifests
from wpdeploy.target import Target


class Patient:
    """Each part is looked up once; who asks for one that cannot be had gets the error."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.context = invocation.context
        self._around = invocation.clock, invocation.console.line

    @cached_property
    def env(self) -> Settings:
        """The environment file, which agrees with parameters.yaml."""
        found = settings.read(self.context)
        parameters.check(self.context, found, parameters.specs(self.context))
        return found

    @cached_property
    def release(self) -> Release:
        """What would be deployed."""
        return release.read(self.context)

    @cached_property
    def region(self) -> str:
        """Where AWS is asked."""
        return aws.region(self.env.region, self.invocation.environ)

    @cached_property
    def identity(self) -> str:
        """Who AWS takes us for."""
        return sts.identity(self.region, *self._around)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All of them; where some are denied, the error names each."""
        known, store = parameters.specs(self.context), ssm.Ssm(self.region, *self._around)
        try:
            ask = ask_secret(self.invocation, self.env.region)
            return parameters.read(self.env, known, store, ask)
        except ssm.Denied as error:
            names = sorted(set(parameters.names(self.env, known).values()))
            problems = [problem for name in names for problem in _denials(store, name)]
            told = list(dict.fromkeys(problems)) or error.problems
            raise ParameterError(error.where, told, error.hint) from error

    @cached_property
    def image(self) -> Mapping[str, object] | None:
        """The image's manifest in ECR, None where it is not there."""
        return ecr.manifest(self.release.image, *self._around)

    @cached_property
    def target(self) -> Target:
        """Where the cluster is."""
        return located(self.invocation, self.env)

    @cached_property
    def cluster(self) -> Cluster:
        """The way to its API server."""
        return connect(self.invocation, self.target)

    @property
    def clock_ahead(self) -> timedelta:
        """How far this machine's clock is ahead of the API server's."""
        return datetime.now(UTC) - self.cluster.server_time()

    @property
    def namespace(self) -> Manifest | None:
        """The namespace."""
        return self.cluster.get(f"/api/v1/namespaces/{self.env.namespace}", "the namespace")

    @property
    def ingress_class(self) -> Manifest | None:
        """The Ingress's class."""
        path = "/apis/networking.k8s.io/v1/ingressclasses"
        name = self.env.ingress.class_name
        return self.cluster.get(f"{path}/{name}", f"IngressClass {name}")

    @property
    def architectures(self) -> Sequence[str]:
        """Those of the nodes, where they may be looked at."""
        try:
            found = self.cluster.get("/api/v1/nodes", "nodes") or {}
        except ApiError as error:
            if error.code != api_status.FORBIDDEN:
                raise
            return ()
        return [node["status"]["nodeInfo"]["architecture"] for node in found["items"]]

    @cached_property
    def configs(self) -> Configs:
        """The release's Secrets and ConfigMaps."""
        return configs(self.env, self.parameters)

    @cached_property
    def rendered(self) -> tuple[Manifest, ...]:
        """What the templates make."""
        return render_manifests(self.invocation, self.env, self.release, self.configs)

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """All that a deployment applies."""
        stamped = manifests.stamp(self.configs.objects, self.env.namespace, labels(self.env.name))
        return (*stamped, *self.rendered)

    @property
    def live(self) -> Manifest | None:
        """The Deployment that runs."""
        path = collection("apps/v1", "deployments", self.env.namespace)
        return self.cluster.get(f"{path}/{self.env.name}", f"Deployment {self.env.name}")


def _denials(store: ssm.Ssm, name: str) -> Iterator[str]:
    try:
        store.get([name])
    except ssm.Denied as error:
        yield error.problems[0]
