"""What is refused as invalid (422), in the API server's words: the part that deployments meet."""

import re
from collections.abc import Callable, Iterator, Mapping

from sandbox.kubernetes.causes import go_map, go_selector, quoted, required, wrong
from sandbox.kubernetes.schedules import Schedule, ScheduleError
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.selectors import selector_matcher
from sandbox.kubernetes.statuses import Cause

Check = Callable[[Json], Iterator[Cause]]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN.pattern}')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    f"used for validation is '{_LABEL.pattern}')"
)
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    f"'abc-123', regex used for validation is '{_SERVICE.pattern}')"
)
_NAMES = {"Service": (_SERVICE, _SERVICE_RULE), "Namespace": (_LABEL, _LABEL_RULE)}
# Kinds whose names may hold nearly everything.
_FREE_NAMES = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
_CONCURRENCIES = ("Allow", "Forbid", "Replace")
# Its Jobs' names are longer by eleven.
_LONGEST_CRON_JOB = 52
_NOT_NEGATIVE = "must be greater than or equal to 0"


def of_new(item: Json) -> list[Cause]:
    """All that is invalid about an object."""
    return [*_name(item), *of_content(item)]


def of_content(item: Json) -> list[Cause]:
    """All that is invalid about an object but its name."""
    check = _CHECKS.get(item["kind"])
    return list(check(item)) if check else []


def _name(item: Json) -> Iterator[Cause]:
    name, kind = item["metadata"].get("name", ""), item["kind"]
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif kind not in _FREE_NAMES:
        pattern, rule = _NAMES.get(kind, (_SUBDOMAIN, _SUBDOMAIN_RULE))
        if not pattern.fullmatch(name):
            yield wrong("metadata.name", quoted(name), rule)


