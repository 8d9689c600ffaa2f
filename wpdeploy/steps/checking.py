"""What a step asks the API server before anything is changed, and what preflight makes of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from wpdeploy import apply, jobs, preflight, quotas
from wpdeploy.api_status import ApiError
from wpdeploy.apply import Live
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest, collection, path_of, phases, title
from wpdeploy.kube import Cluster
from wpdeploy.preflight import Finding, Level, Stored
from wpdeploy.records import Records, last_succeeded
from wpdeploy.report import Console
from wpdeploy.rights import RIGHTS, Right, access_review, rules_review, ungranted
from wpdeploy.settings import Settings
from wpdeploy.state import Deployment

_REVIEWS = "/apis/authorization.k8s.io/v1"


def foresee(
    console: Console, cluster: Cluster, env: Settings, deployment: Deployment, live: Live
) -> None:
    """Tell of what may go wrong with a deployment; raise what would.

    What its own rehearsal shows is not looked at again: two requests, where nothing is wrong.
    """
    findings = list(_foreseen(console, cluster, env, deployment, live))
    for finding in findings:
        if finding.level is Level.WARNING:
            console.line(f"warning: {finding}")
    fatal = [finding for finding in findings if finding.level is Level.FAILED]
    if fatal:
        problems = [f"{finding.check}: {finding.sentence}" for finding in fatal]
        raise ClusterError("preflight", problems, fatal[0].hint)


def _foreseen(
    console: Console, cluster: Cluster, env: Settings, deployment: Deployment, live: Live
) -> Iterator[Finding]:
    runs = live[f"Deployment {env.name}"]
    yield preflight.uploads(env)
    yield _looked("rights", lambda: rights(cluster, env.namespace, singly=False))
    yield _looked("quota", lambda: room(cluster, deployment.to_apply, runs))
    # Pods that refer to the same Secret have the same salts: no record need be read.
    if runs and deployment.config not in str(runs["spec"]["template"]):
        now = {each.env: each for each in deployment.parameters.values()}
        yield _looked("salts", lambda: salts(console, cluster, env, now))


def _looked(check: str, look: Callable[[], Finding]) -> Finding:
    """What the look finds; an error on the way is none that a deployment ends in."""
    try:
        return look()
    except ClusterError as error:
        return preflight.not_known(check, error)


def rights(cluster: Cluster, namespace: str, *, singly: bool) -> Finding:
    """Whether all is granted: asked `singly`, a request each, or by the list of the rules.

    The list is incomplete where an authorizer cannot list what it grants, EKS's among them: what is
    not on it is asked for.
    """
    wanted: Sequence[Right] = RIGHTS
    if not singly:
        wanted = ungranted(RIGHTS, rules(cluster, namespace))
    return preflight.rights([right for right in wanted if not may(cluster, namespace, right)])


def room(cluster: Cluster, manifests: Sequence[Manifest], live: Manifest | None) -> Finding:
    """Whether the quotas have room for the Deployment and the Jobs; `live` is what runs."""
    deployment = next(each for each in manifests if each["kind"] == "Deployment")
    path = collection("v1", "resourcequotas", deployment["metadata"]["namespace"])
    found = (cluster.get(path, "ResourceQuotas") or {}).get("items") or ()
    finding = quotas.judged(found, quotas.demand(manifests, live, rolls=True))
    if finding.level is not Level.OK and not _rolls(cluster, deployment):
        finding = quotas.judged(found, quotas.demand(manifests, live, rolls=False))
    due = [each for each in phases(manifests).jobs if found and not _is_complete(cluster, each)]
    findings = [finding, *(quotas.judged(found, quotas.of_job(each)) for each in due)]
    return max(findings, key=lambda each: _WORSE.index(each.level))


# The first of those that are equally bad is told.
_WORSE = (Level.OK, Level.WARNING, Level.FAILED)


def _is_complete(cluster: Cluster, job: Manifest) -> bool:
    """Whether the Job is there and complete, and will not run again."""
    live = cluster.get(path_of(job), title(job))
    return live is not None and jobs.job(live).complete


def salts(console: Console, cluster: Cluster, env: Settings, now: Mapping[str, Stored]) -> Finding:
    """Whether the parameters, by environment variable, change the salts of the last release."""
    records = Records(cluster, env.namespace, env.name, console.line)
    last = last_succeeded(records.all())
    before = {each.env: each for each in last.parameters.values()} if last else None
    return preflight.salts(now, before)


def rules(cluster: Cluster, namespace: str) -> Sequence[Manifest]:
    """The rules by which one may do what one may in the namespace; none where nobody tells."""
    try:
        answer = cluster.review(f"{_REVIEWS}/selfsubjectrulesreviews", rules_review(namespace))
    except ApiError:
        return ()  # not everybody may list, and each right can be asked for all the same
    return answer["status"].get("resourceRules") or ()


def may(cluster: Cluster, namespace: str, right: Right) -> bool:
    """Whether one has the right; without a namespace, in the whole cluster."""
    review = access_review(namespace, right)
    answer = cluster.review(f"{_REVIEWS}/selfsubjectaccessreviews", review)
    return bool(answer["status"].get("allowed"))


def _rolls(cluster: Cluster, deployment: Manifest) -> bool:
    """Whether the Deployment's pods are replaced: the same template again replaces none."""
    [preview] = apply.preview(cluster, [deployment], force=True)
    if preview.live is None or not preview.is_whole:
        return True
    templates = [each["spec"]["template"] for each in (preview.live, preview.after)]
    return bool(templates[0] != templates[1])
