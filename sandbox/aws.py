"""AWS on loopback: moto's server, with what an account has: a key, parameters, roles, clusters."""

import base64
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Self

import boto3
from moto.backends import get_backend
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox import metadata
from sandbox.iam import ADMINISTRATOR, Caller, Guard, MotoAccount, Policy
from sandbox.state import State

REGION = "eu-central-1"
ACCOUNT = "123456789012"  # the one that moto is
BASTION = "bastion"
_INSTANCE = "i-0f1e2d3c4b5a69788"
# What moto keeps for all regions.
_GLOBAL = {"sts", "s3"}


@dataclass(frozen=True)
class Credentials:
    """What somebody has who assumed a role, as an instance profile gives it."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """What makes a process use them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


_ADMINISTRATOR = Credentials(ADMINISTRATOR, ADMINISTRATOR, "")


class Aws:
    """A running stand-in for AWS; `environ` is what a process on the bastion needs to reach it.

    moto loads a service with its first request: what is not used costs nothing.
    """

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._state = State()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._metadata = metadata.application(REGION, BASTION, self._instance_credentials)
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler
        )
        # moto's own thread takes half a second to stop.
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.credentials: dict[str, Credentials] = {}
        self._callers: dict[str, Caller] = {}
        self._guard: Guard | None = None
        self._clients: dict[tuple[str, Credentials], Any] = {}
        self.bastion = self.assume(BASTION)
        kms = self.client("kms")
        # Of a key's two names policies have the ARN. What a pipeline makes has a key of its own.
        self.key: str = kms.create_key()["KeyMetadata"]["Arn"]
        self.artifacts_key: str = kms.create_key()["KeyMetadata"]["Arn"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """What makes any AWS client talk to this stand-in, as the role of the bastion."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, **self.bastion.environ}

    @property
    def instance_environ(self) -> dict[str, str]:
        """The same for a host whose role and region only the instance metadata tells."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}

    def client(self, service: str, who: Credentials = _ADMINISTRATOR) -> Any:
        """A client of one of its services, for the administrator or somebody else."""
        # To make one takes longer than most requests: all of the service's model is read.
        if (service, who) not in self._clients:
            session = boto3.session.Session(*astuple(who), REGION)
            self._clients[service, who] = session.client(service, endpoint_url=self.url)
        return self._clients[service, who]

    def backend(self, service: str) -> Any:
        """What a service holds, for what its API does not let anybody set."""
        with self._state.in_place():
            return get_backend(service)[ACCOUNT]["aws" if service in _GLOBAL else REGION]

    def enforce(self, policies: Mapping[str, Sequence[Policy]]) -> Guard:
        """From now on each role may do what its policies allow, and nothing else.

        Until then each may do everything.
        """
        self._guard = Guard(MotoAccount(ACCOUNT, self.backend), self._callers, policies)
        return self._guard

    def assume(self, role: str, session: str = _INSTANCE) -> Credentials:
        """New credentials of a role; `credentials` has all that there are, by access key."""
        assumed = self.backend("sts").assume_role(
            region_name=REGION,
            role_session_name=session,
            role_arn=role_arn(role),
            policy=None,
            duration=3600,
            external_id=None,
        )
        made = Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)
        self.credentials[made.access_key] = made
        self._callers[made.access_key] = Caller(assumed.arn, role)
        return made

    def put_parameters(self, path: str, values: Mapping[str, tuple[str, bool]]) -> None:
        """Store values under the path, each with whether it is secret: a SecureString then."""
        ssm = self.client("ssm")
        for name, (value, secret) in values.items():
            kind = {"Type": "SecureString", "KeyId": self.key} if secret else {"Type": "String"}
            ssm.put_parameter(Name=f"{path}/{name}", Value=value, Overwrite=True, **kind)

    def put_secret(self, name: str, values: Mapping[str, str]) -> str:
        """Store a secret in Secrets Manager, as RDS does it, or its next version; its ARN."""
        client, text = self.client("secretsmanager"), json.dumps(values)
        try:
            made = client.create_secret(Name=name, SecretString=text, KmsKeyId=self.key)
        except client.exceptions.ResourceExistsException:
            made = client.put_secret_value(SecretId=name, SecretString=text)
        return str(made["ARN"])

    def delete_parameter(self, name: str) -> None:
        """Take a parameter out of the store."""
        self.client("ssm").delete_parameter(Name=name)

    def put_cluster(self, name: str, at: tuple[str, Path] | None = None) -> None:
        """Have EKS describe a cluster by the URL and the CA file of an API server.

        Without them it is one that EKS still makes.
        """
        eks = self.backend("eks")
        if name not in eks.clusters:
            eks.create_cluster(name, role_arn("cluster"), {})
        cluster = eks.clusters[name]
        cluster.status, cluster.endpoint, cluster.certificate_authority = "CREATING", None, {}
        if at is not None:
            url, ca_file = at
            data = base64.b64encode(ca_file.read_bytes()).decode()
            cluster.endpoint, cluster.certificate_authority = url, {"data": data}
            cluster.status = "ACTIVE"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(metadata.PREFIX):
            return self._metadata(environ, start)
        with self._state.in_place():
            refused = self._guard.check(environ) if self._guard else None
            found: Iterable[bytes] = refused.send(start) if refused else self._moto(environ, start)
        return found

    def _instance_credentials(self) -> Mapping[str, str]:
        held = self.bastion
        return {
            "AccessKeyId": held.access_key,
            "SecretAccessKey": held.secret_key,
            "Token": held.session_token,
        }


def role_arn(name: str) -> str:
    """The ARN of a role of the account."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"
