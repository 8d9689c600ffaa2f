"""Plays the part of the kubelets: real rolling updates in seconds, with faults chosen by image tag.

It speaks plain Kubernetes HTTP, so a real API server and a simulated one serve it alike.
"""

from sandbox.kubelet.autoscaler import KARPENTER, Autoscaling
from sandbox.kubelet.client import Connection
from sandbox.kubelet.kubeconfig import read_kubeconfig
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.player import Player

__all__ = ["KARPENTER", "Autoscaling", "Connection", "Pace", "Player", "read_kubeconfig"]
