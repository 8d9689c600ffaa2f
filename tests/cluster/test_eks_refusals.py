"""What EKS or its cluster refuses: one clear error, its exit code, and nothing changed."""

from pathlib import Path

import pytest

from sandbox.aws import ACCOUNT, Aws
from sandbox.certificates import Authority
from tests.cluster.conftest import EKS_CLUSTER, OUTSIDER, through_eks
from tests.cluster.plane import Plane
from tests.cluster.site import Site
from tests.cluster.test_refusals import refused


@pytest.fixture
def access(plane: Plane, aws: Aws) -> str:
    return through_eks(plane, aws)


def in_cluster(site: Site, name: str) -> None:
    """Give the environment file another cluster."""
    site.configure({"cluster": {"eks": name}})


def test_a_role_without_an_access_entry(site: Site, aws: Aws) -> None:
    result = refused(
        site,
        6,
        "does not know who is asking (401)",
        f"give who asks (a bastion: its role) an access entry for the EKS cluster {EKS_CLUSTER}",
        **aws.assume("stranger").environ,
    )
    assert "trying again" not in result.output


def test_a_role_whose_access_entry_has_not_the_group(site: Site, aws: Aws) -> None:
    refused(
        site,
        6,
        f'User "arn:aws:sts::{ACCOUNT}:assumed-role/{OUTSIDER}/i-',
        "forbidden",
        "the user has the group wpdeploy",
        **aws.assume(OUTSIDER).environ,
    )


def test_a_cluster_that_does_not_exist(site: Site) -> None:
    in_cluster(site, "nowhere")
    for step in ("render", "validate"):
        refused(
            site,
            6,
            "EKS: there is no cluster nowhere in eu-central-1",
            "check cluster.eks",
            step=step,
        )


def test_a_cluster_that_is_still_being_made(site: Site, aws: Aws) -> None:
    aws.put_cluster("early")
    in_cluster(site, "early")
    refused(site, 6, "EKS cluster early: ", "CREATING", "wait until it is ACTIVE")


def test_the_token_of_one_cluster_is_none_for_another(site: Site, aws: Aws, plane: Plane) -> None:
    aws.put_cluster("twin", (plane.url, plane.ca_file))
    in_cluster(site, "twin")
    refused(site, 6, "does not know who is asking (401)", "for the EKS cluster twin")


def test_an_endpoint_with_a_certificate_of_another_authority(
    site: Site, aws: Aws, plane: Plane, tmp_path: Path
) -> None:
    aws.put_cluster("foreign", (plane.url, Authority(tmp_path).file))
    in_cluster(site, "foreign")
    result = refused(site, 6, "TLS failed", "certificate verify failed")
    assert "trying again" not in result.output, "another try does not make a certificate better"
