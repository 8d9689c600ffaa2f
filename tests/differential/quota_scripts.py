"""The scripts about quotas, and about deletions that wait for something."""

from typing import Any

from tests.differential.api import MERGE, Step
from tests.differential.bodies import (
    APPS,
    BATCH,
    CLAIM,
    CONFIG,
    CONFIGMAPS,
    CORE,
    DEPLOYMENT,
    INGRESS,
    JOB,
    NETWORK,
    PAUSED,
    POD,
    PODS,
    apply,
    config,
    merged,
    service,
)
from tests.differential.waits import COUNTED_QUOTA, Action, Until

QUOTAS_PATH = f"{CORE}/resourcequotas"
_CRON_JOBS = "/apis/batch/v1beta1/namespaces/NS/cronjobs"


def _asking(**resources: str) -> dict[str, Any]:
    return {"name": "c", "image": "x:1", "resources": {"requests": resources}}


_POD = merged(POD, {"spec": {
    "containers": [_asking(cpu="500m", memory="512Mi"), _asking(memory="0.5Gi") | {"name": "d"}],
    "initContainers": [_asking(cpu="2") | {"name": "i"}]}})  # fmt: skip


def quota(name: str = "a", **hard: str) -> Step:
    return Step("POST", QUOTAS_PATH, {"metadata": {"name": name}, "spec": {"hard": hard}})


def counts(**names: str) -> dict[str, str]:
    """`count_jobs__batch` is `count/jobs.batch`."""
    return {
        key.replace("count_", "count/").replace("__", ".").replace("_", "."): value
        for key, value in names.items()
    }


def _cron(name: str, **spec: Any) -> Step:
    body = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": JOB["spec"]}, "suspend": True}
    return Step("POST", _CRON_JOBS, {"metadata": {"name": name}, "spec": body | spec})


_WAITING = config(metadata={"name": "settings", "finalizers": ["x.y/z"]})
_FOREGROUND = {"propagationPolicy": "Foreground"}
_ORPHAN = {"propagationPolicy": "Orphan"}
GONE_CONFIG = Until("the ConfigMap is gone", lambda api: "data" not in api.get(CONFIG)
                    and api.get(CONFIG).get("code") == 404)  # fmt: skip
QUOTAS: dict[str, list[Action]] = {
    "quotas that pods must speak of": [
        quota(**counts(limits_cpu="1", cpu="3", requests_memory="1Gi", memory="1Gi")),
        quota("b", pods="0"),
        COUNTED_QUOTA,
        Step("POST", PODS, _POD),
        Step("POST", PODS, _POD, query={"dryRun": "All"}),
    ],
    "a quota of pods": [
        quota(pods="0", **counts(count_pods="0")),
        COUNTED_QUOTA,
        Step("POST", PODS, POD),
    ],
    "quotas of objects": [
        quota(configmaps="1", services="0", persistentvolumeclaims="0", resourcequotas="1",
              **counts(services_nodeports="0", services_loadbalancers="0")),
        COUNTED_QUOTA,
        Step("POST", CONFIGMAPS, config()),
        Step("POST", f"{CORE}/services", service()),
        apply(f"{CORE}/services/web", service()),
        Step("POST", f"{CORE}/persistentvolumeclaims", CLAIM),
        quota("b", pods="1"),
    ],
    "quotas by count": [
        quota(**counts(count_deployments__apps="0", count_jobs__batch="0", count_pods="0",
                       count_ingresses__networking__k8s__io="0", requests_storage="500Mi")),
        COUNTED_QUOTA,
        Step("POST", f"{APPS}/deployments", PAUSED),
        apply(DEPLOYMENT, PAUSED, dryRun="All"),
        Step("POST", f"{BATCH}/jobs", JOB),
        Step("POST", PODS, POD),
        Step("POST", f"{NETWORK}/ingresses", INGRESS),
        Step("POST", f"{CORE}/persistentvolumeclaims", CLAIM),
        quota("b", pods="-1"),
        quota("c", pods="x"),
    ],
    "deletions that wait": [
        Step("POST", CONFIGMAPS, _WAITING),
        Step("DELETE", CONFIG),
        Step("DELETE", CONFIG),
        Step("PATCH", CONFIG, {"data": {"a": "1"}}, MERGE),
        Step("PATCH", CONFIG, {"metadata": {"finalizers": ["a.b/c", "x.y/z"]}}, MERGE),
        Step("POST", CONFIGMAPS, config()),
        apply(CONFIG, config(data={"b": "1"})),
        Step("PATCH", CONFIG, {"metadata": {"finalizers": None}}, MERGE),
        Step("GET", CONFIG),
        Step("POST", CONFIGMAPS, config()),
        Step("DELETE", CONFIG, {**_FOREGROUND, "dryRun": ["All"]}),
        Step("DELETE", CONFIG, _FOREGROUND),
        GONE_CONFIG,
        Step("POST", CONFIGMAPS, config()),
        Step("DELETE", CONFIG, {"orphanDependents": True}),
        GONE_CONFIG,
        Step("POST", f"{BATCH}/jobs", merged(JOB, {"spec": {"parallelism": 0}})),
        Step("DELETE", f"{BATCH}/jobs/install"),
        Step("POST", f"{APPS}/deployments", PAUSED),
        Step("DELETE", DEPLOYMENT, _ORPHAN),
    ],
    "CronJobs": [
        _cron("nightly"),
        _cron("wrong", schedule="x"),
        _cron("b" * 53, concurrencyPolicy="x"),
        _cron("short", schedule="@hourly", concurrencyPolicy="Forbid", suspend=False),
        Step("DELETE", f"{_CRON_JOBS}/nightly"),
    ],
}  # fmt: skip
