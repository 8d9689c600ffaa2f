"""Hooks that are killed anywhere: deployed again, all is as if nothing had happened.

Where they are killed is drawn anew in each run; WPDEPLOY_TEST_SEED repeats a draw, as far as the
machine is as fast as it was.
"""

import compileall
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from sandbox.site import STEPS, merged
from tests.cluster.site import Json, Site, running
from tests.cluster.test_lock import holder, path
from tests.cluster.test_records import names, records, referred
from wpdeploy import lock
from wpdeploy.records import KEPT

LOG = logging.getLogger(__name__)
CLEANUP, RENDER, APPLY, VALIDATE = STEPS
# `validate --settle` of a release that fails and is rolled back.
ROLLBACK = "rollback"
BEFORE = {CLEANUP: 0, RENDER: 1, APPLY: 2, VALIDATE: 3, ROLLBACK: 3}
# What is killed in ten kills; a shorter plan has the first of them.
HOOKS = (ROLLBACK, VALIDATE, APPLY, RENDER, CLEANUP, VALIDATE, APPLY, RENDER, APPLY, RENDER)
# Seconds: what a Lease lasts after a kill, instead of two minutes; a render on a busy machine.
EXPIRY, PATIENCE = 1, 20
# The state of five deployments stays, beside that of the one at hand.
STATES = 6
# What is made anew with an object.
GENERATED = {
    "uid",
    "creationTimestamp",
    "generation",
    "deployment.kubernetes.io/revision",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "secrets",
}
SMALL: Json = {
    "on_failure": "rollback",
    "wordpress": {"replicas": 1, "pre_stop_seconds": 0},
    "rollout": {"deadline": 60, "progress_deadline": 20, "stability_window": 0},
}


class Kill(NamedTuple):
    """A hook that is killed after this part of its run, and how it is deployed again."""

    hook: str
    part: float
    again: str


class Scale(NamedTuple):
    """How many sites there are, and how often each of them meets a kill."""

    sites: int
    kills: int


