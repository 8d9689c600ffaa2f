"""Plays the kubelets of a few nodes against an API server."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from sandbox.kubelet import disruptions
from sandbox.kubelet.autoscaler import Autoscaler, Autoscaling
from sandbox.kubelet.client import Client, Connection
from sandbox.kubelet.fleet import Fleet
from sandbox.kubelet.kubelets import Kubelets
from sandbox.kubelet.listener import PodListener
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.scheduler import Scheduler
from sandbox.kubelet.server import KubeletServer
from sandbox.kubelet.timestamps import utc_now
from sandbox.kubelet.watch import PodWatch

Json = dict[str, Any]

_THREADS = 8


class Player:
    """The nodes, from `start` to `stop`; what it made in the cluster stays there.

    The pods serve HTTP at the port `listen`, in a network namespace, or else on loopback: `dial`
    says where.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        nodes: int = 3,
        pace: Pace | None = None,
        listen: int | None = None,
        on_loopback: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        pace = pace or Pace()
        self._now = now
        self._count = nodes
        # One connection for each thread and one for the watch.
        self._client = Client(connection, _THREADS + 1)
        self._scheduler = Scheduler(_THREADS)
        self._autoscaler: Autoscaler | None = None
        self._fleet = Fleet(self._client, self._scheduler, pace.heartbeat, now)
        own = self._kubelets = Kubelets(
            self._client, self._scheduler, self._fleet, pace=pace, now=now, seen=self._seen
        )
        self._watch = PodWatch(self._client, own.listed, own.changed, own.gone)
        self._server = KubeletServer(own.logs)
        serves = on_loopback or listen is not None
        self._listener = PodListener(listen, own.web) if serves else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Register the nodes and play their pods; does not wait for the API server."""
        self._server.start()
        if self._listener is not None:
            self._listener.start()
        self._scheduler.start()
        for _ in range(self._count):
            self.add_node()
        self._watch.start()

    def stop(self) -> None:
        """End all threads; the pods stay as they are."""
        self._watch.stop()
        self._scheduler.stop()
        if self._listener is not None:
            self._listener.stop()
        self._server.stop()
        self._client.close()

    def dial(self, host: str, port: int) -> tuple[str, int]:
        """Where a pod's address and port are on loopback, if they are served there."""
        return (host, port) if self._listener is None else self._listener.dial(host, port)

    def environment(self, namespace: str, pod: str, container: str) -> dict[str, str]:
        """Tell what a container was last created with; KeyError if this player created none."""
        found = self._kubelets.worker(namespace, pod).pod.container(container)
        if found is None or found.environment is None:
            raise KeyError(f"{namespace}/{pod}/{container}")
        return dict(found.environment)

    # What may befall nodes and pods.

    def add_node(self) -> str:
        """Add a node; give its name."""
        return self._fleet.add(self._server.port)

    def remove_node(self, node: str) -> None:
        """Delete a node that has no pods; KeyError for one that is not played."""
        self._fleet.remove(node)

    def silence(self, node: str) -> None:
        """Stop a node's kubelet: no status, no Lease, no end of a pod. Its containers run on."""
        self._fleet.silence(node)

    def revive(self, node: str) -> None:
        """Start it again: it tells how its pods are, and ends those that are to go."""
        self._fleet.revive(node)
        path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
        self._kubelets.came_back(self._client.request("GET", path)["items"])

    def evict(self, namespace: str, pod: str) -> None:
        """Have the kubelet evict a pod, for want of memory; KeyError if it is not played."""
        worker = self._kubelets.worker(namespace, pod)
        minor = self._minor()
        with worker.lock:
            worker.epoch += 1
            disruptions.evict(worker.pod, minor, self._now())
            self._kubelets.write(worker)

    def preempt(self, namespace: str, pod: str) -> None:
        """Have the scheduler delete a pod for the sake of another; KeyError if it is not played."""
        worker = self._kubelets.worker(namespace, pod)
        if self._minor() >= disruptions.CONDITIONS_SINCE:
            with worker.lock:
                worker.pod.conditions = [
                    *worker.pod.conditions,
                    disruptions.preemption(self._now()),
                ]
                self._kubelets.write(worker)
        path = f"/api/v1/namespaces/{namespace}"
        self._client.request("DELETE", f"{path}/pods/{pod}")
        told = disruptions.preempted(worker.pod.manifest, self._now())
        self._client.request("POST", f"{path}/events", told)

    def autoscale(self, how: Autoscaling | None) -> None:
        """Have an autoscaler look after pods without room, or none any more."""
        self._autoscaler = None
        if how is None:
            return
        self._autoscaler = Autoscaler(
            how,
            self._client,
            self._scheduler,
            nodes=self._fleet,
            add_node=self.add_node,
            now=self._now,
        )
        for manifest in self._client.request("GET", "/api/v1/pods")["items"]:
            self._seen(manifest)

    def _seen(self, pod: Json) -> None:
        if self._autoscaler is not None:
            self._autoscaler.saw(pod)

    def _minor(self) -> int:
        """The minor version of the API server: its nodes are taken to be of the same."""
        return int(self._client.request("GET", "/version")["minor"].rstrip("+"))
