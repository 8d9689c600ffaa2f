"""What a container does, chosen by the tag of its image.

Faults of the image and of its configuration show in every pod. Faults of the running server
(crashes, readiness) show where restartPolicy is Always: a Job's containers complete, all but those
of `joberror`.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from sandbox.kubelet.images import InvalidReferenceError, parse
from sandbox.kubelet.pace import Pace


@dataclass(frozen=True)
class Exit:
    """How a container ends by itself, so many seconds after its start or its readiness."""

    code: int
    reason: str
    after: float
    once_ready: bool = False
    last_words: str = ""


@dataclass(frozen=True)
class Behaviour:
    """What becomes of a container."""

    job_exit: Exit
    invalid_name: str = ""
    pullable: bool = True
    config_error: str = ""
    exit: Exit | None = None
    ready: float | None = None
    """Seconds until the readiness probe passes; None: the usual time."""
    ignores_sigterm: bool = False


class Faults:
    """The table of behaviours."""

    def __init__(self, pace: Pace) -> None:
        self._healthy = Behaviour(job_exit=Exit(0, "Completed", pace.job))
        self._by_tag = {
            tag: replace(self._healthy, **changes) for tag, changes in _table(pace).items()
        }

    def of(self, image: str) -> Behaviour:
        """Tell how a container of this image behaves."""
        try:
            tag = parse(image).tag
        except InvalidReferenceError as error:
            return replace(self._healthy, invalid_name=str(error))
        return self._by_tag.get(tag, self._healthy)

    def of_init(self, image: str) -> Behaviour:
        """Tell how an init container behaves: only its image can be at fault."""
        main = self.of(image)
        return replace(self._healthy, invalid_name=main.invalid_name, pullable=main.pullable)


def _table(pace: Pace) -> dict[str, dict[str, Any]]:
    fatal = "PHP Fatal error:  Uncaught Error: Call to undefined function wp_cache_init() in "
    crash = Exit(1, "Error", pace.crash, last_words=fatal + "/var/www/html/wp-settings.php:112")
    database = "Error: Error establishing a database connection."
    return {
        "badpull": {"pullable": False},
        "invalidname": {
            "invalid_name": "invalid reference format: repository name must be lowercase"
        },
        "badconfig": {"config_error": 'secret "absent" not found'},
        "crashloop": {"exit": crash},
        # The kernel kills without a word in the container's log.
        "oom": {"exit": Exit(137, "OOMKilled", pace.crash)},
        "crashlater": {"exit": replace(crash, after=pace.crash_later, once_ready=True)},
        "notready": {"ready": math.inf},
        "slow": {"ready": pace.slow},
        "slowterm": {"ignores_sigterm": True},
        "joberror": {"job_exit": Exit(1, "Error", pace.job, last_words=database)},
    }