@dataclass
class Course:
    """A site on its way from kill to kill; `seconds` is how long its hooks take undisturbed."""

    site: Site
    seconds: dict[str, float]
    number: int = 0
    killed: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: a kill does not ask how the cluster is reached."""


@pytest.fixture
def scale() -> Scale:
    return Scale(sites=2, kills=5)


@pytest.mark.timeout(600)
def test_a_deployment_after_a_killed_one_ends_like_an_undisturbed_one(
    make_site: Callable[[], Site], scale: Scale
) -> None:
    seed = int(os.environ.get("WPDEPLOY_TEST_SEED") or time.time_ns() % 10**9)
    LOG.warning("WPDEPLOY_TEST_SEED=%d", seed)
    draw = random.Random(seed)
    seconds, expected = undisturbed(small(make_site()))
    courses = [Course(small(make_site()), dict(seconds)) for _ in range(scale.sites)]
    with ThreadPoolExecutor(3) as pool:
        ends = [
            pool.submit(endure, course, plan(draw, scale.kills), expected) for course in courses
        ]
        for end in ends:
            end.result()
    killed = sum((course.killed for course in courses), Counter[str]())
    LOG.warning("%d kills: %s", killed.total(), dict(killed))
    assert killed.total() == scale.sites * scale.kills


def small(site: Site) -> Site:
    """The site with one pod, in a bundle that is compiled, like those on a bastion."""
    site.changes = merged(site.changes, SMALL)
    site.configure()
    version = "python{}.{}".format(*sys.version_info)
    (site.bundle / "lib" / version).mkdir(parents=True)
    compileall.compile_dir(site.bundle, quiet=1)
    return site


def undisturbed(site: Site) -> tuple[Mapping[str, float], Json]:
    """How long each hook takes where nobody kills it, and what there is then."""
    course = Course(site, {})
    change(course)
    deploy(course)
    found = essence(site)
    change(course, ROLLBACK)
    assert site.deploy(STEPS[:3]).code == 0
    began = time.monotonic()
    result = site.run(*VALIDATE.split())
    course.seconds[ROLLBACK] = time.monotonic() - began
    assert (result.code, "rolled back to #1" in result.verdict) == (7, True), result.output
    return course.seconds, found


def plan(draw: random.Random, count: int) -> list[Kill]:
    """So many kills; now and then the deployment after one meets the next one."""
    hooks = draw.sample(HOOKS[:count], count)
    agains = [*draw.choices(["same id", "new id", "later"], [2, 2, 1], k=count - 1), "same id"]
    return [Kill(hook, draw.random(), again) for hook, again in zip(hooks, agains, strict=True)]


def endure(course: Course, kills: Sequence[Kill], expected: Json) -> None:
    """Kill and deploy again, as planned; each time it must end as expected."""
    for kill in kills:
        interrupt(course, kill)
        if kill.again == "later":
            continue
        if kill.again == "new id" or kill.hook == ROLLBACK:
            change(course)
        deploy(course)
        assert essence(course.site) == expected, kill
        nothing_is_left(course.site)
    result = course.site.run("validate", DEPLOYMENT_ID="")
    assert result.code == 0, result.output


def change(course: Course, hook: str = "") -> None:
    """Another deployment, of another image or another password."""
    course.number += 1
    site, half = course.site, course.number // 2
    site.deployment_id = f"d-{course.number}"
    site.release("badpull" if hook == ROLLBACK else f"v{half}", digest=f"{half % 16:x}")
    if course.number % 2:
        site.put("mysql_password", f"password {half}")


def deploy(course: Course) -> None:
    """All steps; none fails, and none waits for a lock that is not about to expire."""
    for step in STEPS:
        began = time.monotonic()
        result = course.site.run(*step.split())
        seconds = time.monotonic() - began
        assert result.code == 0, result.output
        assert seconds < EXPIRY + lock.POLL + PATIENCE or step != RENDER, result.output
        if "waits for" not in result.output:
            course.seconds[step] = seconds


def interrupt(course: Course, kill: Kill) -> None:
    """Run the steps up to the hook, and kill that; where it was sooner, another one sooner."""
    site, after, is_killed = course.site, kill.part * course.seconds[kill.hook], False
    change(course, kill.hook)
    while not is_killed:
        for step in STEPS[: BEFORE[kill.hook]]:
            result = site.run(*step.split())
            assert result.code == 0, result.output
        is_killed = killed(site, VALIDATE if kill.hook == ROLLBACK else kill.hook, after)
        after *= 0.8
    course.killed[kill.hook] += 1
    # What it had sent last may have to be answered yet, and renew the Lease.
    time.sleep(0.1)
    soon = {"spec": {"leaseDurationSeconds": EXPIRY}}
    site.plane_request("PATCH", path(site), soon, "application/merge-patch+json")


def killed(site: Site, hook: str, after: float) -> bool:
    """Whether the hook was still there to be killed after so many seconds."""
    with running(site.start(*hook.split())) as process:
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode == -signal.SIGKILL


def essence(site: Site) -> Json:
    """What the pods run and what objects there are, in words that all releases share."""
    newest = records(site)[0]
    password, image = site.values["mysql_password"][0], newest.release.image
    [pod] = site.pods()
    assert pod["spec"]["containers"][0]["image"] == image
    environment = site.player.environment(site.namespace, pod["metadata"]["name"], "wordpress")
    assert environment["WORDPRESS_DB_PASSWORD"] == password
    kept = {key: item for key, item in site.fingerprint().items() if of_release(key, newest.config)}
    text = json.dumps({"live": kept, "recorded": newest.manifests})
    for own in (newest.config, image, site.namespace, b64encode(password.encode()).decode()):
        assert own in text
        text = text.replace(own, "OWN")
    found: Json = lasting(json.loads(text))
    return found


def of_release(key: str, config: str) -> bool:
    """Whether it is not a Secret or a ConfigMap of another release, or of the control plane."""
    plural, _, name = key.partition("/")
    return plural not in {"secrets", "configmaps"} or name == config


def lasting(value: Any) -> Any:
    """What is left of it without that."""
    if isinstance(value, list):
        return [lasting(item) for item in value]
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items() if key not in GENERATED}
    return value


def nothing_is_left(site: Site) -> None:
    """No lock, no open record, no file, no Secret of the deployments that were killed."""
    assert not holder(site)
    known = records(site)
    assert (known[0].deployment_id, known[0].result) == (site.deployment_id, "succeeded")
    assert "applying" not in {record.result for record in known}
    assert len(known) <= KEPT
    kept = {record.config for record in known} | referred(site)
    assert names(site, "secrets") == names(site, "configmaps") == kept
    no_file_is_left(site)


def no_file_is_left(site: Site) -> None:
    """What the last deployments prepared, and the link to the bundle."""
    root = site.directory / "root"
    state = root / "var/lib/wpdeploy/Test"
    assert len(list(state.iterdir())) <= STATES
    assert all(json.loads(file.read_text()) for file in state.glob("*/deployment.json"))
    # What was being written in the directory of a deployment that is given up goes with that.
    own, links = state / site.deployment_id, root / "opt/wpdeploy"
    evidence = {own / "evidence.txt", own / "evidence.json"}
    assert set(own.iterdir()) - evidence == {own / "deployment.json"}
    assert list(links.iterdir()) == [links / "current"]
