"""wpdeploy's hooks beside the shell hooks that it replaces, in turn, in one run: `make bench`.

Both deploy, through CodeDeploy's agent, the release that runs already: no pod is replaced, so what
is timed is the tool and not the rollout. README.md says more.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import awscli, sides
from benchmarks.cluster import Cluster
from benchmarks.figures import Spread, table
from benchmarks.sides import EVENTS, PYTHON, Side
from tests.cluster import control_plane

PAIRS = 10
EKS, KUBECONFIG, START = "wpdeploy, EKS", "wpdeploy, kubeconfig", "wpdeploy, start alone"
OLD_EKS, OLD_KUBECONFIG = "predecessor, EKS", "predecessor, kubeconfig"
# What is compared with what, and what the ratio is to be at most.
RATIOS = ((EKS, OLD_EKS, "0.60"), (KUBECONFIG, OLD_KUBECONFIG, "0.80"), (EKS, OLD_KUBECONFIG, ""))
# Milliseconds by side and event.
Times = Mapping[str, Mapping[str, float]]


def main() -> None:
    """Print the figures."""
    binaries, kubectl = control_plane.find(), shutil.which("kubectl")
    if binaries is None or kubectl is None:
        sys.exit(control_plane.how_to_get() if binaries is None else "no kubectl on the PATH")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = Cluster(binaries, directory, stack)
        contenders = _contenders(cluster, Path(kubectl))
        print(_about(cluster, kubectl), flush=True)
        rounds = _measured(cluster, contenders)
    print("", _ratios(rounds), "", _each(rounds), sep="\n")


def _contenders(cluster: Cluster, kubectl: Path) -> Sequence[Side]:
    site = cluster.site("eks", eks=True)
    token, certificate = cluster.predecessor("predecessor")
    old = {OLD_EKS: token, OLD_KUBECONFIG: certificate}
    return [
        sides.wpdeploy(EKS, site),
        sides.start(START, site),
        sides.wpdeploy(KUBECONFIG, cluster.site("kubeconfig", eks=False)),
        *(
            sides.predecessor(name, cluster.aws, kubectl, file, cluster.directory / file.stem)
            for name, file in old.items()
        ),
    ]


def _measured(cluster: Cluster, contenders: Sequence[Side]) -> Sequence[Times]:
    def times(numbers: range) -> Sequence[Times]:
        return [{side.name: side.deploy(number) for side in contenders} for number in numbers]

    # The first deployment rolls, the second one warms up.
    times(range(2))
    pods = cluster.pod_names()
    rounds = times(range(2, 2 + PAIRS))
    if cluster.pod_names() != pods:
        sys.exit("pods were replaced: what was timed is the rollout")
    return rounds


def _about(cluster: Cluster, kubectl: str) -> str:
    client = _output(kubectl, "version", "--client", "--output=json")
    parts = (
        f"API server {cluster.plane.version}",
        f"kubectl {json.loads(client)['clientVersion']['gitVersion']}",
        _output(str(awscli.programs(PYTHON) / "aws"), "--version").split()[0],
        f"Python {platform.python_version()}",
        f"{os.cpu_count()} processors",
    )
    return f"{PAIRS} pairs in turn, after one that warms up\n{', '.join(parts)}"


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _ratios(rounds: Sequence[Times]) -> str:
    rows = [["all hooks, ms", "", "beside", "", "ratio", "at most"]]
    for one, other, limit in RATIOS:
        ours, theirs = ([sum(each[name].values()) for each in rounds] for name in (one, other))
        ratio = Spread.of([left / right for left, right in zip(ours, theirs, strict=True)])
        totals = (f"{Spread.of(ours):.0f}", other, f"{Spread.of(theirs):.0f}")
        rows.append([one, *totals, f"{ratio:.2f}", limit])
    return table(*rows)


def _each(rounds: Sequence[Times]) -> str:
    lines = [["each hook, ms", *EVENTS]]
    for name in rounds[0]:
        hooks = [[each[name][event] for each in rounds if event in each[name]] for event in EVENTS]
        lines.append([name, *(f"{Spread.of(times):.0f}" if times else "-" for times in hooks)])
    return table(*lines)


if __name__ == "__main__":
    main()
