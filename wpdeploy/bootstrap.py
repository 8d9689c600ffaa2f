"""Bootstrap: what an administrator applies once for an environment, and what of it is left out."""

from wpdeploy import manifests
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import SHARED_LABELS, Manifest, title
from wpdeploy.settings import Settings
from wpdeploy.template_values import environment_values

# Who serves the IngressClass that we make: EKS Auto Mode.
CONTROLLER = "eks.amazonaws.com/alb"
# Who makes volumes on EFS.
DRIVER = "efs.csi.aws.com"
# Where the settings of the whole cluster are, and the one that has EKS Auto Mode keep to policies.
SYSTEM = "kube-system"
POLICIES = "ConfigMap amazon-vpc-cni"
NO_POLICIES = (
    "the cluster is none of EKS Auto Mode: see to it that its network plugin keeps to "
    "NetworkPolicies (of the VPC CNI: enableNetworkPolicy)"
)
_NO_AUTO_MODE = (
    "the cluster has no IngressClassParams of eks.amazonaws.com/v1, as EKS Auto Mode has: switch "
    "that on, or install the AWS Load Balancer Controller, which brings a class of its own, or "
    "set ingress.enabled to false"
)


def render(context: DeploymentContext, env: Settings) -> tuple[Manifest, ...]:
    """The objects of k8s/cluster for the environment, its Namespace among them."""
    found = manifests.render_cluster(context, environment_values(env))
    if f"Namespace {env.namespace}" not in map(title, found):
        raise ManifestError("k8s/cluster", f"no template makes the Namespace {env.namespace}")
    # Environments of one cluster share the class: one must not relabel what is another's.
    return tuple(
        made
        for item in found
        for made in manifests.stamp([item], _namespace(item, env), SHARED_LABELS)
    )


def _namespace(manifest: Manifest, env: Settings) -> str:
    return SYSTEM if manifest["metadata"].get("namespace") == SYSTEM else env.namespace


def why_no_class(live: Manifest | None, *, is_auto_mode: bool) -> str:
    """Why the IngressClass is not ours to make; `live` is the one that is there."""
    controller = live["spec"].get("controller") if live else CONTROLLER
    if controller != CONTROLLER:
        return f"it is there, and served by {controller}"
    return "" if is_auto_mode else _NO_AUTO_MODE


def scheme_note(params: Manifest | None, scheme: str) -> str:
    """Whether the class overrules what the environment says of its load balancer."""
    given = ((params or {}).get("spec") or {}).get("scheme")
    if given in {None, scheme}:
        return ""
    return f"its spec.scheme, {given}, overrules ingress.scheme, which is {scheme}"


def driver_note(manifest: Manifest, driver: Manifest | None) -> str:
    """Whether nobody makes volumes of the StorageClass yet; `driver` is the CSIDriver."""
    if driver is not None or manifest["provisioner"] != DRIVER:
        return ""
    return f"no claim is bound before the add-on aws-efs-csi-driver ({DRIVER}) is installed"
