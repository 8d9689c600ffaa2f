"""`doctor`: look at all that a deployment needs, and change nothing.

A check that fails stops none but those that need it.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wpdeploy import apply, preflight, release
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, WpdeployError
from wpdeploy.kinds import title
from wpdeploy.preflight import Finding, Level
from wpdeploy.report import Report
from wpdeploy.steps import checking
from wpdeploy.steps.patient import Patient


@dataclass(frozen=True)
class Check:
    """A check by its name, how it looks, and the checks that must be well before.

    `decides`: an error on the way is one that a deployment would end in.
    """

    name: str
    look: Callable[[Patient], Finding]
    needs: tuple[str, ...] = ()
    decides: bool = True


def run(invocation: Invocation) -> Report:
    """Run the checks in their order, each a line."""
    patient, findings = Patient(invocation), dict[str, Finding]()
    for check in CHECKS:
        finding = _looked(check, patient, findings)
        findings[check.name] = finding
        invocation.console.line(f"{finding.level:<8} {finding}")
    return _report(list(findings.values()))


def _looked(check: Check, patient: Patient, findings: Mapping[str, Finding]) -> Finding:
    if missing := [name for name in check.needs if findings[name].level is not Level.OK]:
        return preflight.skipped(check.name, f"needs {', '.join(missing)}")
    try:
        return check.look(patient)
    except WpdeployError as error:
        told = preflight.of_error if check.decides else preflight.not_known
        return told(check.name, error)


def _report(findings: Sequence[Finding]) -> Report:
    counts = Counter(finding.level for finding in findings)
    fatal = [finding for finding in findings if finding.level is Level.FAILED]
    warnings = [finding for finding in findings if finding.level is Level.WARNING]
    told = [f"{counts[level]} {level}" for level in Level if counts[level]]
    rows = tuple((str(each.level), str(each)) for each in (*fatal, *warnings))
    code = fatal[0].exit if fatal else Exit.SUCCESS
    data = {"checks": [dataclasses.asdict(finding) for finding in findings]}
    return Report(code, f"{len(findings)} checks: {', '.join(told)}", rows, data)


def _settings(patient: Patient) -> Finding:
    files = (patient.context.environment_file, patient.context.bundle / "k8s" / "parameters.yaml")
    shown = " and ".join(patient.context.shown(file) for file in files)
    return preflight.ok("settings", f"{shown} agree: Deployment {patient.env.name}")


def _release(patient: Patient) -> Finding:
    found = patient.release
    return preflight.ok("release", f"build {found.build}, {release.told(found)}")


def _state_directory(patient: Patient) -> Finding:
    path = patient.context.group_directory
    there = next(each for each in (path, *path.parents) if each.exists())
    may = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return preflight.state_directory(str(path), is_writable=may)


def _uploads(patient: Patient) -> Finding:
    return preflight.uploads(patient.env)


def _identity(patient: Patient) -> Finding:
    return preflight.ok("identity", patient.identity)


def _parameters(patient: Patient) -> Finding:
    path = patient.env.parameters.path
    return preflight.ok("parameters", f"{len(patient.parameters)} read and decrypted from {path}")


def _templates(patient: Patient) -> Finding:
    return preflight.ok("templates", ", ".join(map(title, patient.rendered)))


def _image(patient: Patient) -> Finding:
    return preflight.image(patient.release, patient.image)


def _cluster(patient: Patient) -> Finding:
    access = patient.env.cluster
    told = f"EKS cluster {access.eks}" if access.eks else f"kubeconfig {access.kubeconfig}"
    return preflight.ok("cluster", f"{told}: {patient.cluster.url}")


def _api_server(patient: Patient) -> Finding:
    version = patient.cluster.get("/version", "version") or {}
    return preflight.ok("API server", f"Kubernetes {version.get('gitVersion')}")


def _clock(patient: Patient) -> Finding:
    if not patient.cluster.has_answered:
        return preflight.skipped("clock", "needs an answer of the API server")
    return preflight.clock(patient.clock_ahead, signs=bool(patient.env.cluster.eks))


def _namespace(patient: Patient) -> Finding:
    return preflight.namespace(patient.env.namespace, patient.namespace)


def _rights(patient: Patient) -> Finding:
    return checking.rights(patient.cluster, patient.env.namespace, singly=True)


def _ingress_class(patient: Patient) -> Finding:
    if not patient.env.ingress.enabled:
        return preflight.skipped("ingress class", "ingress.enabled is false")
    return preflight.ingress_class(patient.env.ingress.class_name, patient.ingress_class)


def _architecture(patient: Patient) -> Finding:
    nodes = preflight.selected(patient.rendered) or patient.architectures
    return preflight.architecture(preflight.platforms(patient.image or {}), nodes)


def _objects(patient: Patient) -> Finding:
    tried = apply.preview(patient.cluster, patient.objects)
    return preflight.ok("objects", f"the API server accepts all {len(tried)}, tried by a dry-run")


def _quota(patient: Patient) -> Finding:
    return checking.room(patient.cluster, patient.rendered, patient.live)


def _salts(patient: Patient) -> Finding:
    now = {each.spec.env: each.stored for each in patient.parameters}
    return checking.salts(patient.invocation.console, patient.cluster, patient.env, now)


CHECKS = (
    Check("settings", _settings),
    Check("release", _release),
    Check("state directory", _state_directory),
    Check("uploads", _uploads, ("settings",)),
    Check("identity", _identity, ("settings",), decides=False),
    Check("parameters", _parameters, ("settings",)),
    Check("templates", _templates, ("release", "parameters")),
    Check("image", _image, ("release",), decides=False),
    Check("cluster", _cluster, ("settings",)),
    Check("API server", _api_server, ("cluster",)),
    Check("clock", _clock, ("cluster",)),
    Check("namespace", _namespace, ("API server",), decides=False),
    Check("rights", _rights, ("API server",), decides=False),
    Check("ingress class", _ingress_class, ("API server",), decides=False),
    Check("architecture", _architecture, ("image", "templates", "API server"), decides=False),
    Check("objects", _objects, ("templates", "API server")),
    Check("quota", _quota, ("templates", "API server"), decides=False),
    Check("salts", _salts, ("parameters", "API server"), decides=False),
)
