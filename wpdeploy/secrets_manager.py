"""Secrets Manager: a secret by its ARN, as RDS keeps the password of a database's administrator."""

from collections.abc import Callable

from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import ParameterError
from wpdeploy.parameters import StoredSecret

_SECRETS_MANAGER = Service("secretsmanager", "Secrets Manager", ParameterError)
_ACTION = "secretsmanager:GetSecretValue"
_GONE = {"ResourceNotFoundException", "InvalidRequestException"}


def get(
    arn: str, region: str, clock: Clock, notice: Callable[[str], None], *, keeps_text: bool
) -> StoredSecret:
    """The secret's current version; its text only if that is wanted."""

    def told(code: str, message: str) -> ParameterError | None:
        return _told(arn, code, message)

    client = Client(_SECRETS_MANAGER, region, clock, notice)
    call = Call(_ACTION, arn, "get_secret_value", {"SecretId": arn}, "", told)
    answer = client.call(call)
    text = answer.get("SecretString")
    if text is None:
        problem = "holds bytes and no text"
        raise ParameterError(f"secret {arn}", problem, "name the secret that RDS manages")
    return StoredSecret(answer["VersionId"], text if keeps_text else None)


def _told(arn: str, code: str, message: str) -> ParameterError | None:
    where = _SECRETS_MANAGER.where
    if code in _GONE:
        hint = "mend the parameter that names it, or switch install.enabled off"
        return ParameterError(where, f"there is no secret {arn}, or it is being deleted", hint)
    if not code.startswith("AccessDenied"):
        return None
    action, found = denied(message)
    what = f"{action or _ACTION} on {found or arn}"
    hint = "allow it in the role's policy; if the key is your own, kms:Decrypt on it as well"
    return ParameterError(where, f"access denied: {what}", hint)
