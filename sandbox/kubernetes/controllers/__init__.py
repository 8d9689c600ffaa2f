"""The controllers, driven by the store's changes: one queue, one thread."""

from sandbox.kubernetes.controllers.loop import Controllers

__all__ = ["Controllers"]
