"""Every right of the bastion is used, and each is needed; docs/permissions.md says for what."""

from collections.abc import Iterable

import pytest

from tests.rights import document
from tests.rights.permissions import AwsRight, Permission
from tests.rights.proof import Proof, Proved, prove

# All of it is one run, and that is the fixture of whichever test comes first.
pytestmark = pytest.mark.timeout(900)
# What a deployment itself can do without: `doctor` and preflight look, the agent downloads before.
NOT_RENDER = {
    "ecr:BatchGetImage",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "kms:Decrypt",
    "get namespaces",
    "list resourcequotas",
}


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    return prove(tmp_path_factory.mktemp("rights"))


def names(found: Iterable[Permission]) -> set[str]:
    return {each.action if isinstance(each, AwsRight) else str(each) for each in found}


def test_every_right_is_used(proof: Proof) -> None:
    unused = [str(each.permission) for each in proof.proved if not each.used]
    assert unused == [], "no run uses these: take them out of the role"


def test_without_a_right_what_uses_it_breaks(proof: Proof) -> None:
    """That it then names the right, and leaves nothing half done, is seen in each trial."""
    unnoticed = [str(each.permission) for each in proof.proved if not each.broken]
    assert unnoticed == [], "no run is any worse without these: take them out of the role"


def test_a_deployment_that_lacks_a_right_ends_before_it_changes_anything(proof: Proof) -> None:
    goes_on = names(each.permission for each in proof.proved if not ends_in_render(each))
    assert goes_on == NOT_RENDER


def ends_in_render(proved: Proved) -> bool:
    return any(each.command == "render" and each.code for each in proved.broken)


def test_the_document_is_what_was_found(proof: Proof) -> None:
    text = document.FILE.read_text()
    stale = f"docs/permissions.md is not what was found here: run {document.COMMAND}"
    assert document.written(text, proof) == text, stale
