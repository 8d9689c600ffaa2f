"""Settings: the environment file of a deployment group, as a whole.

k8s/environments/<DEPLOYMENT_GROUP_NAME>.yaml is the source; the dataclasses below are its schema
(docs/environment.md explains each key). Reading it touches nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from wpdeploy import checks, schema
from wpdeploy.context import DeploymentContext
from wpdeploy.grace import Grace, Seconds
from wpdeploy.smoke import Smoke
from wpdeploy.target import LONGEST_DEADLINE, EksCluster, KubeconfigCluster, OnFailure, Target

Quantity = Annotated[str, checks.quantity]
Cidr = Annotated[str, checks.cidr]
Port = Annotated[int, checks.whole(1, 65535)]


@dataclass(frozen=True)
class ClusterAccess:
    """Which cluster: one of EKS by its name, or a kubeconfig file's, where needed by context."""

    eks: Annotated[str, checks.eks_name] | None = None
    kubeconfig: str | None = None
    context: str | None = None

    def __post_init__(self) -> None:
        if bool(self.eks) == bool(self.kubeconfig):
            raise ValueError("must have one of eks and kubeconfig, and not both")
        if self.eks and self.context is not None:
            raise ValueError("has a context, which belongs to a kubeconfig and not to eks")


@dataclass(frozen=True)
class ParameterNames:
    """Where the parameters are: `path`/NAME, or another name for NAME given in `names`.

    `key` is the key of KMS that `params init` encrypts with.
    """

    path: Annotated[str, checks.parameter_path]
    names: Mapping[str, Annotated[str, checks.parameter_name]] = field(default_factory=dict)
    key: Annotated[str, checks.kms_key] | None = None

    def of(self, name: str) -> str:
        """The parameter's full name in SSM."""
        return self.names.get(name) or f"{self.path}/{name}"

    def key_of(self, group: str) -> str:
        """The key: never by default the account's own, which everybody in it may decrypt with."""
        return self.key or f"alias/wordpress-{group.lower()}"


@dataclass(frozen=True)
class Rollout:
    """How long a rollout may take, in seconds."""

    deadline: Annotated[int, checks.whole(10, LONGEST_DEADLINE)] = 900
    progress_deadline: Annotated[int, checks.whole(10, LONGEST_DEADLINE)] = 600
    stability_window: Seconds = 10
    grace: Grace = field(default_factory=Grace)

    def __post_init__(self) -> None:
        if self.progress_deadline + self.stability_window > self.deadline:
            raise ValueError(
                "has a deadline too short for progress_deadline and stability_window together"
            )


@dataclass(frozen=True)
class Resources:
    """A container's resources, as Kubernetes has them."""

    requests: Mapping[str, Quantity] = field(default_factory=dict)
    limits: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True)
class WordPress:
    """The Deployment and its pods."""

    replicas: Annotated[int, checks.whole(0, 1000)] = 3
    resources: Resources = field(default_factory=Resources)
    pre_stop_seconds: Seconds = 10
    termination_grace_seconds: Seconds = 60
    selector: Mapping[str, Annotated[str, checks.label_value]] | None = None

    def __post_init__(self) -> None:
        if self.pre_stop_seconds >= self.termination_grace_seconds:
            raise ValueError("has pre_stop_seconds that leave nothing of termination_grace_seconds")


@dataclass(frozen=True)
class Service:
    """The NodePort Service; without a port of its own it keeps the one that it has."""

    node_port: Port | None = None


@dataclass(frozen=True)
class Ingress:
    """The Application Load Balancer."""

    enabled: bool = True
    class_name: Annotated[str, checks.dns_name] = "alb"
    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    target_type: Literal["instance", "ip"] = "ip"
    success_codes: Annotated[str, checks.success_codes] = "200"
    host: Annotated[str, checks.host] | None = None
    certificate_arn: Annotated[str, checks.certificate_arn] | None = None


@dataclass(frozen=True)
class DisruptionBudget:
    """The PodDisruptionBudget."""

    enabled: bool = True


@dataclass(frozen=True)
class Install:
    """The Job that makes database, user and site where they are not there yet."""

    enabled: bool = True


