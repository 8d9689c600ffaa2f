from datetime import timedelta

from sandbox.kubelet.events import NORMAL, WARNING, EventLog
from tests.sandbox.kubelet.virtual_time import START, pod_manifest

PATH = "spec.containers{app}"


def test_shape() -> None:
    log = EventLog(pod_manifest())
    log.record(NORMAL, "Pulling", 'Pulling image "x"', PATH, START)
    (event,) = log.unsent
    assert event.name.startswith("web-0.")
    assert event.body == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event.name, "namespace": "blog"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "blog",
            "name": "web-0",
            "uid": "u-1",
            "resourceVersion": "7",
            "fieldPath": PATH,
        },
        "type": "Normal",
        "reason": "Pulling",
        "message": 'Pulling image "x"',
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2024-05-01T12:00:00Z",
        "lastTimestamp": "2024-05-01T12:00:00Z",
        "count": 1,
    }


def test_repetitions_are_counted_in_the_same_event() -> None:
    log = EventLog(pod_manifest())
    log.record(WARNING, "BackOff", "again", PATH, START)
    log.unsent.clear()
    log.record(WARNING, "BackOff", "again", PATH, START + timedelta(seconds=9))
    log.record(WARNING, "BackOff", "other", PATH, START)
    again, other = log.unsent
    assert again.recurrence() == {"count": 2, "lastTimestamp": "2024-05-01T12:00:09Z"}
    assert again.body["firstTimestamp"] == "2024-05-01T12:00:00Z"
    assert other.body["count"] == 1
    assert again.name != other.name


def test_what_is_still_unsent_is_not_sent_twice() -> None:
    log = EventLog(pod_manifest())
    for _ in range(3):
        log.record(WARNING, "BackOff", "again", PATH, START)
    assert [event.body["count"] for event in log.unsent] == [3]
