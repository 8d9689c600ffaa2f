"""Plays the part of the CodeDeploy agent: it runs an archive's hooks as the agent on a host does.

    agent ─→ deployment_root, archive, appspec ─→ installer, hooks ─→ process ─→ script_log

There is no AWS in it: who calls it says which deployment of which group this is.
"""

from sandbox.codedeploy.agent import Agent, Deployment, DownloadError, Fetch, Revision
from sandbox.codedeploy.generations import FIRST, SECOND, Generation
from sandbox.codedeploy.linter import lint
from sandbox.codedeploy.timeline import Timeline, console

__all__ = [
    "FIRST",
    "SECOND",
    "Agent",
    "Deployment",
    "DownloadError",
    "Fetch",
    "Generation",
    "Revision",
    "Timeline",
    "console",
    "lint",
]