def _deployment(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    yield from _not_negative(spec, "replicas", "spec.replicas")
    yield from _selector(spec)
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec", {"Always"})
    yield from _strategy(spec["strategy"])
    yield from _not_negative(spec, "minReadySeconds", "spec.minReadySeconds")
    deadline, ready = spec["progressDeadlineSeconds"], spec.get("minReadySeconds", 0)
    if deadline <= ready:
        message = "must be greater than minReadySeconds"
        yield wrong("spec.progressDeadlineSeconds", str(deadline), message)


def _replica_set(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    yield from _not_negative(spec, "replicas", "spec.replicas")
    yield from _selector(spec)
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec", {"Always"})


def _selector(spec: Json) -> Iterator[Cause]:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    labels = spec["template"]["metadata"].get("labels") or {}
    if selector == {}:
        yield wrong(
            "spec.selector", go_selector(selector), "empty selector is invalid for deployment"
        )
    elif not selector_matcher(selector)(labels):
        message = "`selector` does not match template `labels`"
        shown = go_map(labels) if labels else "map[string]string(nil)"
        yield wrong("spec.template.metadata.labels", shown, message)


def _strategy(strategy: Json) -> Iterator[Cause]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate" and rolling is not None:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield Cause("spec.strategy.rollingUpdate", "FieldValueForbidden", f"Forbidden: {why}")
    none = (0, "0%")
    if rolling and rolling.get("maxUnavailable") in none and rolling.get("maxSurge") in none:
        shown = 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}'
        why = "may not be 0 when `maxSurge` is 0"
        yield wrong("spec.strategy.rollingUpdate.maxUnavailable", shown, why)


def _not_negative(spec: Json, name: str, path: str) -> Iterator[Cause]:
    if spec.get(name, 0) < 0:
        yield wrong(path, str(spec[name]), _NOT_NEGATIVE)


def _pod(item: Json) -> Iterator[Cause]:
    yield from _pod_spec(item["spec"], "spec", {"Always", "OnFailure", "Never"})


def _job(item: Json) -> Iterator[Cause]:
    path, pod = "spec.template.spec", item["spec"]["template"]["spec"]
    yield from _pod_spec(pod, path, {"Always", "OnFailure", "Never"})
    if pod["restartPolicy"] == "Always":
        yield required(f"{path}.restartPolicy", 'valid values: "OnFailure", "Never"')


def _pod_spec(spec: Json, path: str, policies: set[str]) -> Iterator[Cause]:
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    for kind in ("containers", "initContainers"):
        for number, container in enumerate(spec.get(kind) or ()):
            yield from _container(container, f"{path}.{kind}[{number}]", volumes)
    if spec["restartPolicy"] not in policies:
        allowed = ", ".join(quoted(policy) for policy in sorted(policies))
        shown = f"Unsupported value: {quoted(spec['restartPolicy'])}: supported values: {allowed}"
        yield Cause(f"{path}.restartPolicy", "FieldValueNotSupported", shown)


def _container(container: Json, path: str, volumes: set[str]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    elif not _LABEL.fullmatch(name):
        yield wrong(f"{path}.name", quoted(name), _LABEL_RULE)
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from _ports_and_environment(container, path)
    for number, mount in enumerate(container.get("volumeMounts", ())):
        if mount["name"] not in volumes:
            message = f"Not found: {quoted(mount['name'])}"
            yield Cause(f"{path}.volumeMounts[{number}].name", "FieldValueNotFound", message)


def _ports_and_environment(container: Json, path: str) -> Iterator[Cause]:
    for number, port in enumerate(container.get("ports", ())):
        if not port.get("containerPort"):
            yield required(f"{path}.ports[{number}].containerPort")
    for number, variable in enumerate(container.get("env", ())):
        if not variable["name"]:
            yield required(f"{path}.env[{number}].name")
        if variable.get("value") and variable.get("valueFrom"):
            message = "may not be specified when `value` is not empty"
            yield wrong(f"{path}.env[{number}].valueFrom", '""', message)


def _service(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    ports = spec.get("ports", ())
    for number, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield required(f"spec.ports[{number}].name")
        if not 0 < port.get("port", 0) < 65536:  # noqa: PLR2004
            why = "must be between 1 and 65535, inclusive"
            yield wrong(f"spec.ports[{number}].port", str(port.get("port", 0)), why)
        target = port.get("targetPort")
        if isinstance(target, int) and not 0 < target < 65536:  # noqa: PLR2004
            why = "must be between 1 and 65535, inclusive"
            yield wrong(f"spec.ports[{number}].targetPort", str(target), why)


def _ingress(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("rules") and not spec.get("defaultBackend"):
        shown, why = (
            "[]networking.IngressRule(nil)",
            "either `defaultBackend` or `rules` must be specified",
        )
        yield wrong("spec", shown, why)


def _claim(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in spec["resources"].get("requests", {}):
        yield required("spec.resources[storage]")


def _cron_job(item: Json) -> Iterator[Cause]:
    spec, name = item["spec"], item["metadata"].get("name", "")
    try:
        Schedule(spec.get("schedule", ""))
    except ScheduleError as error:
        yield wrong("spec.schedule", quoted(spec.get("schedule", "")), str(error))
    if spec["concurrencyPolicy"] not in _CONCURRENCIES:
        supported = ", ".join(quoted(each) for each in _CONCURRENCIES)
        why = f"Unsupported value: {quoted(spec['concurrencyPolicy'])}: supported values: "
        yield Cause("spec.concurrencyPolicy", "FieldValueNotSupported", why + supported)
    if len(name) > _LONGEST_CRON_JOB:
        why = f"must be no more than {_LONGEST_CRON_JOB} characters"
        yield wrong("metadata.name", quoted(name), why)


def _autoscaler(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if most < 1:
        yield wrong("spec.maxReplicas", str(most), "must be greater than 0")
    if most < least:
        why = "must be greater than or equal to `minReplicas`"
        yield wrong("spec.maxReplicas", str(most), why)


def _event(item: Json) -> Iterator[Cause]:
    namespace = item["involvedObject"].get("namespace", "")
    # Events of what is in no namespace are in the default one.
    if (namespace or "default") != item["metadata"].get("namespace", ""):
        yield wrong("involvedObject.namespace", quoted(namespace), "does not match event.namespace")


def _lease(item: Json) -> Iterator[Cause]:
    spec = item["spec"]
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        yield wrong("spec.leaseDurationSeconds", str(seconds), "must be greater than 0")
    if transitions is not None and transitions < 0:
        why = "must to greater or equal than 0"
        yield wrong("spec.leaseTransitions", str(transitions), why)


def _quota(item: Json) -> Iterator[Cause]:
    for key, amount in (item["spec"].get("hard") or {}).items():
        if amount.startswith("-"):
            yield wrong(f"spec.hard[{key}]", quoted(amount), _NOT_NEGATIVE)


def _storage_class(item: Json) -> Iterator[Cause]:
    if not item.get("provisioner"):
        yield required("provisioner", quoted(""))


def _ingress_class(item: Json) -> Iterator[Cause]:
    if not item["spec"].get("controller"):
        yield required("spec.controller")


def _access_review(item: Json) -> Iterator[Cause]:
    resource, path = (item["spec"].get(f"{each}Attributes") for each in ("resource", "nonResource"))
    if resource is None and path is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield wrong("spec.resourceAttributes", '"null"', why)
    if resource is not None and path is not None:
        shown = ", ".join(f"{key.title()}:{quoted(path.get(key, ''))}" for key in ("path", "verb"))
        why = "cannot be specified in combination with resourceAttributes"
        shown = f"authorization.NonResourceAttributes{{{shown}}}"
        yield wrong("spec.nonResourceAttributes", shown, why)


_CHECKS: Mapping[str, Check] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Job": _job,
    "Service": _service,
    "Event": _event,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "CronJob": _cron_job,
    "Lease": _lease,
    "ResourceQuota": _quota,
    "StorageClass": _storage_class,
    "IngressClass": _ingress_class,
    "SelfSubjectAccessReview": _access_review,
}
