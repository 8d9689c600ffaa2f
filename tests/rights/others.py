"""What other programs on the bastion need, which no run here can show, by AWS's own documents."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sandbox.aws import ACCOUNT, REGION
from sandbox.iam.patterns import action_matches, arn_matches
from tests.rights.permissions import AwsRight, Permission
from tests.rights.world import GROUP

EVERYTHING = "*"


class Other(NamedTuple):
    """Actions on resources, who needs them, and where that is documented.

    `resources` is the most that may be granted; everything, where an action knows no resource or
    none that has a name before it is there.
    """

    actions: Sequence[str]
    resources: str
    who: str
    source: str


_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/wordpress/{GROUP}/*"
_USER_GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
_AGENTS_POLICY = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference"
OTHERS = (
    Other(
        (
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        EVERYTHING,
        "the SSM agent, for Session Manager",
        f"[Session Manager's own instance profile]({_USER_GUIDE}"
        "/getting-started-create-iam-instance-profile.html)",
    ),
    Other(
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        _LOGS,
        "the CloudWatch agent",
        f"[CloudWatchAgentServerPolicy]({_AGENTS_POLICY}/CloudWatchAgentServerPolicy.html), whose "
        "other actions make what the stack makes, or send what is not sent here",
    ),
)


def other(permission: Permission) -> Other | None:
    """Whose right it is, if it is another program's, and no more than that needs."""
    if not isinstance(permission, AwsRight):
        return None
    return next((each for each in OTHERS if _covers(each, permission)), None)


def ours(permissions: Iterable[Permission]) -> list[Permission]:
    """Those that runs here must prove."""
    return [each for each in permissions if other(each) is None]


def _covers(known: Other, right: AwsRight) -> bool:
    named = any(action_matches(action, right.action) for action in known.actions)
    if EVERYTHING in (known.resources, right.resource):
        return named and known.resources == right.resource
    return named and arn_matches(known.resources, right.resource)
