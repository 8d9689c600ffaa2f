"""A simulated Kubernetes API server with the controllers that a deployment needs.

    server ─→ application ─→ handlers ─→ registry ─→ store ─→ watches, controllers

What decides (types, fields, apply, defaults, validation, rollout arithmetic) is pure and apart.
"""

from sandbox.kubernetes.server import ApiServer

__all__ = ["ApiServer"]
