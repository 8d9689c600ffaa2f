"""AWS on loopback: moto's server, with a key and parameters as an account would have them."""

import logging
from collections.abc import Mapping
from typing import Any, Self

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


class Aws:
    """A running stand-in for AWS; `environ` is what a process needs to reach it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self._key: str = self.client("kms").create_key()["KeyMetadata"]["KeyId"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def environ(self) -> dict[str, str]:
        """What makes any AWS client talk to this stand-in."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        return boto3.session.Session("sandbox", "sandbox", region_name=REGION).client(
            service, endpoint_url=self.url
        )

    def put_parameters(self, path: str, values: Mapping[str, tuple[str, bool]]) -> None:
        """Store values under the path, each with whether it is secret: a SecureString then."""
        ssm = self.client("ssm")
        for name, (value, secret) in values.items():
            kind = {"Type": "SecureString", "KeyId": self._key} if secret else {"Type": "String"}
            ssm.put_parameter(Name=f"{path}/{name}", Value=value, Overwrite=True, **kind)

    def delete_parameter(self, name: str) -> None:
        """Take a parameter out of the store."""
        self.client("ssm").delete_parameter(Name=name)
