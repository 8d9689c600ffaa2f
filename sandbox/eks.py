"""EKS's part in a request to the API server: a bearer token to a Kubernetes user.

A token is a GetCallerIdentity that its bearer has presigned. It is taken apart by the rules of
aws-iam-authenticator, which EKS runs; STS says who signed it, and the cluster's access entries say
who that is in Kubernetes.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, parse_qsl, urlsplit

from sandbox.aws import REGION, Aws
from sandbox.kubernetes.access import User
from sandbox.sts import Presigned, StsError, caller

_LOG = logging.getLogger(__name__)
_PREFIX = "k8s-aws-v1."
_LONGEST = 4096
_CLUSTER_HEADER = "x-k8s-aws-id"
_LIFETIME = timedelta(minutes=15)
_PARAMETERS = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-user-agent",
}
_ASSUMED = re.compile(r"arn:aws:sts::(\d+):assumed-role/([^/]+)/([^/]+)")


class Refused(Exception):
    """A token that is not valid, and why."""


@dataclass(frozen=True)
class AccessEntry:
    """Who an IAM principal is in the cluster.

    In a username {{SessionName}} stands for the role's session; without one it is the ARN that STS
    gives.
    """

    principal: str
    groups: tuple[str, ...] = ()
    username: str | None = None


@dataclass(frozen=True)
class _Token:
    """A token taken apart; the query as it came, with names that may occur twice."""

    url: SplitResult
    pairs: Sequence[tuple[str, str]]

    @property
    def query(self) -> Mapping[str, str]:
        return dict(self.pairs)

    @property
    def names(self) -> list[str]:
        return [name.lower() for name, _ in self.pairs]

    @property
    def lifetime(self) -> int:
        value = self.query.get("X-Amz-Expires", "")
        return int(value) if value.isascii() and value.isdecimal() else 0

    @property
    def signed_headers(self) -> list[str]:
        return self.query.get("X-Amz-SignedHeaders", "").split(";")


# What a token must be, and what is said of one that is not.
_RULES: Sequence[tuple[Callable[[_Token], bool], str]] = (
    (lambda token: token.url.scheme == "https", "the URL is not https"),
    (
        lambda token: token.url.netloc == f"sts.{REGION}.amazonaws.com",
        "the host is not STS of the region",
    ),
    (lambda token: token.url.path == "/", "the path is not /"),
    (
        lambda token: not token.url.fragment and set(token.names) <= _PARAMETERS,
        "the query has a parameter that is not allowed",
    ),
    (
        lambda token: len(token.names) == len(set(token.names)),
        "the query has a parameter twice",
    ),
    (
        lambda token: token.query.get("Action") == "GetCallerIdentity",
        "the action is not GetCallerIdentity",
    ),
    (
        lambda token: _CLUSTER_HEADER in token.signed_headers,
        f"{_CLUSTER_HEADER} is not among the signed headers",
    ),
    (
        lambda token: 0 < token.lifetime <= _LIFETIME.total_seconds(),
        "X-Amz-Expires is not between 1 and 900",
    ),
)


class Authenticator:
    """The tokens of one cluster. A token is shown to STS once; its age is checked each time."""

    def __init__(
        self,
        aws: Aws,
        cluster: str,
        entries: Iterable[AccessEntry],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._aws = aws
        self._cluster = cluster
        self._entries = {entry.principal: entry for entry in entries}
        self._now = now
        self._callers: dict[str, str] = {}
        self._revoked: set[str] = set()

    def __call__(self, token: str) -> User | None:
        """The token's user; None, and a line in the log, for a token that is not valid."""
        try:
            return self.review(token)
        except Refused as error:
            _LOG.info("refused: %s", error)
            return None

    def review(self, token: str) -> User:
        """The token's user, or why it is refused."""
        parsed = _parse(token)
        self._check_age(parsed)
        if token in self._revoked:
            raise Refused("the session of the token is revoked")
        if token not in self._callers:
            self._callers[token] = self._ask(parsed)
        return self._user(self._callers[token])

    def revoke(self) -> None:
        """Refuse from now on all tokens that were ever taken, as if their time were over."""
        self._revoked |= self._callers.keys()

    def _check_age(self, token: _Token) -> None:
        try:
            date = datetime.strptime(token.query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%S%z")
        except ValueError as error:
            raise Refused("X-Amz-Date is no date") from error
        if self._now() - date > _LIFETIME:
            raise Refused("the token is older than 15 minutes")

    def _ask(self, token: _Token) -> str:
        headers = {"host": token.url.netloc, _CLUSTER_HEADER: self._cluster}
        try:
            return caller(self._aws, Presigned(token.query, headers))
        except StsError as error:
            raise Refused(str(error)) from error

    def _user(self, arn: str) -> User:
        match = _ASSUMED.fullmatch(arn)
        principal = f"arn:aws:iam::{match[1]}:role/{match[2]}" if match else arn
        entry = self._entries.get(principal)
        if entry is None:
            raise Refused(f"there is no access entry for {principal}")
        session = match[3].replace("@", "-") if match else ""
        name = (entry.username or arn).replace("{{SessionName}}", session)
        return User(name, entry.groups)


def _parse(token: str) -> _Token:
    if len(token) > _LONGEST or not token.startswith(_PREFIX):
        raise Refused(f"it does not begin with {_PREFIX}, or is too long")
    encoded = token.removeprefix(_PREFIX)
    if encoded.endswith("="):
        raise Refused("it is padded")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True)
        url = urlsplit(decoded.decode())
        pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("it holds no URL") from error
    parsed = _Token(url, pairs)
    for holds, problem in _RULES:
        if not holds(parsed):
            raise Refused(problem)
    return parsed
