"""The proof: each right that is granted is used by a run, and without it a run breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rights import scenarios
from tests.rights.others import ours
from tests.rights.outcomes import Broken
from tests.rights.permissions import AwsRight, Permission, Policies, of_policies, of_rules
from tests.rights.scenarios import Stage
from tests.rights.trials import DOCTOR, RENDER, Trials, in_order
from tests.rights.world import RULES, World, world


@dataclass(frozen=True)
class Proved:
    """A right, what uses it, and what becomes of that without it."""

    permission: Permission
    used: Sequence[str]
    broken: Sequence[Broken]


@dataclass(frozen=True)
class Proof:
    """Each right, in the order in which they are granted, with what only other programs need.

    `names` are those of the sandbox in the policies, with what stands for them in the document.
    """

    proved: Sequence[Proved]
    others: Sequence[AwsRight]
    policies: Policies
    names: Mapping[str, str]


def prove(directory: Path) -> Proof:
    """Run everything, then for each right a run that lacks it."""
    with world(directory) as there:
        of_role = of_policies(there.policies)
        granted = ours([*of_role, *of_rules(RULES)])
        stage = Stage(there)
        for scenario in scenarios.SCENARIOS:
            scenario(stage)
        trials = Trials(there)
        found = {each: _tried(trials, each, stage.used.get(each, ())) for each in in_order(granted)}
        with there.cluster("1.20"):
            _prove_on_old(there, found)
        others = [each for each in of_role if each not in found]
        proved = [found[each] for each in granted]
        return Proof(proved, others, there.policies, there.names)


def _tried(trials: Trials, permission: Permission, used: Sequence[str]) -> Proved:
    """The right's own run without it, and one that looks for it before: a deployment, or doctor."""
    looks = DOCTOR if isinstance(permission, AwsRight) else RENDER
    labels = [trials.cheapest(used)]
    if looks == RENDER or looks in used:
        labels.append(looks)
    tried = [trials.of(label, permission) for label in dict.fromkeys(labels) if label]
    return Proved(permission, used, tried)


def _prove_on_old(there: World, found: dict[Permission, Proved]) -> None:
    """Those rights that only an old cluster needs."""
    stage = Stage(there)
    trials = Trials(there, healthy=scenarios.old_cluster(stage))
    for permission, known in found.items():
        if not known.used and (used := stage.used.get(permission)):
            own = trials.of(trials.cheapest(used), permission)
            found[permission] = Proved(permission, [*used, scenarios.OLD], [own, *known.broken])
