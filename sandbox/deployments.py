"""CodeDeploy's API and the artifacts' bucket: what a pipeline asks for, and the agent reports.

The bucket keeps versions and encrypts with a key of its own, as that of a pipeline does.
"""

import random
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.aws import REGION, Aws, role_arn
from sandbox.codedeploy import Deployment, DownloadError, Revision

BUCKET = "wpdeploy-sandbox-artifacts"
_LETTERS = string.ascii_uppercase + string.digits


class CodeDeploy:
    """An application, its groups and their deployments."""

    def __init__(self, aws: Aws, application: str = "wordpress") -> None:
        self._aws = aws
        self._application = application
        self._client, self._s3 = aws.client("codedeploy"), aws.client("s3")
        self._client.create_application(applicationName=application)
        self._create_bucket()
        self._groups: dict[str, str] = {}

    def deploy(self, group: str, archive: Path, *, pinned: bool = True) -> Deployment:
        """Upload a revision and deploy it to the group, which is made on first use.

        It is `pinned` to its version, as a pipeline does; who deploys by hand may leave that out.
        """
        if group not in self._groups:
            made = self._client.create_deployment_group(
                applicationName=self._application,
                deploymentGroupName=group,
                serviceRoleArn=role_arn("codedeploy"),
            )
            self._groups[group] = made["deploymentGroupId"]
        key = f"{self._application}/{archive.name}"
        with archive.open("rb") as body:
            put = self._s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        etag, version = put["ETag"].strip('"'), put["VersionId"] if pinned else None
        location = {"bucket": BUCKET, "key": key, "bundleType": "zip", "eTag": etag}
        location |= {"version": version} if version else {}
        made = self._client.create_deployment(
            applicationName=self._application,
            deploymentGroupName=group,
            revision={"revisionType": "S3", "s3Location": location},
        )
        name = self._renamed(made["deploymentId"])
        uploaded = Revision(archive, BUCKET, key, etag, version)
        return Deployment(name, self._application, group, self._groups[group], uploaded)

    def fetch(self, revision: Revision, path: Path) -> None:
        """Download a revision, as the bastion's role; the agent looks at its ETag."""
        pinned = {"VersionId": revision.version} if revision.version else {}
        s3 = self._aws.client("s3", self._aws.bastion)
        try:
            found = s3.get_object(Bucket=revision.bucket, Key=revision.key, **pinned)
        except ClientError as error:
            raise DownloadError(error.response["Error"]["Message"]) from error
        if found["ETag"].strip('"') != revision.etag:
            raise DownloadError(f"the ETag of {revision.key} is not {revision.etag}")
        path.write_bytes(found["Body"].read())

    def begin(self, deployment: Deployment) -> None:
        """An agent has taken it up."""
        held = self._held(deployment.id)
        held.status, held.start_time = "InProgress", datetime.now(UTC)
        held.deployment_overview["InProgress"] = 1

    def end(self, deployment: Deployment, *, succeeded: bool) -> None:
        """The agent has reported the last lifecycle event."""
        held = self._held(deployment.id)
        held.status, held.complete_time = "Succeeded" if succeeded else "Failed", datetime.now(UTC)
        held.deployment_overview |= {"InProgress": 0, held.status: 1}

    def status(self, deployment: Deployment) -> str:
        """What the service says of it."""
        answer = self._client.get_deployment(deploymentId=deployment.id)
        return str(answer["deploymentInfo"]["status"])

    def _create_bucket(self) -> None:
        place = {"LocationConstraint": REGION}
        self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        versioning = {"Status": "Enabled"}
        self._s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self._aws.artifacts_key}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        encryption = {"Rules": rules}
        self._s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encryption)

    def _held(self, name: str) -> Any:
        return self._aws.backend("codedeploy").deployments[name]

    def _renamed(self, given: str) -> str:
        """The service's ids are `d-` and nine letters or digits; moto's are UUIDs."""
        name = "d-" + "".join(random.choices(_LETTERS, k=9))
        deployments = self._aws.backend("codedeploy").deployments
        deployments[name] = deployments.pop(given)
        deployments[name].deployment_id = name
        return name
