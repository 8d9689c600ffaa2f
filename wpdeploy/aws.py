"""AWS, from outside: the only module that imports boto3, and botocore below it.

Foreign errors become ours here; what a service refuses is told by whoever asked it (ssm.py,
eks.py).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError
from botocore.utils import BadIMDSRequestError, IMDSRegionProvider

from wpdeploy.clock import Clock
from wpdeploy.errors import ClusterError, ConfigurationError, WpdeployError
from wpdeploy.retries import Transient, retrying

_THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "TooManyUpdates",
}
_SERVER_ERROR = 500
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_DENIED = re.compile(
    r"not authorized to perform: (?P<action>[\w:]+)(?: on resource: (?P<arn>\S+))?"
)
# Where STS is in partitions with a domain of their own, by the first word of the region's name.
_DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
_STS_URL = "https://sts.{region}.{domain}/?Action=GetCallerIdentity&Version=2011-06-15"


@dataclass(frozen=True)
class Service:
    """A service of AWS: botocore's name for it, ours, and the error that its failures are."""

    name: str
    where: str
    error: type[WpdeployError]


_STS = Service("sts", "EKS token", ClusterError)


@dataclass(frozen=True)
class Call:
    """A call: the action on what, botocore's method, the key of the answer, or "" for all of it.

    `told` makes an error of a refusal's code and message; where it has none, they are shown.
    """

    action: str
    subject: str
    method: str
    arguments: Mapping[str, Any] = field(repr=False)
    key: str
    told: Callable[[str, str], WpdeployError | None]


@dataclass(frozen=True)
class _Failure:
    """What is said of a call without an answer; `{error}` stands for botocore's words."""

    kinds: tuple[type[Exception], ...]
    problem: str = "{error}"
    hint: str = ""
    may_pass: bool = False


# The first that fits.
_FAILURES = (
    _Failure(
        (NoCredentialsError,),
        "there are no AWS credentials",
        "give the bastion's instance profile a role, or set AWS credentials",
    ),
    _Failure((CredentialRetrievalError,), may_pass=True),
    _Failure(
        (BotoConnectionError, HTTPClientError),
        "is not reached: {error}",
        "check the route to {service}, or its VPC endpoint",
        may_pass=True,
    ),
    _Failure(
        (ResponseParserError,),
        "answers with something that cannot be read",
        "check AWS_ENDPOINT_URL and the proxies",
        may_pass=True,
    ),
    _Failure((BotoCoreError,)),
)


# At least these: botocore itself asks the instance metadata once and gives up after a second, and
# a busy host would be told that it has no credentials.
_PATIENCE = {"metadata_service_timeout": 5, "metadata_service_num_attempts": 2}


@cache
def _session() -> Any:
    """One a process: credentials are asked for once, and botocore's data is read once."""
    session = botocore.session.get_session()
    for name, least in _PATIENCE.items():
        session.set_config_variable(name, max(least, session.get_config_variable(name)))
    return session


def region(configured: str | None, environ: Mapping[str, str]) -> str:
    """The region: the environment file's, AWS_REGION, or the instance metadata's (IMDSv2)."""
    if configured or environ.get("AWS_REGION"):
        return configured or environ["AWS_REGION"]
    try:
        found = IMDSRegionProvider(_session()).provide()
    except (BotoCoreError, BadIMDSRequestError):
        found = None
    if found is None or not _REGION.fullmatch(found):
        raise ConfigurationError(
            "region",
            "neither the environment file nor AWS_REGION nor the instance metadata names one",
            'add "region: eu-central-1", or the one it is, to the environment file',
        )
    return str(found)


def denied(message: str) -> tuple[str, str]:
    """The action and the ARN that a refusal names in its prose; empty where it names none."""
    match = _DENIED.search(message)
    return (match["action"], (match["arn"] or "").rstrip(".,")) if match else ("", "")


class Client:
    """A service in one region; what may pass is tried again."""

    def __init__(
        self, service: Service, region_name: str, clock: Clock, notice: Callable[[str], None]
    ) -> None:
        # The retries are ours: botocore's own would sleep on a clock that no test can hold.
        config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1})
        self._service = service
        try:
            # Who only signs does not pay for it.
            import boto3.session  # noqa: PLC0415

            session = boto3.session.Session(botocore_session=_session())
            self._client = session.client(service.name, region_name, config=config)
        except (BotoCoreError, ValueError) as error:
            hint = "check the region, and the AWS_ variables"
            raise service.error(service.where, f"cannot be asked: {error}", hint) from error
        self._retrying = retrying(clock, notice)

    def call(self, call: Call) -> Any:
        """What the answer has under the call's key, or all of it."""
        return self._retrying.copy()(self._attempt, call)

    def _attempt(self, call: Call) -> Any:
        try:
            answer = getattr(self._client, call.method)(**call.arguments)
        except ClientError as error:
            raise _refused(self._service, call, error) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise _failed(self._service, error) from error
        if not call.key:
            return answer
        if call.key not in answer:
            problem = f'answers {call.action} without "{call.key}"'
            hint = "check AWS_ENDPOINT_URL and the proxies"
            raise Transient(self._service.error(self._service.where, problem, hint))
        return answer[call.key]


def _refused(service: Service, call: Call, error: ClientError) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    problem = f"refuses {call.action} of {call.subject}: {code}: {message}"
    ours = call.told(code, message) or service.error(service.where, problem)
    return Transient(ours) if code in _THROTTLED or status >= _SERVER_ERROR else ours


def _failed(service: Service, error: Exception) -> Exception:
    failure = next(failure for failure in _FAILURES if isinstance(error, failure.kinds))
    problem = failure.problem.format(error=str(error).strip())
    hint = failure.hint.format(service=service.name.upper())
    ours = service.error(service.where, problem, hint)
    return Transient(ours) if failure.may_pass else ours


def identity_url(cluster: str, region_name: str) -> str:
    """A presigned GetCallerIdentity of STS, good for one cluster of EKS: see eks.py.

    The host is AWS's own, whatever AWS_ENDPOINT_URL says: EKS takes no other. No client is made
    for it: its models would take longer to load than everything else.
    """
    domain = _DOMAINS.get(region_name.partition("-")[0], "amazonaws.com")
    url = _STS_URL.format(region=region_name, domain=domain)
    request = AWSRequest("GET", url, headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(_credentials(), "sts", region_name, expires=60).add_auth(request)
    return str(request.url)


def _credentials() -> Any:
    """The credentials as they are now; botocore renews those that expire."""
    try:
        credentials = _session().get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials.get_frozen_credentials()
    except BotoCoreError as error:
        raise _failed(_STS, error) from error
