"""AWS, from outside: the only module that imports boto3 and botocore.

Foreign errors become ours here. Nothing is said of a value: SSM's answers are passed on as they
are, its errors carry names and ARNs alone.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.utils import BadIMDSRequestError, IMDSRegionProvider

from wpdeploy.clock import Clock
from wpdeploy.errors import ConfigurationError, ParameterError
from wpdeploy.parameters import StoredParameter
from wpdeploy.retries import Transient, retrying

# GetParameters takes ten names at most (SSM's API reference).
_BATCH = 10
_THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
}
_SERVER_ERROR = 500
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_DENIED = re.compile(
    r"not authorized to perform: (?P<action>[\w:]+)(?: on resource: (?P<arn>\S+))?"
)
_WHERE = "SSM Parameter Store"


def region(configured: str | None, environ: Mapping[str, str]) -> str:
    """The region: the environment file's, AWS_REGION, or the instance metadata's (IMDSv2)."""
    if configured or environ.get("AWS_REGION"):
        return configured or environ["AWS_REGION"]
    try:
        found = IMDSRegionProvider(botocore.session.get_session()).provide()
    except (BotoCoreError, BadIMDSRequestError):
        found = None
    if found is None or not _REGION.fullmatch(found):
        raise ConfigurationError(
            "region",
            "neither the environment file nor AWS_REGION nor the instance metadata names one",
            'add "region: eu-central-1", or the one it is, to the environment file',
        )
    return str(found)


class Ssm:
    """The Parameter Store of one region."""

    def __init__(self, region_name: str, clock: Clock, notice: Callable[[str], None]) -> None:
        # The retries are ours: botocore's own would sleep on a clock that no test can hold.
        config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1})
        try:
            session = boto3.session.Session(region_name=region_name)
            self._client: Any = session.client("ssm", config=config)
        except (BotoCoreError, ValueError) as error:
            hint = "check the region, and the AWS_ variables"
            raise ParameterError(_WHERE, f"cannot be asked: {error}", hint) from error
        self._retrying = retrying(clock, notice)

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        """The decrypted parameters by name, ten a call; those that do not exist are left out."""
        found: dict[str, StoredParameter] = {}
        for start in range(0, len(names), _BATCH):
            batch = list(names[start : start + _BATCH])
            answer = self._retrying.copy()(self._get_parameters, batch)
            found.update((item["Name"], _stored(item)) for item in answer["Parameters"])
        return found

    def _get_parameters(self, names: list[str]) -> Any:
        try:
            answer = self._client.get_parameters(Names=names, WithDecryption=True)
        except ClientError as error:
            raise _explained(error, names) from error
        except NoCredentialsError as error:
            hint = "give the bastion's instance profile a role, or set AWS credentials"
            raise ParameterError(_WHERE, "there are no AWS credentials", hint) from error
        except (BotoConnectionError, HTTPClientError) as error:
            hint = "check the route to SSM, or its VPC endpoint"
            raise Transient(ParameterError(_WHERE, f"is not reached: {error}", hint)) from error
        except BotoCoreError as error:
            raise ParameterError(_WHERE, str(error)) from error
        if "Parameters" not in answer:
            hint = "check AWS_ENDPOINT_URL and the proxies"
            problem = "answers with something other than parameters"
            raise Transient(ParameterError(_WHERE, problem, hint))
        return answer


def _stored(item: Mapping[str, Any]) -> StoredParameter:
    modified = item["LastModifiedDate"].astimezone(UTC).isoformat(timespec="milliseconds")
    return StoredParameter(item["Name"], item["Value"], item["Version"], modified)


def _explained(error: ClientError, names: Sequence[str]) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code.startswith("AccessDenied"):
        return _denied(message, names)
    ours = ParameterError(_WHERE, f"refuses ssm:GetParameters of {names[0]}...: {code}: {message}")
    return Transient(ours) if code in _THROTTLED or status >= _SERVER_ERROR else ours


def _denied(message: str, names: Sequence[str]) -> ParameterError:
    """SSM says in prose what was denied; a denied key comes without the words of a denied call."""
    match = _DENIED.search(message)
    action = match["action"] if match else "kms:Decrypt" if "ciphertext" in message else ""
    arn = match["arn"].rstrip(".,") if match and match["arn"] else ""
    if action.startswith("kms:"):
        key = arn or f"the key that encrypts one of {', '.join(names)}"
        hint = f"allow {action} on the key in the role's policy and in the key's own policy"
        return ParameterError("KMS", f"access denied: {action} on {key}", hint)
    what = arn or f"one of {', '.join(names)}"
    return ParameterError(
        _WHERE,
        f"access denied: {action or 'ssm:GetParameters'} on {what}",
        "allow the action on these parameters in the role's policy",
    )
