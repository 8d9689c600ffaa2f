"""The API server's own certificate, and the kubeconfigs of its users."""

import base64
import datetime as dt
import ipaddress
import json
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "127.0.0.1"
_NAMES = ("localhost", "kubernetes.default.svc")
_LIFETIME = dt.timedelta(days=2)
_PEM = serialization.Encoding.PEM


def server_context(directory: Path) -> ssl.SSLContext:
    """Write ca.crt and the server's certificate and key; the context that serves with them."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key)
    certificate = _server(authority, authority_key, key.public_key())
    (directory / "ca.crt").write_bytes(authority.public_bytes(_PEM))
    pair = directory / "apiserver.pem"
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(pair, private + certificate.public_bytes(_PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context


def kubeconfig(url: str, ca_file: Path, user: str, token: str, namespace: str | None) -> bytes:
    """A kubeconfig that needs no other file."""
    authority = base64.b64encode(ca_file.read_bytes()).decode()
    context = {"cluster": "sandbox", "user": user}
    if namespace is not None:
        context["namespace"] = namespace
    cluster = {"server": url, "certificate-authority-data": authority}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "sandbox",
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "sandbox", "context": context}],
    }
    # JSON is YAML too.
    return json.dumps(content, indent=2).encode()


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    return path


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("wpdeploy sandbox")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key.public_key())
        .add_extension(constraints, critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(HOST))]
    names += [x509.DNSName(name) for name in _NAMES]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(_name(HOST), authority.subject, key)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


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


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
