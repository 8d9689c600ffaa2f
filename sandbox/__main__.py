"""A whole deployment on this machine: `python -m sandbox [--tag badpull] [--param NAME=VALUE]`.

AWS is moto's server. The cluster is a simulated API server, or the real one of --kubeconfig; its
nodes are played by sandbox.kubelet, so an image's tag can choose a fault. The bundle of this
checkout goes to CodeDeploy, whose agent runs the hooks. In AWS both may do what the bastion's role
in cloudformation/environment.yml may, in the cluster what the Role of k8s/cluster may, and nothing
else. A healthy release goes first; with a tag, that release follows it. With --bundle it is a
bundle that was made before.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from sandbox import cluster, role
from sandbox.aws import Aws
from sandbox.bastion import Bastion, opened
from sandbox.cluster import Place
from sandbox.codedeploy import Timeline, console
from sandbox.site import ROOT, Site, image, released
from wpdeploy.errors import WpdeployError

# What somebody would do next, by the exit code of the hook that failed.
_NEXT: Mapping[int, str] = {
    0: "see one fail: python -m sandbox --tag badpull (or crashloop, invalidname, badconfig, oom); "
    "change k8s/ and run it again",
    3: "mend the file that the log tail names, and deploy again: nothing has been changed",
    4: "mend the parameter or the role's policy, and deploy again: nothing has been changed",
    5: "mend the template that the log tail names, and deploy again: nothing has been changed",
    6: "do what the log tail says, and deploy again",
    7: "mend what the log tail names, and deploy again; or deploy the revision before this one",
    8: "find out why it takes so long (the log tail says what it waits for), and deploy again",
    9: "wait for the other deployment, or free its lock as the log tail says",
}
_OTHER = "read the log tail and the whole log"


def main(argv: Sequence[str]) -> int:
    """Deploy; the exit code is that of the hook that failed, else 0."""
    options = _parser().parse_args(argv)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="wpdeploy-sandbox-"))
        if not options.keep:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            return _run(options, directory, stack)
        except WpdeployError as error:
            print(f"sandbox: {error}", file=sys.stderr)
            return int(error.exit_code)
        finally:
            if options.keep:
                print(f"\nkept: {directory}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--group", default="Test", help="the deployment group (%(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--tag", help="badpull, invalidname, crashloop, oom, badconfig, notready, slow, ..."
    )
    what.add_argument(
        "--bundle", type=Path, metavar="DIR|ZIP", help="deploy this bundle, as its build made it"
    )
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", type=_pair)
    parser.add_argument(
        "--on-failure",
        choices=("keep", "rollback"),
        default="keep",
        help="what becomes of a release that fails (%(default)s)",
    )
    parser.add_argument("--kubeconfig", type=Path, help="an administrator's, of a real cluster")
    parser.add_argument("--keep", action="store_true", help="keep the directory of the run")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def _run(options: argparse.Namespace, directory: Path, stack: ExitStack) -> int:
    source = opened(options.bundle, directory / "given") if options.bundle else ROOT
    print(
        "sandbox: AWS and Kubernetes start on this machine; the bastion may do there what its role "
        "in cloudformation/ and that in k8s/cluster/ allow, and nothing else",
        flush=True,
    )
    aws = stack.enter_context(Aws())
    place = stack.enter_context(
        cluster.given(options.kubeconfig, directory)
        if options.kubeconfig
        else cluster.simulated(aws, directory)
    )
    site = _site(options, aws, place, directory, source)
    _enforce(aws, site)
    bastion = Bastion(site, directory, notify=lambda line: print(f"    {line}", flush=True))
    if options.bundle:
        return _deployed(bastion, bastion.deploy_source, place, f"the bundle {options.bundle}")
    code = _deploy(bastion, place, "v1", "a healthy release")
    if options.tag and not code:
        # Its Jobs have the same image and would fail first; the rollout is what is to be seen.
        site.changes |= {job: {"enabled": False} for job in ("install", "upgrade")}
        code = _deploy(bastion, place, options.tag, f"a release with the image tag {options.tag}")
    return code


def _site(
    options: argparse.Namespace, aws: Aws, place: Place, directory: Path, source: Path
) -> Site:
    site = Site(
        aws,
        place.namespace,
        directory,
        place.kubeconfig,
        place.changes | {"on_failure": options.on_failure},
        options.group,
        eks=place.eks,
        source=source,
    )
    site.store()
    for name, value in options.param:
        if name not in site.values:
            sys.exit(f"sandbox: {name} is not in k8s/parameters.yaml: {', '.join(site.values)}")
        site.put(name, value)
    return site


def _enforce(aws: Aws, site: Site) -> None:
    """Let the bastion do in AWS what its role's policy allows, and nothing else."""
    secret, _ = site.values[role.SECRET]
    stack = role.stack(aws, site.group, site.eks or cluster.EKS_CLUSTER, secret)
    aws.enforce(role.policies(role.documents(stack)))


def _deploy(bastion: Bastion, place: Place, tag: str, what: str) -> int:
    release = released(image(tag), f"build-{tag}")
    more = ", with the making of its bundle"
    return _deployed(bastion, lambda: bastion.deploy(release), place, what, more)


def _deployed(
    bastion: Bastion, deploy: Callable[[], Timeline], place: Place, what: str, more: str = ""
) -> int:
    print(f"\nsandbox: CodeDeploy deploys {what}\n", flush=True)
    started = time.monotonic()
    timeline = deploy()
    print(f"\n{console(timeline)}")
    print(f"took      {time.monotonic() - started:.1f} s{more}")
    size, starts = bastion.revision.stat().st_size / 1e6, bastion.start_seconds() * 1000
    print(f"bundle    {size:.1f} MB zipped; a hook of it starts in {starts:.0f} ms")
    print(f"serving   {place.serving('wordpress')} pods get the site's requests")
    print(f"next      {_next(timeline)}", flush=True)
    return timeline.exit_code


def _next(timeline: Timeline) -> str:
    return _NEXT.get(timeline.exit_code, _OTHER)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
