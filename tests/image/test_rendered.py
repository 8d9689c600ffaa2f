"""The Deployment that wpdeploy renders, run as a pod: its variables, volumes and hardening."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.image.building import ROOT
from tests.image.containers import UPLOADS, Container, Network
from tests.image.engine import OWNER, Engine
from tests.image.services import wait_until
from tests.image.site import Site
from wpdeploy import manifests, parameters, settings, site_config
from wpdeploy.context import DeploymentContext
from wpdeploy.kinds import labels
from wpdeploy.parameters import Parameter, ParameterSpec, StoredParameter
from wpdeploy.release import Release
from wpdeploy.site_config import SiteConfig
from wpdeploy.template_values import template_values

NAME = f"wordpress-{os.getpid()}"


def stored(spec: ParameterSpec, site: Site) -> StoredParameter:
    """The site's own setting; where it has none, something that is allowed."""
    value = site.settings.get(spec.env, f"$(HOME) $$ {spec.env}")
    return StoredParameter(f"/wordpress/{spec.env}", value, 1, "2026-11-01T12:00:00Z")


def rendered(site: Site, image: str) -> tuple[SiteConfig, dict[str, Any]]:
    """What feeds the pods of the repository's Test environment, and their Deployment."""
    context = DeploymentContext("Test", "d-1", ROOT, ROOT, ROOT / "release.json")
    # Without its TLS: the tests' database has no certificate for the address that it is given here.
    env = replace(settings.read(context), name=NAME, env={})
    known = parameters.specs(context)
    read = [
        Parameter(name, spec, stored(spec, site)) for name, spec in known.items() if spec.required
    ]
    config = site_config.make(read, env.env, env.name, labels(env.name))
    release = Release(image=image, commit="c0ffee", build="1", time="2026-11-01T12:00:00Z")
    objects = manifests.render(context, template_values(env, release, config))
    return config, next(item for item in objects if item["kind"] == "Deployment")


def playable(deployment: dict[str, Any]) -> dict[str, Any]:
    """One pod without what needs a cluster: podman would publish ports, and probe by curl."""
    spec = deployment["spec"]
    spec["replicas"] = 1
    spec["template"]["metadata"]["labels"][OWNER] = str(os.getpid())
    container = spec["template"]["spec"]["containers"][0]
    for key in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
        del container[key]
    return deployment


@pytest.fixture(scope="module")
def pod(
    engine: Engine,
    image: str,
    network: Network,
    site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Container]:
    config, deployment = rendered(site, image)
    file = tmp_path_factory.mktemp("rendered") / "pod.yaml"
    file.write_text(yaml.safe_dump_all([config.config_map, playable(deployment)]))
    secrets = engine.run(
        "secret", "create", config.name, "-", stdin=json.dumps(config.secret["data"])
    )
    assert secrets.returncode == 0, secrets.stderr
    try:
        engine.do("play", "kube", f"--network={network.name}", "--log-driver=k8s-file", str(file))
        yield Container(engine, network, f"{NAME}-pod-0-wordpress")
    finally:
        engine.run("play", "kube", "--down", str(file))
        engine.run("volume", "rm", "--force", "tmp", "uploads")
        engine.run("secret", "rm", config.name)


def test_a_pod_is_ready_and_serves_the_site(pod: Container, site: Site) -> None:
    wait_until(lambda: pod.get("/-/live").status == 200, "/-/live")
    ready = pod.get("/-/ready")
    assert (ready.status, json.loads(ready.text)["memcached"]) == (200, "ok")
    assert site.visitor(pod).get("/hello-world/").status == 200


def test_every_variable_arrives_as_it_is(pod: Container) -> None:
    environment = pod.execute("cat", "/proc/1/environ").split("\0")
    assert "WORDPRESS_AUTH_KEY=$(HOME) $$ WORDPRESS_AUTH_KEY" in environment


def test_a_pod_is_as_hardened_as_the_template_says(pod: Container, engine: Engine) -> None:
    about = engine.inspect(pod.identity)
    assert about["HostConfig"]["ReadonlyRootfs"]
    assert about["HostConfig"]["SecurityOpt"] == ["no-new-privileges"]
    assert not about["EffectiveCaps"]
    assert about["Config"]["User"].startswith("33")
    assert {mount["Destination"] for mount in about["Mounts"]} == {"/tmp", UPLOADS}  # noqa: S108  # the pod's
