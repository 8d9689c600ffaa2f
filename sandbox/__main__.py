"""A whole deployment on this machine: `python -m sandbox [--tag badpull] [--param NAME=VALUE]`.

AWS is moto's server. The cluster is a simulated API server, or the real one of --kubeconfig; its
nodes are played by sandbox.kubelet, so an image's tag can choose a fault. A healthy release goes
first; with a tag, that release follows it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sandbox.aws import Aws
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.site import STEPS, Json, Site
from wpdeploy import kubeconfig as kubeconfigs
from wpdeploy.clock import Clock
from wpdeploy.errors import WpdeployError
from wpdeploy.kube import Cluster, Request

# What a switch of the environment file is about, and where the API server has it.
_APIS = {
    "disruption_budget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "cron": ("/apis/batch/v1", "cronjobs"),
}


def main(argv: Sequence[str]) -> int:
    """Deploy; the exit code is that of the first step that failed, else 0."""
    options = _parser().parse_args(argv)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="wpdeploy-sandbox-"))
        if not options.keep:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            site = _site(options, directory, stack)
        except WpdeployError as error:
            print(f"sandbox: {error}", file=sys.stderr)
            return 6
        code = _deploy(site, "v1", "a healthy release")
        if options.tag and not code:
            code = _deploy(site, options.tag, f"a release with the image tag {options.tag}")
        if options.keep:
            print(f"\nkept: {directory}")
        return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--group", default="Test", help="the deployment group (%(default)s)")
    parser.add_argument(
        "--tag", help="badpull, invalidname, crashloop, oom, badconfig, notready, slow, ..."
    )
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", type=_pair)
    parser.add_argument("--kubeconfig", type=Path, help="an administrator's, of a real cluster")
    parser.add_argument("--keep", action="store_true", help="keep the directory of the run")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def _site(options: argparse.Namespace, directory: Path, stack: ExitStack) -> Site:
    kubeconfig = options.kubeconfig
    if kubeconfig is None:
        kubeconfig = stack.enter_context(ApiServer(directory / "cluster")).admin_kubeconfig
    cluster = Cluster(kubeconfigs.access(str(kubeconfig), None), Clock(), print)
    (directory / "nodes").mkdir()
    stack.enter_context(Player(read_kubeconfig(kubeconfig, directory / "nodes")))
    aws = stack.enter_context(Aws())
    namespace = f"sandbox-{int(time.time())}"
    body = f'{{"metadata": {{"name": "{namespace}"}}}}'.encode()
    path = "/api/v1/namespaces"
    cluster.request(Request("POST", path, namespace, {}, body, "application/json"))
    site = Site(aws, namespace, directory, kubeconfig, _changes(cluster), options.group)
    site.set_up()
    for name, value in options.param:
        if name not in site.values:
            sys.exit(f"sandbox: {name} is not in k8s/parameters.yaml: {', '.join(site.values)}")
        site.put(name, value)
    return site


def _changes(cluster: Cluster) -> Json:
    """Short waits, and without what this API server has no API for."""
    changes: Json = {"rollout": {"stability_window": 2, "deadline": 60, "progress_deadline": 50}}
    for switch, (path, plural) in _APIS.items():
        found = cluster.get(path, path) or {"resources": []}
        if plural not in {resource["name"] for resource in found["resources"]}:
            changes[switch] = {"enabled": False}
    return changes


def _deploy(site: Site, tag: str, what: str) -> int:
    """One deployment, each step with its output and its time."""
    site.deployment_id = f"d-{tag.upper()}"
    site.release(tag)
    print(f"\nsandbox: {what}: {', '.join(STEPS)}")
    for step in STEPS:
        started = time.monotonic()
        result = site.run(step)
        print(f"\n-- {step}: exit {result.code}, {time.monotonic() - started:.2f} s")
        print(result.output, end="")
        if result.code:
            return result.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
