"""Who is who in a cluster of ours: its certificate authority, certificates, kubeconfigs."""

import base64
import datetime as dt
import ipaddress
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The one context of each kubeconfig, and its cluster.
CONTEXT = "test"
_LIFETIME = dt.timedelta(days=2)


class Pair(NamedTuple):
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


def write_private(path: Path, content: bytes) -> Path:
    """Write a new file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    return path


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a private key: elliptic, as an RSA key would take longer than the test that needs it."""
    return ec.generate_private_key(ec.SECP256R1())


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    """Write a private key in the older PEM format, which every Kubernetes reads for its tokens."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return write_private(path, pem)


def request_pem(key: ec.EllipticCurvePrivateKey, user: str, groups: Sequence[str]) -> bytes:
    """Ask for a certificate that makes its bearer a Kubernetes user in these groups."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(user, groups))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Authority:
    """A certificate authority; its own certificate and all that it signs go into `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = new_key()
        self._name = _name("wpdeploy cluster")
        self._certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = directory / "ca.crt"
        self.file.write_bytes(_public_pem(self._certificate))

    def write_key(self) -> Path:
        """Write its private key, for a program that signs too."""
        return write_key(self.file.with_suffix(".key"), self._key)

    def server(self, stem: str, *names: str) -> Pair:
        """Mint a certificate for a server that answers to these names and addresses."""
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        subject = _name(names[0])
        return self._mint(stem, subject, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def client(self, stem: str, user: str, groups: Sequence[str] = ()) -> Pair:
        """Mint a certificate that makes its bearer a Kubernetes user in these groups."""
        return self._mint(stem, _name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH)

    def _mint(
        self,
        stem: str,
        subject: x509.Name,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        key = new_key()
        builder = (
            _builder(subject, self._name, key.public_key())
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = self._directory / f"{stem}.crt"
        certificate.write_bytes(_public_pem(builder.sign(self._key, hashes.SHA256())))
        return Pair(certificate, write_key(self._directory / f"{stem}.key", key))


def _name(common: str, organizations: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_kubeconfig(url: str, ca_file: Path, user: str, pair: Pair, namespace: str | None) -> Path:
    """Write a kubeconfig that needs no other file, beside the certificate of its user."""
    credentials = {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }
    content = kubeconfig(url, ca_file, user, credentials, namespace)
    return write_private(pair.certificate.with_suffix(".kubeconfig"), content)


def kubeconfig(
    url: str, ca_file: Path, user: str, credentials: Mapping[str, str], namespace: str | None
) -> bytes:
    """A kubeconfig that needs no other file."""
    cluster = {"server": url, "certificate-authority-data": _base64(ca_file)}
    context = {"cluster": CONTEXT, "user": user}
    if namespace is not None:
        context["namespace"] = namespace
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": user, "user": dict(credentials)}],
        "contexts": [{"name": CONTEXT, "context": context}],
    }
    # JSON is YAML too.
    return json.dumps(content, indent=2).encode()


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
