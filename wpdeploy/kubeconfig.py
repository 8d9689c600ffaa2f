"""A kubeconfig as an Access: the only module that imports kubernetes.

The package knows contexts, exec plugins and their renewal; its typed models and its API classes are
not used. It takes as long to import as everything else together: nobody imports this module who
does not read a kubeconfig.
"""

import logging
import threading
from typing import Any, Self

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import should_bypass_proxies
from kubernetes.config import load_kube_config
from urllib3.exceptions import InsecureRequestWarning

from wpdeploy.errors import ConfigurationError
from wpdeploy.kube import Access
from wpdeploy.pool import COMMON


class _Kubeconfig:
    """A kubeconfig's cluster and user; read again when the API server no longer knows the user."""

    def __init__(self, path: str, context: str | None) -> None:
        self._path = path
        self._context = context
        self._lock = threading.Lock()
        self.configuration = self._load()

    def _load(self) -> Any:
        configuration = Configuration()
        try:
            with _Errors() as errors:
                load_kube_config(self._path, self._context, configuration, persist_config=False)
        except Exception as error:  # the package raises what its parts happen to raise
            raise self._unusable(error) from error
        if errors.messages:
            raise self._unusable(errors.messages[0])
        return configuration

    def _unusable(self, why: object) -> ConfigurationError:
        hint = "check cluster.kubeconfig and cluster.context in the environment file"
        return ConfigurationError(self._path, f"is no usable kubeconfig: {why}", hint)

    def authorization(self, refused: str | None) -> str | None:
        """The header's value; an exec plugin is run again when its token has expired."""
        with self._lock:
            if refused and refused == self._value():
                self.configuration = self._load()
            return self._value()

    def _value(self) -> str | None:
        names = ("BearerToken", "authorization")  # the package's versions differ in this
        value: str | None = self.configuration.get_api_key_with_prefix(*names)
        return value


class _Errors(logging.Handler):
    """Holds what is logged as an error in its block: so the package tells of a failed plugin."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)


def access(path: str, context: str | None) -> Access:
    """The access that a kubeconfig gives: its file, its context, its exec plugin."""
    kubeconfig = _Kubeconfig(path, context)
    configuration = kubeconfig.configuration
    return Access(configuration.host, _pool(configuration), kubeconfig.authorization)


def _pool(configuration: Any) -> urllib3.PoolManager:
    tls: dict[str, Any] = {
        "cert_reqs": "CERT_REQUIRED" if configuration.verify_ssl else "CERT_NONE",
        "ca_certs": configuration.ssl_ca_cert,
        "cert_file": configuration.cert_file,
        "key_file": configuration.key_file,
        "server_hostname": configuration.tls_server_name,
    }
    tls = {key: value for key, value in tls.items() if value}
    common: dict[str, Any] = {**COMMON, **tls}
    if not configuration.verify_ssl:
        # Whoever wrote insecure-skip-tls-verify knows; kubectl says nothing either.
        urllib3.disable_warnings(InsecureRequestWarning)
    if configuration.proxy and not _is_exempt(configuration):
        return urllib3.ProxyManager(configuration.proxy, **common)
    return urllib3.PoolManager(**common)


def _is_exempt(configuration: Any) -> bool:
    # What the kubernetes package itself asks; it knows networks and wildcards.
    exempt: bool = should_bypass_proxies(configuration.host, configuration.no_proxy or "")
    return exempt
