"""The hooks of a real bundle, started and ended as the agents on a host do it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox import bastion, cluster
from sandbox.aws import Aws
from sandbox.cluster import Place
from sandbox.codedeploy import (
    FIRST,
    SECOND,
    Agent,
    Deployment,
    Generation,
    Revision,
    Timeline,
    lint,
)
from sandbox.codedeploy.timeline import ErrorCode
from sandbox.site import Site, image
from wpdeploy import archive
from wpdeploy.release import Release

HOOKS = ("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
ID = "d-HOOKS0001"
GENERATIONS = {"agent 1": FIRST, "agent 2": SECOND}


@pytest.fixture
def place(aws: Aws, tmp_path: Path) -> Iterator[Place]:
    with cluster.simulated(aws, tmp_path / "place") as prepared:
        yield prepared


@pytest.fixture
def site(aws: Aws, place: Place, tmp_path: Path) -> Site:
    """A site with the bundle of a healthy release."""
    made = Site(aws, place.namespace, tmp_path, place.kubeconfig, place.changes, eks=place.eks)
    made.store()
    bastion.bundle(made, released("v1"))
    return made


def released(tag: str) -> Release:
    return Release(image(tag), "c0ffee", "build-1", "2026-11-01T12:00:00Z")


def environ(site: Site) -> dict[str, str]:
    """A host's: the PATH, and where the stand-ins for AWS and for the root of the host are."""
    root = str(site.directory / "host")
    return {"PATH": bastion.PATH, "WPDEPLOY_ROOT": root, **site.aws.instance_environ}


def hook(
    path: Path, site: Site, cwd: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a hook with nothing on its standard input, not even its end."""
    return subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&-', path, *arguments],
        env=environ(site) | more,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def deploy(
    site: Site, generation: Generation = SECOND, *, seconds: int = 60, name: str = ID
) -> Timeline:
    """Hand the bundle to an agent; ValidateService gets so many seconds."""
    spec = site.bundle / "appspec.yml"
    spec.write_text(spec.read_text().replace("timeout: 3600", f"timeout: {seconds}"))
    file = site.directory / "revision.zip"
    archive.write(site.bundle, file)
    agent = Agent(site.directory / "agent", environ(site), generation=generation)
    revision = Revision(file, "bucket", "key")
    return agent.deploy(Deployment(name, "wordpress", site.group, "group-id", revision))


def left(site: Site) -> Mapping[str, Path]:
    """The files that the hooks left, by name."""
    return {path.name: path for path in (site.directory / "host/var").rglob("*") if path.is_file()}


def holder(place: Place) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{place.namespace}/leases/wpdeploy-wordpress"
    lease = place.admin.get(path, path)
    return str(((lease or {}).get("spec") or {}).get("holderIdentity") or "")


def test_a_bundle_is_what_the_agents_take(site: Site) -> None:
    assert lint(site.bundle) == []
    # The agents mend the bit of a hook, but of nothing that a hook starts.
    assert os.access(site.bundle / "hooks/run", os.X_OK)


def test_the_hooks_need_a_path_and_the_variables_of_the_deployment_alone(
    site: Site, tmp_path: Path
) -> None:
    odd = tmp_path / "a directory & more"
    odd.mkdir()
    before = made_read_only(site.bundle)
    agents = {"DEPLOYMENT_ID": ID, "DEPLOYMENT_GROUP_NAME": "Test"}
    for name in HOOKS:
        ended = hook(site.bundle / "hooks" / name, site, odd, **agents, LIFECYCLE_EVENT=name)
        assert ended.returncode == 0, ended.stdout
    assert "ready 3/3" in ended.stdout
    assert list(odd.iterdir()) == []
    # All is compiled: nothing new is there, not even what root could write anywhere.
    assert sorted(site.bundle.rglob("*")) == before


def made_read_only(directory: Path) -> list[Path]:
    """All that is below, which nobody but root can change now."""
    found = sorted(directory.rglob("*"))
    for path in (directory, *found):
        path.chmod(path.stat().st_mode & ~0o222)
    return found


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)
def test_either_agent_deploys(site: Site, place: Place, generation: Generation) -> None:
    timeline = deploy(site, generation)
    assert (timeline.failed, timeline.exit_code) == (None, 0)
    assert (place.serving("wordpress"), holder(place)) == (3, "")


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)
def test_a_hook_whose_timeout_is_over_leaves_all_in_order(
    site: Site, place: Place, generation: Generation
) -> None:
    bastion.bundle(site, released("notready"))
    failed = deploy(site, generation, seconds=2).failed
    assert failed
    assert failed.diagnostics
    assert (failed.name, failed.exit_code) == ("ValidateService", 143)
    assert failed.diagnostics.error_code is ErrorCode.SCRIPT_TIMED_OUT
    assert failed.seconds < 5  # after that time the newer agent kills
    assert holder(place) == ""
    assert left(site).keys() == {"deployment.json"}
    assert json.loads(left(site)["deployment.json"].read_text())["deployment_id"] == ID


def test_the_newer_agent_still_hears_why_a_hook_ended(site: Site) -> None:
    bastion.bundle(site, released("notready"))
    failed = deploy(site, SECOND, seconds=2).failed
    assert failed
    assert failed.diagnostics
    assert "terminated by SIGTERM" in failed.diagnostics.log_tail


def test_an_operator_finds_the_deployed_bundle_from_anywhere(site: Site, tmp_path: Path) -> None:
    current = tmp_path / "host/opt/wpdeploy/current"
    for name in ("d-HOOKS0002", ID):
        assert deploy(site, name=name).exit_code == 0
        assert current.resolve() == tmp_path / "agent/group-id" / name / "deployment-archive"
    judged = "Deployment wordpress: ready 3/3"
    assert judged in hook(current / "hooks/run", site, Path("/"), "validate").stdout
    python = shutil.which("python3.11", path="/usr/bin:/usr/local/bin") or "python3.11"
    asked = ["-m", "wpdeploy", "validate", "--group", "Test"]
    by_name = hook(Path(python), site, Path("/"), *asked, PYTHONPATH=str(current))
    assert (by_name.returncode, judged in by_name.stdout) == (0, True), by_name.stdout


def test_a_release_that_is_refused_leaves_the_operator_the_one_that_runs(
    site: Site, tmp_path: Path
) -> None:
    assert deploy(site).exit_code == 0
    current = tmp_path / "host/opt/wpdeploy/current"
    running = current.resolve()
    (site.bundle / "k8s/environments/Test.yaml").write_text("cluster: {}\n")
    agents = {"DEPLOYMENT_ID": "d-HOOKS0002", "DEPLOYMENT_GROUP_NAME": "Test"}
    codes = [
        hook(site.bundle / "hooks" / name, site, tmp_path, **agents).returncode
        for name in ("BeforeInstall", "AfterInstall")
    ]
    assert codes == [0, 3]
    assert current.resolve() == running
