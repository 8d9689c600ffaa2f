"""A cluster of EKS: where it is, and the Access to it by a token that STS vouches for.

The token is the URL of a presigned GetCallerIdentity: EKS asks STS by it who has signed. The rule
is aws-iam-authenticator's, and `aws eks get-token` follows it too.
"""

import ssl
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from wpdeploy.aws import Call, Client, Service, denied
from wpdeploy.clock import Clock
from wpdeploy.errors import ClusterError, ConfigurationError
from wpdeploy.kube import Access
from wpdeploy.pool import COMMON
from wpdeploy.target import EksCluster

_EKS = Service("eks", "EKS", ClusterError)
_ACTION = "eks:DescribeCluster"
# A cluster has an API server that answers in these states; the others lead there, or nowhere.
_SERVING = {"ACTIVE", "UPDATING"}
# EKS takes a token for 15 minutes after it was signed.
_RENEWED_AFTER = 600.0

# Signs for a cluster, by name, in a region.
Sign = Callable[[str, str], str]


def describe(name: str, region: str, clock: Clock, notice: Callable[[str], None]) -> EksCluster:
    """The cluster of that name in a region."""
    told = partial(_told, name, region)
    call = Call(_ACTION, name, "describe_cluster", {"name": name}, "cluster", told)
    found = Client(_EKS, region, clock, notice).call(call)
    endpoint, state = found.get("endpoint"), found.get("status")
    authority = found.get("certificateAuthority", {}).get("data")
    if state not in _SERVING or not endpoint or not authority:
        hint = "wait until it is ACTIVE and has an endpoint, or see in EKS why not"
        raise ClusterError(f"EKS cluster {name}", f"does not serve: its status is {state}", hint)
    return EksCluster(name, region, endpoint, authority)


def _told(name: str, region: str, code: str, message: str) -> ClusterError | None:
    if code == "ResourceNotFoundException":
        hint = "check cluster.eks and region in the environment file"
        return ClusterError(_EKS.where, f"there is no cluster {name} in {region}", hint)
    if code.startswith("AccessDenied"):
        _, arn = denied(message)
        problem = f"access denied: {_ACTION} on {arn or f'the cluster {name}'}"
        hint = "allow the action on the cluster in the role's policy"
        return ClusterError(_EKS.where, problem, hint)
    return None


def access(cluster: EksCluster, sign: Sign, clock: Clock) -> Access:
    """The access to a cluster as whom `sign` signs for; the clock says when a token is old."""
    token = _Token(lambda: sign(cluster.name, cluster.region), clock)
    hint = (
        f"give who asks (a bastion: its role) an access entry for the EKS cluster {cluster.name}, "
        "and check this machine's clock"
    )
    return Access(cluster.endpoint.rstrip("/"), _pool(cluster), token.authorization, hint)


class _Token:
    """The token, shared by the threads that watch; signed when it is first asked for."""

    def __init__(self, sign: Callable[[], str], clock: Clock) -> None:
        self._sign = sign
        self._clock = clock
        self._lock = threading.Lock()
        self._old_at = clock.monotonic()
        self._value = ""

    def authorization(self, refused: str | None) -> str:
        """The header's value; an old token is renewed, and one that was refused: once for all."""
        with self._lock:
            now = self._clock.monotonic()
            if refused == self._value or now >= self._old_at:
                encoded = urlsafe_b64encode(self._sign().encode()).rstrip(b"=").decode()
                self._value, self._old_at = f"Bearer k8s-aws-v1.{encoded}", now + _RENEWED_AFTER
            return self._value


def _pool(cluster: EksCluster) -> urllib3.PoolManager:
    common: dict[str, Any] = {**COMMON, "ssl_context": _tls(cluster)}
    proxy = _proxy(cluster.endpoint)
    try:
        return urllib3.ProxyManager(proxy, **common) if proxy else urllib3.PoolManager(**common)
    except HTTPError as error:
        raise ConfigurationError("HTTPS_PROXY", f"is no proxy: {error}") from error


def _tls(cluster: EksCluster) -> ssl.SSLContext:
    """Trust in the cluster's CA alone."""
    # Not ssl.create_default_context: from Python 3.13 on it is strict about what older CAs lack.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=b64decode(cluster.certificate_authority).decode())
    except (ValueError, ssl.SSLError) as error:
        problem = f"its certificate authority is no certificate: {error}"
        raise ClusterError(f"EKS cluster {cluster.name}", problem) from error
    return context


def _proxy(endpoint: str) -> str | None:
    """The proxy of the environment (HTTPS_PROXY), but for hosts that NO_PROXY exempts."""
    proxy = None if proxy_bypass(urlsplit(endpoint).netloc) else getproxies().get("https")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
