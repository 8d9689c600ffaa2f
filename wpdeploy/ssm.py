"""The SSM Parameter Store: parameters by name, ten a call, and what a refusal means.

Nothing is said of a value: answers are passed on as they are, errors carry names and ARNs alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import ParameterError
from wpdeploy.parameters import StoredParameter

# GetParameters takes ten names at most (SSM's API reference).
_BATCH = 10
_WHERE = "SSM Parameter Store"
_ACTION = "ssm:GetParameters"
_ENCRYPTED = "SecureString"


class Denied(ParameterError):
    """SSM or KMS denies the access to a parameter, and so to all that were asked for with it."""


class Ssm:
    """The Parameter Store of one region; what is encrypted is empty where it is not decrypted."""

    def __init__(
        self, region: str, clock: Clock, notice: Callable[[str], None], *, decrypts: bool = True
    ) -> None:
        self._client = Client(Service("ssm", _WHERE, ParameterError), region, clock, notice)
        self._decrypts = decrypts

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        """The parameters by name; those that do not exist are left out.

        `name:3` asks for the third version, and is found by its name as well.
        """
        found: dict[str, StoredParameter] = {}
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            items = self._client.call(_get_parameters(batch, decrypts=self._decrypts))
            found.update((item["Name"], _stored(item, decrypted=self._decrypts)) for item in items)
        return found


def _get_parameters(names: Sequence[str], *, decrypts: bool) -> Call:
    def told(code: str, message: str) -> ParameterError | None:
        return _denied(message, names) if code.startswith("AccessDenied") else None

    arguments = {"Names": list(names), "WithDecryption": decrypts}
    return Call(_ACTION, f"{names[0]}...", "get_parameters", arguments, "Parameters", told)


def _stored(item: Mapping[str, Any], *, decrypted: bool) -> StoredParameter:
    modified = item["LastModifiedDate"].astimezone(UTC).isoformat(timespec="milliseconds")
    value = item["Value"] if decrypted or item["Type"] != _ENCRYPTED else ""
    return StoredParameter(item["Name"], value, item["Version"], modified)


def _denied(message: str, names: Sequence[str]) -> Denied:
    """SSM says in prose what was denied; a denied key comes without the words of a denied call."""
    action, arn = denied(message)
    action = action or ("kms:Decrypt" if "ciphertext" in message else _ACTION)
    if action.startswith("kms:"):
        key = arn or f"the key that encrypts one of {', '.join(names)}"
        hint = f"allow {action} on the key in the role's policy and in the key's own policy"
        return Denied("KMS", f"access denied: {action} on {key}", hint)
    what = arn or f"one of {', '.join(names)}"
    hint = "allow the action on these parameters in the role's policy"
    return Denied(_WHERE, f"access denied: {action} on {what}", hint)
