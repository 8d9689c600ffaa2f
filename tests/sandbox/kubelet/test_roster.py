from typing import Any

from sandbox.kubelet.faults import Faults
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import admit
from sandbox.kubelet.roster import PodWorker, Roster
from sandbox.kubelet.runtime import Runtime
from tests.sandbox.kubelet.virtual_time import START, pod_manifest

Json = dict[str, Any]


def enter(roster: Roster, uid: str, ip: str = "") -> PodWorker:
    manifest = pod_manifest()
    manifest["metadata"] |= {"uid": uid, "name": f"pod-{uid}"}
    manifest["status"] = {"podIP": ip} if ip else {}

    def worker(address: str) -> PodWorker:
        pod = admit(manifest, address, Faults(Pace()))
        return PodWorker(Runtime(pod, Pace(), lambda _kind, _name: None, lambda: START))

    return roster.add(manifest, worker)


def test_addresses_are_unique_and_not_soon_used_again() -> None:
    roster = Roster()
    first = enter(roster, "a").pod.ip
    roster.remove("a")
    others = [enter(roster, uid).pod.ip for uid in "bcd"]
    assert len({first, *others}) == 4
    assert all(ip.startswith("10.244.0.") for ip in others)


def test_an_address_from_before_is_kept_and_given_to_nobody_else() -> None:
    roster = Roster()
    assert enter(roster, "a", "10.244.0.3").pod.ip == "10.244.0.3"
    assert [enter(roster, uid).pod.ip for uid in "bc"] == ["10.244.0.2", "10.244.0.4"]


def test_pods_are_found_by_uid_name_and_address() -> None:
    roster = Roster()
    worker = enter(roster, "a")
    assert roster.get("a") is worker
    assert roster.named("blog", "pod-a") is worker
    assert roster.at(worker.pod.ip) is worker
    assert roster.uids() == {"a"}
    assert roster.remove("a") is worker
    assert roster.get("a") is roster.named("blog", "pod-a") is roster.at(worker.pod.ip) is None
