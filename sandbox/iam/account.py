"""What an account of moto has, as far as an authorization needs to know it."""

from collections.abc import Callable
from typing import Any

from sandbox.iam.requests import Encryption, Secret

# Keys that AWS made for a service: whoever may use the service in the account may use them.
_OF_AWS = "alias/aws/"


class MotoAccount:
    """The account, by what gives a service's backend."""

    def __init__(self, number: str, backend: Callable[[str], Any]) -> None:
        self.id = number
        self._backend = backend

    def parameter_key(self, name: str) -> str | None:
        """The ARN of the key of a SecureString."""
        held = self._backend("ssm")._parameters  # noqa: SLF001  # there is no other way to them
        newest = held[name][-1] if name in held else None
        return self._key(newest.keyid) if newest else None

    def secret(self, name: str) -> Secret | None:
        """A secret by its name or ARN."""
        found = self._backend("secretsmanager").secrets.get(name)
        return Secret(found.arn, self._key(found.kms_key_id)) if found else None

    def encryption(self, bucket: str, key: str, version: str | None) -> Encryption | None:
        """How an object is encrypted."""
        held = self._backend("s3").buckets.get(bucket)
        versions = held.keys.getlist(key, []) if held else []
        found = [each for each in versions if version in (None, str(each.version_id))]
        arn = self._key(found[-1].kms_key_id) if found else None
        return Encryption(arn, bool(found[-1].bucket_key_enabled)) if arn else None

    def _key(self, given: str | None) -> str | None:
        """The ARN of a customer's key, however it is given."""
        if not given or _OF_AWS in given:
            return None
        return str(self._backend("kms").describe_key(given).arn)
