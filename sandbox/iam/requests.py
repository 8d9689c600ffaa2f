"""What a request to AWS takes: actions on resources, of the caller and on the caller's behalf.

From the Service Authorization Reference and the services' own documents. What is not here is
refused: whoever lets the bastion ask for more adds what that takes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.iam.conditions import ENCRYPTION_CONTEXT
from sandbox.iam.policy import Request
from sandbox.iam.signed import Signed

_REFERENCE = "/aws/reference/secretsmanager/"
_CLUSTER = re.compile(r"/clusters/([^/]+)")
_OBJECT = re.compile(r"/([^/]+)/(.+)", re.DOTALL)


@dataclass(frozen=True)
class Encryption:
    """The customer's key that encrypts an object, by its ARN.

    With a bucket key the bucket stands for its objects in the encryption context.
    """

    key: str
    by_bucket: bool


@dataclass(frozen=True)
class Secret:
    """A secret by its ARN, and the customer's key that encrypts it, if it is one."""

    arn: str
    key: str | None


class Account(Protocol):
    """What is in an account; a key of AWS's own is none: all in the account may use it."""

    id: str

    def parameter_key(self, name: str) -> str | None:
        """The ARN of the key of a SecureString."""

    def secret(self, name: str) -> Secret | None:
        """A secret by its name or ARN."""

    def encryption(self, bucket: str, key: str, version: str | None) -> Encryption | None:
        """How an object is encrypted."""


class UnknownRequest(Exception):
    """A request of which nobody has said here what it takes."""


def requests(signed: Signed, account: Account) -> list[Request]:
    """All that must be allowed, in the order in which AWS looks."""
    name = signed.operation or _rest_operation(signed)
    reader = _READERS.get((signed.service, name))
    if reader is None:
        asked = name or f"{signed.method} {signed.path}"
        raise UnknownRequest(f"sandbox/iam/requests.py does not say what {asked} takes")
    return list(reader(signed, account))


def _rest_operation(signed: Signed) -> str:
    is_get = signed.method == "GET"
    if signed.service == "eks" and is_get and _CLUSTER.fullmatch(signed.path):
        return "DescribeCluster"
    plain = set(signed.query) <= {"versionId"}
    if signed.service == "s3" and is_get and plain and _OBJECT.fullmatch(signed.path):
        return "GetObject"
    return ""


def _nothing(_signed: Signed, _account: Account) -> Iterator[Request]:
    """GetCallerIdentity needs no permission."""
    yield from ()


def _describe_cluster(signed: Signed, account: Account) -> Iterator[Request]:
    name = signed.path.rpartition("/")[2]
    yield Request("eks:DescribeCluster", _arn(signed, account, f"cluster/{name}"))


def _batch_get_image(signed: Signed, account: Account) -> Iterator[Request]:
    repository = f"repository/{signed.arguments['repositoryName']}"
    owner = signed.arguments.get("registryId", account.id)
    arn = f"arn:aws:ecr:{signed.region}:{owner}:{repository}"
    yield Request("ecr:BatchGetImage", arn)


def _get_parameters(signed: Signed, account: Account) -> Iterator[Request]:
    arns = {name: _parameter(signed, account, name) for name in signed.arguments["Names"]}
    yield from (Request("ssm:GetParameters", arn) for arn in arns.values())
    decrypts = signed.arguments.get("WithDecryption", False)
    for name, arn in arns.items():
        if name.startswith(_REFERENCE):
            yield from _secret_value(signed, account, name.removeprefix(_REFERENCE))
        elif decrypts and (key := account.parameter_key(_plain(name))):
            yield _decrypt(signed, key, "ssm", {"PARAMETER_ARN": arn})


def _parameter(signed: Signed, account: Account, name: str) -> str:
    return _arn(signed, account, f"parameter/{_plain(name).removeprefix('/')}")


def _describe_parameters(signed: Signed, account: Account) -> Iterator[Request]:
    yield Request("ssm:DescribeParameters", _arn(signed, account, "*"))


def _plain(name: str) -> str:
    """A parameter's name without a version or a label; a reference may end in an ARN."""
    return name if name.startswith(_REFERENCE) else name.partition(":")[0]


def _get_secret_value(signed: Signed, account: Account) -> Iterator[Request]:
    yield from _secret_value(signed, account, signed.arguments["SecretId"])


def _secret_value(signed: Signed, account: Account, name: str) -> Iterator[Request]:
    """What a secret takes, asked for by the caller or in its name; one that is not there, too."""
    secret = account.secret(name)
    yield Request("secretsmanager:GetSecretValue", secret.arn if secret else name)
    if secret and secret.key:
        yield _decrypt(signed, secret.key, "secretsmanager", {"SecretARN": secret.arn})


def _get_object(signed: Signed, account: Account) -> Iterator[Request]:
    match = _OBJECT.fullmatch(signed.path)
    assert match is not None  # noqa: S101  # _rest_operation has looked
    bucket, key = match.groups()
    version = signed.query.get("versionId")
    holder = f"arn:aws:s3:::{bucket}"
    arn = f"{holder}/{key}"
    yield Request("s3:GetObjectVersion" if version else "s3:GetObject", arn)
    if found := account.encryption(bucket, key, version):
        context = {"aws:s3:arn": holder if found.by_bucket else arn}
        yield _decrypt(signed, found.key, "s3", context)


def _decrypt(signed: Signed, key: str, by: str, encryption: Mapping[str, str]) -> Request:
    """What a service asks KMS for with the caller's permissions."""
    context = {f"{ENCRYPTION_CONTEXT}{name.lower()}": each for name, each in encryption.items()}
    via = {"kms:viaservice": f"{by}.{signed.region}.amazonaws.com"}
    return Request("kms:Decrypt", key, via | context)


def _arn(signed: Signed, account: Account, resource: str) -> str:
    return f"arn:aws:{signed.service}:{signed.region}:{account.id}:{resource}"


_READERS: Mapping[tuple[str, str], Callable[[Signed, Account], Iterator[Request]]] = {
    ("sts", "GetCallerIdentity"): _nothing,
    ("eks", "DescribeCluster"): _describe_cluster,
    ("ecr", "BatchGetImage"): _batch_get_image,
    ("ssm", "GetParameters"): _get_parameters,
    ("ssm", "DescribeParameters"): _describe_parameters,
    ("secretsmanager", "GetSecretValue"): _get_secret_value,
    ("s3", "GetObject"): _get_object,
}