@dataclass(frozen=True)
class Upgrade:
    """The Job that brings the database to the version of a new core."""

    enabled: bool = True


@dataclass(frozen=True)
class Cron:
    """The CronJob that runs WordPress's own schedule (wp-cron)."""

    enabled: bool = True
    schedule: Annotated[str, checks.cron_schedule] = "*/5 * * * *"


@dataclass(frozen=True)
class Autoscaling:
    """The HorizontalPodAutoscaler, which then owns the number of replicas."""

    enabled: bool = False
    min_replicas: Annotated[int, checks.whole(1, 1000)] = 3
    max_replicas: Annotated[int, checks.whole(1, 1000)] = 9
    cpu_percent: Annotated[int, checks.whole(1, 1000)] = 70

    def __post_init__(self) -> None:
        if self.min_replicas > self.max_replicas:
            raise ValueError("has more min_replicas than max_replicas")


@dataclass(frozen=True)
class Uploads:
    """The volume that all pods share for wp-content/uploads.

    With a `file_system` of EFS, `bootstrap` makes the StorageClass.
    """

    enabled: bool = False
    storage_class: Annotated[str, checks.dns_name] | None = None
    size: Quantity = "20Gi"
    file_system: Annotated[str, checks.file_system] | None = None

    def __post_init__(self) -> None:
        if self.file_system and not self.storage_class:
            raise ValueError(
                "has a file_system, and no storage_class: the name of the StorageClass that "
                "bootstrap makes for it"
            )


@dataclass(frozen=True)
class NetworkPolicy:
    """Who may talk to the pods, and where the pods may go."""

    enabled: bool = False
    from_cidrs: tuple[Cidr, ...] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
    to_ports: tuple[Port, ...] = (80, 443, 587, 3306, 11211)

    def __post_init__(self) -> None:
        if not self.from_cidrs:
            raise ValueError("has an empty from_cidrs, which Kubernetes takes for everybody")


@dataclass(frozen=True)
class Settings:
    """An environment: everything that makes it differ from another one."""

    cluster: ClusterAccess
    namespace: Annotated[str, checks.dns_label]
    parameters: ParameterNames
    name: Annotated[str, checks.base_name] = "wordpress"
    region: str | None = None
    rollout: Rollout = field(default_factory=Rollout)
    smoke: Smoke = field(default_factory=Smoke)
    on_failure: OnFailure = "keep"
    wordpress: WordPress = field(default_factory=WordPress)
    service: Service = field(default_factory=Service)
    ingress: Ingress = field(default_factory=Ingress)
    disruption_budget: DisruptionBudget = field(default_factory=DisruptionBudget)
    install: Install = field(default_factory=Install)
    upgrade: Upgrade = field(default_factory=Upgrade)
    cron: Cron = field(default_factory=Cron)
    autoscaling: Autoscaling = field(default_factory=Autoscaling)
    uploads: Uploads = field(default_factory=Uploads)
    network_policy: NetworkPolicy = field(default_factory=NetworkPolicy)
    env: Annotated[Mapping[str, str], checks.env_names] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        times = self.rollout
        longest = times.deadline + times.progress_deadline + times.stability_window
        if self.on_failure == "rollback" and longest > LONGEST_DEADLINE:
            raise ValueError(
                "leaves on_failure: rollback too little time: rollout.deadline, progress_deadline "
                f"and stability_window are more than {LONGEST_DEADLINE} s together"
            )

    def target(self, cluster: KubeconfigCluster | EksCluster) -> Target:
        """What the steps after `render` must know, with the cluster where it was found."""
        return Target(
            cluster=cluster,
            namespace=self.namespace,
            name=self.name,
            deadline=self.rollout.deadline,
            stability_window=self.rollout.stability_window,
            grace=self.rollout.grace,
            smoke=self.smoke,
            on_failure=self.on_failure,
            region=self.region,
        )


def read(context: DeploymentContext) -> Settings:
    """The settings of the context's deployment group."""
    path = context.environment_file
    return schema.read(path, context.shown(path), Settings)
