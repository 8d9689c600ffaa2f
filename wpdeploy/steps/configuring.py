"""The Secret and the ConfigMap of a recorded release, where a step needs them again."""

from wpdeploy import rollback
from wpdeploy.cli import Invocation
from wpdeploy.kinds import Manifest, path_of, title
from wpdeploy.kube import Cluster
from wpdeploy.parameters import AskSecret, ParameterStore, StoredSecret
from wpdeploy.record import Record
from wpdeploy.target import Target


def configuration(
    invocation: Invocation, cluster: Cluster, target: Target, goal: Record
) -> tuple[Manifest, ...]:
    """The record's Secret and ConfigMap, made anew; nothing where both are there.

    A ParameterError where SSM no longer has a recorded version; nothing has been changed then.
    """
    metadata = {"name": goal.config, "namespace": target.namespace}
    both = [{"apiVersion": "v1", "kind": kind, "metadata": metadata} for kind in _PAIR]
    gone = [title(item) for item in both if cluster.get(path_of(item), title(item)) is None]
    if not gone:
        return ()
    invocation.console.line(f"gone: {', '.join(gone)}; the recorded parameters are read again")
    made = rollback.remade(goal, parameter_store(invocation, target.region), target.name)
    return tuple({**item, "metadata": {**item["metadata"], **metadata}} for item in made)


# In this order, as `render` makes them.
_PAIR = ("ConfigMap", "Secret")


def parameter_store(
    invocation: Invocation, configured: str | None, *, decrypts: bool = True
) -> ParameterStore:
    """The Parameter Store of the region that the environment file names, or that we are in."""
    from wpdeploy import aws, ssm  # noqa: PLC0415  # whose Secret is still there pays for neither

    region = aws.region(configured, invocation.environ)
    return ssm.Ssm(region, invocation.clock, invocation.console.line, decrypts=decrypts)


def ask_secret(
    invocation: Invocation, configured: str | None, *, decrypts: bool = True
) -> AskSecret:
    """What asks Secrets Manager of that region; its text is kept only if it is to be decrypted."""

    def ask(arn: str) -> StoredSecret:
        from wpdeploy import aws, secrets_manager  # noqa: PLC0415  # few need one

        region, clock = aws.region(configured, invocation.environ), invocation.clock
        return secrets_manager.get(arn, region, clock, invocation.console.line, keeps_text=decrypts)

    return ask
