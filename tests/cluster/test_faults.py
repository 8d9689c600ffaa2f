"""Releases that fail: a verdict soon after the state shows, its reason in the last block."""

import json
import os
import threading
import time

import pytest

from tests.cluster.conftest import once
from tests.cluster.site import Site, image, running

pytestmark = once

# From a fault's state showing in the pod to the end of `validate`.
SECONDS = 5.0


class Watcher(threading.Thread):
    """Notes when a container of a pod with this image first waits for one of the reasons."""

    def __init__(self, site: Site, tag: str, reasons: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self._site, self._tag, self._reasons = site, tag, reasons
        self.seen: float | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        while self.seen is None and not self.ended.wait(0.05):
            if self._shows():
                self.seen = time.monotonic()

    def _shows(self) -> bool:
        for pod in self._site.pods():
            for status in pod["status"].get("containerStatuses") or []:
                reason = (status["state"].get("waiting") or {}).get("reason")
                if f":{self._tag}@" in status["image"] and reason in self._reasons:
                    return True
        return False


@pytest.mark.parametrize(
    ("tag", "reasons", "told"),
    [
        ("badpull", ("ErrImagePull", "ImagePullBackOff"), "not found"),
        ("invalidname", ("InvalidImageName",), "invalid reference format"),
        ("crashloop", ("CrashLoopBackOff",), "exit code 1"),
        ("badconfig", ("CreateContainerConfigError",), 'secret "absent" not found'),
        ("oom", ("CrashLoopBackOff",), "OOMKilled"),
    ],
)
def test_a_fault_fails_the_rollout_soon_and_says_why(
    site: Site, tag: str, reasons: tuple[str, ...], told: str
) -> None:
    site.deployed()
    good = site.pod_names()
    site.release(tag, digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.deploy(["cleanup", "render"]).code == 0
    watcher = Watcher(site, tag, reasons)
    watcher.start()
    assert site.run("apply").code == 0
    result = site.run("validate")
    ended = time.monotonic()
    watcher.ended.set()
    watcher.join()

    assert result.code == 7
    # The verdict may be there before the watcher's next look.
    assert ended - (watcher.seen or ended) < SECONDS
    assert len(result.block) <= 13
    assert all(len(line) <= 100 and line.isascii() for line in result.block)
    bad = site.pod_names() - good
    assert any(f"pod {name}: " in result.verdict for name in bad)
    assert any(reason in result.verdict for reason in reasons)
    assert told in result.verdict
    assert image(tag, "b") in "".join(line.strip() for line in result.block)
    assert good <= site.pod_names(), "the old pods still serve"


def test_a_pod_that_is_never_ready_times_out_with_the_reason(site: Site) -> None:
    site.release("notready")
    site.deploy(["render", "apply"])
    result = site.run("validate", "--timeout", "3")
    assert result.code == 8
    assert "not done after 3 s: ready 0/3, waiting for wordpress-" in result.verdict


def test_a_slow_pod_is_waited_for(site: Site) -> None:
    site.release("slow")
    site.deployed()


def test_a_crash_soon_after_ready_is_no_success(site: Site) -> None:
    site.configure({"rollout": {"stability_window": 10}})
    site.release("crashlater")
    result = site.deploy()
    assert result.code in {7, 8}
    assert "ready 3/3" not in result.verdict


def test_quota_that_blocks_the_new_pods_fails_the_rollout_and_is_named(site: Site) -> None:
    site.configure({"rollout": {"grace": {"refused": 20}}})
    site.deployed()
    site.release("v2", digest="b")
    # A quota that is there before `render` is told there.
    assert site.run("render").code == 0
    quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": "3"}}}
    site.ask("POST", site.collection("resourcequotas", "v1"), quota)
    assert site.run("apply").code == 0
    started = time.monotonic()
    result = site.run("validate")
    assert time.monotonic() - started < 60
    assert result.code == 7
    told = "exceeded quota: pods, requested: pods=1, used: pods=3, limited: pods=3"
    assert f"cannot create pods: {told}" in result.verdict


def test_a_stale_progress_deadline_does_not_fail_a_retry(site: Site) -> None:
    site.configure({"rollout": {"progress_deadline": 10}})
    site.release("notready")
    site.deploy(["render", "apply"])
    told = site.run("validate", "--settle").verdict
    assert "no progress within progressDeadlineSeconds" in told
    time.sleep(1.1)  # the condition's time has no fractions of a second
    site.deployment_id = "d-TEST00002"
    site.deploy(["render", "apply"])
    assert site.run("validate", "--timeout", "2").code == 8
    site.release("v2", digest="b")
    site.deployed()


def test_a_service_whose_selector_matches_nothing_is_no_success(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/service.yaml.j2"
    template.write_text(template.read_text().replace("{{ selector }}", "{app: nobody}"))
    site.deploy(["render", "apply"])
    result = site.run("validate", "--timeout", "4")
    assert result.code == 8
    assert "the Service has no ready endpoint" in result.verdict


def test_a_program_reads_the_verdict_as_json(site: Site) -> None:
    site.release("badpull")
    site.deploy(["render", "apply"])
    document = json.loads(site.run("validate", "--output", "json").output)
    assert (document["result"], document["exit_code"]) == ("rollout_failed", 7)
    assert document["details"]["image"] == image("badpull")


def test_sigterm_ends_a_validate_with_143(site: Site) -> None:
    site.release("notready")
    site.deploy(["render", "apply"])
    with running(site.start("validate")) as process:
        assert process.stdout is not None
        assert any("ready 0/3" in line for line in process.stdout)
        os.kill(process.pid, 15)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 143, output
    assert "terminated by SIGTERM" in output
