"""What a container does, chosen by the tag of its image.

Faults of the image and of its configuration show in every pod. Faults of the running server
(crashes, readiness) show where restartPolicy is Always: a Job's containers complete, all but those
of `joberror`. Init containers and sidecars have the faults of their images, and one of their own.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from sandbox.kubelet.images import InvalidReferenceError, parse
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.registry import (
    DENIED,
    FORBIDDEN,
    NOT_FOUND,
    TOO_MANY,
    UNAVAILABLE,
    PullError,
)


@dataclass(frozen=True)
class Exit:
    """How a container ends by itself, so many seconds after its start or its readiness.

    `runs` is how many of its runs end so; later ones do not end.
    """

    code: int
    reason: str
    after: float
    once_ready: bool = False
    last_words: str = ""
    runs: float = math.inf


@dataclass(frozen=True)
class Flap:
    """A readiness that is lost so many seconds after it came, and for how long."""

    after: float
    lasts: float


@dataclass(frozen=True)
class Behaviour:
    """What becomes of a container."""

    job_exit: Exit
    init_exit: Exit
    sidecar_exit: Exit | None = None
    invalid_name: str = ""
    pull_error: PullError | None = None
    config_error: str = ""
    create_error: str = ""
    start_error: str = ""
    exit: Exit | None = None
    ready: float | None = None
    """Seconds until the readiness probe passes; None: the usual time."""
    flap: Flap | None = None
    ignores_sigterm: bool = False


class Faults:
    """The table of behaviours."""

    def __init__(self, pace: Pace) -> None:
        self._healthy = Behaviour(
            job_exit=Exit(0, "Completed", pace.job), init_exit=Exit(0, "Completed", pace.init)
        )
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
        """Tell how an init container behaves."""
        return replace(self._of_image(image), init_exit=self.of(image).init_exit)

    def of_sidecar(self, image: str) -> Behaviour:
        """Tell how an init container behaves that is always restarted."""
        return replace(self._of_image(image), exit=self.of(image).sidecar_exit)

    def _of_image(self, image: str) -> Behaviour:
        """Only the image can be at fault."""
        main = self.of(image)
        return replace(self._healthy, invalid_name=main.invalid_name, pull_error=main.pull_error)


def _table(pace: Pace) -> dict[str, dict[str, Any]]:
    fatal = "PHP Fatal error:  Uncaught Error: Call to undefined function wp_cache_init() in "
    crash = Exit(1, "Error", pace.crash, last_words=fatal + "/var/www/html/wp-settings.php:112")
    database = "Error: Error establishing a database connection."
    init_crash = Exit(1, "Error", pace.init, last_words=database)
    entrypoint = 'exec: "/entrypoint.sh": stat /entrypoint.sh: no such file or directory: unknown'
    oci = "failed to create containerd task: OCI runtime create failed: container_linux.go:380: "
    return {
        "badpull": {"pull_error": NOT_FOUND},
        "denied": {"pull_error": DENIED},
        "forbidden": {"pull_error": FORBIDDEN},
        "registry5xx": {"pull_error": replace(UNAVAILABLE, lasts=pace.outage)},
        "toomany": {"pull_error": TOO_MANY},
        "invalidname": {
            "invalid_name": "invalid reference format: repository name must be lowercase"
        },
        "badconfig": {"config_error": 'secret "absent" not found'},
        "createerror": {"create_error": "failed to generate spec: no command specified"},
        "runerror": {"start_error": f"{oci}starting container process caused: {entrypoint}"},
        "crashloop": {"exit": crash},
        "crashonce": {"exit": replace(crash, runs=1)},
        # The kernel kills without a word in the container's log.
        "oom": {"exit": Exit(137, "OOMKilled", pace.crash)},
        "crashlater": {"exit": replace(crash, after=pace.crash_later, once_ready=True)},
        "initcrash": {"init_exit": init_crash},
        "sidecarcrash": {"sidecar_exit": crash},
        "notready": {"ready": math.inf},
        "slow": {"ready": pace.slow},
        "flap": {"flap": Flap(pace.flap_after, pace.flap)},
        "slowterm": {"ignores_sigterm": True},
        "joberror": {"job_exit": Exit(1, "Error", pace.job, last_words=database)},
    }
