"""wpdeploy's steps beside kubectl's commands, on one control plane, in turn.

    make bench

Both deploy once more what runs already, so that what is timed is the tool and not the rollout:
wpdeploy's render (13 parameters through moto), apply and validate against `kubectl apply`,
`kubectl rollout status` and `kubectl get pods` with the same objects, rendered beforehand.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sandbox.aws import Aws
from sandbox.kubelet import Player, read_kubeconfig
from tests.cluster import control_plane
from tests.cluster.site import Site

PAIRS = 10
STEPS = ("render", "apply", "validate")


def main() -> None:
    """Print the median of each, and the median of the pairs' ratios."""
    binaries, kubectl = control_plane.find(), shutil.which("kubectl")
    if binaries is None or kubectl is None:
        sys.exit(control_plane.how_to_get() if binaries is None else "no kubectl on the PATH")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plane = stack.enter_context(control_plane.ControlPlane.start(binaries, directory / "plane"))
        player = stack.enter_context(Player(read_kubeconfig(plane.admin_kubeconfig, directory)))
        site = Site(plane, player, stack.enter_context(Aws()), "bench", directory)
        _prepare(site)
        _print(_timed(lambda: _wpdeploy(site), lambda: _kubectl(site, kubectl)))


def _prepare(site: Site) -> None:
    site.ask("POST", "/api/v1/namespaces", {"metadata": {"name": site.namespace}})
    site.plane.await_admission(site.namespace)
    site.kubeconfig = site.plane.admin_kubeconfig
    site.set_up()
    site.deployed()
    state = site.directory / "root/var/lib/wpdeploy/Test" / site.deployment_id / "deployment.json"
    for number, manifest in enumerate(json.loads(state.read_text())["manifests"]):
        (site.directory / f"{number}.manifest.json").write_text(json.dumps(manifest))


def _wpdeploy(site: Site) -> None:
    for step in STEPS:
        result = site.run(step)
        if result.code:
            sys.exit(result.output)


def _kubectl(site: Site, kubectl: str) -> None:
    command = [kubectl, "--kubeconfig", str(site.kubeconfig), "--namespace", site.namespace]
    files = [f"--filename={path}" for path in sorted(site.directory.glob("*.manifest.json"))]
    # Server-side as well, under a manager of its own: with the same values that is no conflict.
    for arguments in (
        ["apply", "--server-side", "--field-manager=bench", *files],
        ["rollout", "status", "deployment/wordpress"],
        ["get", "pods"],
    ):
        subprocess.run([*command, *arguments], check=True, capture_output=True)


def _timed(one: Callable[[], None], other: Callable[[], None]) -> Sequence[tuple[float, float]]:
    """Seconds of both, pair by pair; the first pair warms up and is left out."""
    return [(_seconds(one), _seconds(other)) for _ in range(PAIRS + 1)][1:]


def _seconds(run: Callable[[], None]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def _print(pairs: Sequence[tuple[float, float]]) -> None:
    ours, theirs = zip(*pairs, strict=True)
    ratios = sorted(one / other for one, other in pairs)
    print(f"wpdeploy {', '.join(STEPS)}: {statistics.median(ours):.2f} s")
    print(f"kubectl apply, rollout status, get: {statistics.median(theirs):.2f} s")
    print(f"ratio of {len(pairs)} pairs: median {statistics.median(ratios):.2f},", end=" ")
    print(f"from {ratios[0]:.2f} to {ratios[-1]:.2f}")


if __name__ == "__main__":
    main()
