"""How many requests a user sent, from the API server's own audit log."""

import json
from collections.abc import Sequence
from pathlib import Path


class Audit:
    """The log of what these users ask for; a watch is one request."""

    def __init__(self, directory: Path, users: Sequence[str]) -> None:
        directory.mkdir()
        self._log = directory / "audit.log"
        self._log.touch()
        self._policy = directory / "policy.json"
        self._policy.write_text(json.dumps(_policy(users)))

    @property
    def flags(self) -> Sequence[str]:
        """What the API server is started with; it writes a line before it answers."""
        return (f"--audit-policy-file={self._policy}", f"--audit-log-path={self._log}")

    def requests(self, user: str) -> int:
        """How many there are of this user by now."""
        with self._log.open() as lines:
            return sum(json.loads(line)["user"]["username"] == user for line in lines)


def _policy(users: Sequence[str]) -> object:
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        # Of its stages only the first: each request once.
        "omitStages": ["ResponseStarted", "ResponseComplete", "Panic"],
        "rules": [{"level": "Metadata", "users": list(users)}, {"level": "None"}],
    }
