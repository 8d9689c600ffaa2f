"""The SSM Parameter Store as `params` uses it: what there is, without a value, and making the rest.

No answer's value is kept, and none of ours is told: what SSM says of a request is redacted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import ParameterError
from wpdeploy.provision import SECURE, Held
from wpdeploy.redaction import redacted

_SSM = Service("ssm", "SSM Parameter Store", ParameterError)
# What each call takes at most (SSM's API reference).
_NAMES, _PAGE = 10, 50
_GET, _DESCRIBE, _PUT = "ssm:GetParameters", "ssm:DescribeParameters", "ssm:PutParameter"
_KEY_STATES = {"InvalidKeyId", "KMSInvalidStateException", "InvalidKeyUsageException"}


class Denied(ParameterError):
    """SSM or KMS denies an action."""


class _ThereAlready(ParameterError):
    """A parameter of that name exists: it is not overwritten."""


class SsmAdmin:
    """The Parameter Store of one region."""

    def __init__(self, region: str, clock: Clock, notice: Callable[[str], None]) -> None:
        self._client = Client(_SSM, region, clock, notice)

    def look(self, names: Sequence[str]) -> Mapping[str, Held]:
        """The parameters that exist, by name; nothing is decrypted."""
        found: dict[str, Held] = {}
        for start in range(0, len(names), _NAMES):
            batch = names[start : start + _NAMES]
            arguments = {"Names": list(batch), "WithDecryption": False}
            subject = f"{batch[0]}..."
            call = Call(_GET, subject, "get_parameters", arguments, "Parameters", _telling(_GET))
            for item in self._client.call(call):
                found[item["Name"]] = Held(item["Type"], item["Version"])
        return found

    def keys(self, names: Sequence[str]) -> Mapping[str, str]:
        """The key that each encrypted parameter was made with, as it was named then."""
        found: dict[str, str] = {}
        for start in range(0, len(names), _PAGE):
            for item in self._described(names[start : start + _PAGE]):
                if key := item.get("KeyId"):
                    found[item["Name"]] = key
        return found

    def _described(self, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """All pages: one may be empty, and yet not be the last."""
        names_filter = {"Key": "Name", "Option": "Equals", "Values": list(names)}
        arguments: dict[str, Any] = {"ParameterFilters": [names_filter], "MaxResults": _PAGE}
        told, more = _telling(_DESCRIBE), True
        while more:
            call = Call(_DESCRIBE, "them", "describe_parameters", arguments, "", told)
            answer = self._client.call(call)
            yield from answer.get("Parameters") or ()
            more = bool(answer.get("NextToken"))
            arguments = {**arguments, "NextToken": answer.get("NextToken")}

    def make(self, name: str, value: str, key: str) -> bool:
        """Make a SecureString under the key; False where it exists, and stays as it is."""

        def told(code: str, message: str) -> ParameterError:
            return _put_told(code, redacted(message, [value]), name, key)

        arguments = {"Name": name, "Value": value, "Type": SECURE, "KeyId": key}
        given = {**arguments, "Overwrite": False}
        try:
            self._client.call(Call(_PUT, name, "put_parameter", given, "Version", told))
        except _ThereAlready:
            return False
        return True


def _put_told(code: str, message: str, name: str, key: str) -> ParameterError:
    if code == "ParameterAlreadyExists":
        return _ThereAlready(name, "exists already")
    if code in _KEY_STATES:
        hint = (
            "launch the environment's stack first, which makes it, or name your own key as "
            "parameters.key in the environment file"
        )
        return ParameterError("KMS", f"{key} is no key that can encrypt: {message}", hint)
    return _denied_told(_PUT, code, message) or ParameterError(
        _SSM.where, f"refuses {_PUT} of {name}: {code}: {message}"
    )


def _telling(action: str) -> Callable[[str, str], ParameterError | None]:
    return lambda code, message: _denied_told(action, code, message)


def _denied_told(action: str, code: str, message: str) -> Denied | None:
    if not code.startswith("AccessDenied"):
        return None
    found, arn = denied(message)
    what = f"{found or action} on {arn}" if arn else found or action
    if found.startswith("kms:"):
        hint = "allow it in your own policy and in the key's; an administrator has it"
        return Denied("KMS", f"access denied: {what}", hint)
    return Denied(_SSM.where, f"access denied: {what}", "run it as an administrator of the account")
