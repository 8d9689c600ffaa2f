"""The bastion's role as cloudformation/environment.yml has it, in the sandbox's account."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.aws import ACCOUNT, BASTION, REGION, Aws
from sandbox.cloudformation import Stack, TemplateError, load
from sandbox.deployments import BUCKET
from sandbox.iam import Policy
from sandbox.site import ROOT

TEMPLATE = ROOT / "cloudformation" / "environment.yml"
LOGICAL_ID = "BastionRole"
# The parameter that has the ARN of the database's secret.
SECRET = "mysql_admin_secret"  # noqa: S105  # its name
Json = dict[str, Any]


def stack(aws: Aws, group: str, cluster: str, secret: str) -> Stack:
    """The stack of a group whose resources are the sandbox's; `secret` is the database's ARN."""
    return Stack(load(TEMPLATE), _values(aws, group, cluster, secret))


def documents(found: Stack) -> dict[str, Json]:
    """The role's policies by name, with the sandbox's names in them."""
    properties = found.properties(LOGICAL_ID)
    if properties.get("ManagedPolicyArns"):
        raise TemplateError(f"{LOGICAL_ID}: what a managed policy allows is not known here")
    return {each["PolicyName"]: each["PolicyDocument"] for each in properties["Policies"]}


def policies(found: Mapping[str, Json]) -> Mapping[str, Sequence[Policy]]:
    """What the role may do, as the stand-in for AWS takes it."""
    return {BASTION: [Policy.of(name, document) for name, document in found.items()]}


def _values(aws: Aws, group: str, cluster: str, secret: str) -> Mapping[str, str]:
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": f"wordpress-{group.lower()}",
        "Group": group,
        "Key": aws.key.rpartition("/")[2],
        "Key.Arn": aws.key,
        "Cluster": cluster,
        "Cluster.Arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{cluster}",
        "ClusterName": cluster,
        "Database.MasterUserSecret.SecretArn": secret,
        "ArtifactBucket": BUCKET,
        "ArtifactKeyArn": aws.artifacts_key,
    }
