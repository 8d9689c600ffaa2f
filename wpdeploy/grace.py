"""Grace: how long a state that may pass by itself is waited for before it fails a rollout."""

from dataclasses import dataclass
from typing import Annotated

from wpdeploy import checks

Seconds = Annotated[int, checks.whole(0, 3600)]


@dataclass(frozen=True)
class Grace:
    """Seconds for each such state, and how many restarts are too many (docs/verdicts.md).

    A registry's bad minute ends with the kubelet's next attempt, which may be 40 s later: hence the
    two minutes. A cluster's autoscaler says within seconds that it has heard of a pod.
    """

    image_pull: Seconds = 120
    container: Seconds = 15
    crash: Seconds = 15
    refused: Seconds = 20
    unschedulable: Seconds = 60
    restarts: Annotated[int, checks.whole(1, 1000)] = 5
