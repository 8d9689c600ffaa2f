"""STS: who AWS takes this process for."""

from collections.abc import Callable

from wpdeploy.aws import Call, Client, Service
from wpdeploy.clock import Clock
from wpdeploy.errors import ParameterError

_STS = Service("sts", "STS", ParameterError)


def identity(region: str, clock: Clock, notice: Callable[[str], None]) -> str:
    """The ARN of the caller."""
    action = "sts:GetCallerIdentity"
    call = Call(action, "this process", "get_caller_identity", {}, "Arn", lambda *_: None)
    return str(Client(_STS, region, clock, notice).call(call))
