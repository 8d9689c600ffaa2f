"""What a bastion does in its life: the fixed set of runs by which rights are measured.

Each is run under all rights that the bastion has; what it used of them is kept by what it was used
for.
"""

from sandbox.site import Json, Result, merged
from tests.rights.permissions import Permission
from tests.rights.world import RightsSite, World

# Every object that there can be, and waits as short as they can be.
EVERYTHING: Json = {
    "rollout": {
        "deadline": 60,
        "progress_deadline": 50,
        "stability_window": 0,
        "grace": {"crash": 0, "refused": 2, "unschedulable": 4},
    },
    "wordpress": {"pre_stop_seconds": 1, "termination_grace_seconds": 5},
    "autoscaling": {"enabled": True},
    "uploads": {"enabled": True, "storage_class": "efs"},
    "network_policy": {"enabled": True},
}
_SWITCHES = ("autoscaling", "network_policy", "ingress", "disruption_budget", "cron")
# Nothing but what a release cannot do without.
LITTLE: Json = {switch: {"enabled": False} for switch in _SWITCHES}
# Kubernetes 1.20 has no API for these, and Endpoints where newer ones have EndpointSlices.
_WITHOUT_NEW: Json = {switch: {"enabled": False} for switch in ("disruption_budget", "cron")}

PRUNING, ROLLBACK, EVIDENCE = "pruning", "rollback", "evidence of a failure"
RETRY, DOWNLOAD = "apply, again after a Job failed", "download of the bundle"
OLD = "on Kubernetes before 1.21"
# What changes nothing, the quickest first.
LOOKS = (
    "history",
    "status",
    "params check",
    "doctor",
    "diff",
    "validate",
    "validate --watch --timeout 2",
)


class Stage:
    """Runs commands that must end as they should, and keeps which right was used for what."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.used: dict[Permission, list[str]] = {}

    def run(self, site: RightsSite, command: str, what: str = "", *, expected: int = 0) -> Result:
        """A command of wpdeploy; what its use of a right is called, if not by its name."""
        self.world.used()
        result = site.run(*command.split())
        assert result.code == expected, f"{command}: {result.code}\n{result.output}"
        self.note(what or command)
        return result

    def note(self, what: str) -> None:
        """Keep what was used since the last time, and for what."""
        for permission in self.world.used():
            known = self.used.setdefault(permission, [])
            if what not in known:
                known.append(what)

    def deploy(self, site: RightsSite, what: str = "", *, expected: int = 0) -> Result:
        """The hooks of a deployment, of which the last one ends as expected."""
        site.deployment_id = self.world.new_deployment()
        for command in ("render", "apply"):
            self.run(site, command)
        return self.run(site, "validate --settle", what, expected=expected)


def healthy(stage: Stage) -> None:
    """A first deployment, with its Jobs; then each look that one may take by hand."""
    site = stage.world.site(EVERYTHING)
    stage.deploy(site)
    for command in LOOKS:
        stage.run(site, command)


def second_release(stage: Stage) -> None:
    """A release that has little of what the first one had: the rest is pruned.

    A Secret goes with its ConfigMap: those of a deployment that ended before anything used them.
    """
    site = stage.world.site(EVERYTHING)
    stage.deploy(site)
    abandon(stage, site)
    shrink(site)
    told = stage.deploy(site, PRUNING).output
    assert told.count("deleted: the release does not have it") > len(_SWITCHES), told


def abandon(stage: Stage, site: RightsSite) -> None:
    """Render a deployment with another password, and go no further."""
    site.deployment_id = stage.world.new_deployment()
    site.put("mysql_password", f"the password of {site.deployment_id}")
    stage.run(site, "render")
    stage.run(site, "unlock --yes")
    site.put("mysql_password", "another one")


def shrink(site: RightsSite) -> None:
    """Have the next release do with little."""
    site.changes = merged(site.changes, LITTLE)
    site.configure()
    site.release("v2", "b")


def failing_rollout(stage: Stage) -> None:
    """A rollout that fails: its evidence, the way back, and what one sees by hand."""
    site = stage.world.site(EVERYTHING | {"on_failure": "rollback"})
    stage.deploy(site)
    site.release("crashloop", "c")
    told = stage.deploy(site, ROLLBACK, expected=7)
    assert "rolled back to #1" in told.verdict, told.output
    fail(stage, site)
    stage.run(site, "rollback --yes", ROLLBACK)


def fail(stage: Stage, site: RightsSite) -> None:
    """Deploy a release that fails and stays, and look at it by hand."""
    site.changes = site.changes | {"on_failure": "keep"}
    site.configure()
    site.release("crashloop", "d")
    stage.deploy(site, expected=7)
    stage.run(site, "validate", EVIDENCE, expected=7)


def failing_job(stage: Stage) -> None:
    """A Job that fails ends the deployment; it is made again by the next one."""
    site = stage.world.site(EVERYTHING)
    fail_job(stage, site)
    stage.run(site, "render")
    stage.run(site, "apply", RETRY, expected=7)


def fail_job(stage: Stage, site: RightsSite) -> None:
    """Deploy a release whose Jobs fail, each with its first pod: another comes 10 s later."""
    for template in ("install", "upgrade"):
        path = site.bundle / f"k8s/wordpress/{template}.yaml.j2"
        path.write_text(path.read_text().replace("backoffLimit: 1", "backoffLimit: 0"))
    site.release("joberror", "e")
    stage.run(site, "render")
    stage.run(site, "apply", expected=7)


def old_cluster(stage: Stage) -> RightsSite:
    """A deployment to a cluster that has no EndpointSlices, looked at by hand."""
    site = stage.world.site(merged(EVERYTHING, _WITHOUT_NEW))
    stage.deploy(site)
    for command in LOOKS:
        stage.run(site, command)
    return site


def download(stage: Stage) -> None:
    """The agent fetches revisions: one pinned to its version, and the newest there is."""
    stage.world.used()
    for pinned in (True, False):
        told = stage.world.download(pinned=pinned)
        assert told == "", told
    stage.note(DOWNLOAD)


SCENARIOS = (healthy, second_release, failing_rollout, failing_job, download)
