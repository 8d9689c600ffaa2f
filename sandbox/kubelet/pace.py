"""How fast the nodes work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Durations in seconds; the defaults make a pod Ready about 0.4 s after it is bound."""

    sandbox: float = 0.05
    """From the binding until the pod has its address."""
    pull: float = 0.1
    outage: float = 3.0
    """From the first attempt to pull until the registry of the tag `registry5xx` is well again."""
    start: float = 0.05
    """From the container's creation until it runs."""
    init: float = 0.1
    """How long an init container runs."""
    ready: float = 0.15
    """From the container's start until its readiness probe passes, without the probe's delay."""
    slow: float = 5.0
    """The same for the tag `slow`."""
    flap_after: float = 2.0
    """From the container's readiness until one of the tag `flap` loses it."""
    flap: float = 1.0
    """How long it is without it."""
    job: float = 0.3
    """How long a container runs that is not restarted when it completes."""
    crash: float = 0.1
    """From the container's start until it crashes."""
    crash_later: float = 3.0
    """From the container's readiness until it crashes."""
    stop: float = 0.1
    """From SIGTERM until the container ends."""
    sync: float = 0.05
    """From a container's end until the kubelet looks again."""
    scale: float = 0.1
    """What the manifest's and the kubelet's own seconds are multiplied by: probe delays and
    periods, grace periods, back-off."""
    heartbeat: float = 5.0
    """Between two renewals of a node's Lease; node-lifecycle waits for 40 s."""
