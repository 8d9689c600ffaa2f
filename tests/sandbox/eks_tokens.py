"""Tokens as any EKS client makes them: presigned by botocore, whatever wpdeploy does."""

import base64

import boto3
from botocore.signers import RequestSigner

from sandbox.aws import REGION, Credentials

URL = f"https://sts.{REGION}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"


def presigned(
    credentials: Credentials, cluster: str | None, url: str = URL, expires: int = 60
) -> str:
    """A presigned URL, with the cluster's name in a signed header."""
    session = boto3.session.Session(
        credentials.access_key, credentials.secret_key, credentials.session_token, REGION
    )
    model = session.client("sts").meta.service_model
    signer = RequestSigner(
        model.service_id, REGION, "sts", "v4", session.get_credentials(), session.events
    )
    headers = {"x-k8s-aws-id": cluster} if cluster else {}
    request = {"method": "GET", "url": url, "body": {}, "headers": headers, "context": {}}
    made = signer.generate_presigned_url(request, expires_in=expires, operation_name="")
    return str(made)


def encoded(url: str) -> str:
    """The token that holds a URL."""
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def token(credentials: Credentials, cluster: str) -> str:
    """A valid token."""
    return encoded(presigned(credentials, cluster))
