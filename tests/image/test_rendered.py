"""What wpdeploy renders, run as pods: variables, volumes and hardening; the Jobs of a release."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.image.building import ROOT
from tests.image.containers import UPLOADS, Container, Network
from tests.image.engine import OWNER, Engine
from tests.image.services import Service, wait_until
from tests.image.site import Site
from wpdeploy import manifests, parameters, settings, site_config
from wpdeploy.context import DeploymentContext
from wpdeploy.kinds import labels
from wpdeploy.parameters import ParameterSpec, StoredParameter, StoredSecret
from wpdeploy.release import Release
from wpdeploy.site_config import Configs
from wpdeploy.template_values import template_values

NAME = f"wordpress-{os.getpid()}"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1f2e-AbCdEf"
MakeSite = Callable[..., Site]


@dataclass(frozen=True)
class Store:
    """A Parameter Store with a site's settings."""

    site: Site
    known: Mapping[str, ParameterSpec]

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        """All of them: the site's own, or else something that is allowed."""
        return {name: self._stored(name) for name in names}

    def _stored(self, path: str) -> StoredParameter:
        env = self.known[path.rpartition("/")[2]].env
        value = self.site.install_settings.get(env, f"$(HOME) $$ {env}") if env else SECRET
        return StoredParameter(path, value, 1, "2026-11-01T12:00:00Z")

    def secret(self, _arn: str) -> StoredSecret:
        """What RDS would keep of the database's administrator."""
        mine = self.site.install_settings
        keys = {"username": "WORDPRESS_DB_ADMIN_USER", "password": "WORDPRESS_DB_ADMIN_PASSWORD"}
        return StoredSecret("v1", json.dumps({key: mine[env] for key, env in keys.items()}))


def rendered(site: Site, image: str, name: str = NAME) -> tuple[Configs, list[dict[str, Any]]]:
    """What feeds the pods of the repository's Test environment, and its objects."""
    context = DeploymentContext("Test", "d-1", ROOT, ROOT, ROOT / "release.json")
    # Without its TLS: the tests' database has no certificate for the address that it is given here.
    env = replace(settings.read(context), name=name, env={})
    known = parameters.specs(context)
    store = Store(site, known)
    read = parameters.read(env, known, store, store.secret)
    configs = site_config.of_release(read, env.env, env.name, labels(env.name))
    release = Release(image=image, commit="c0ffee", build="1", time="2026-11-01T12:00:00Z")
    return configs, list(manifests.render(context, template_values(env, release, configs)))


def playable(deployment: dict[str, Any]) -> dict[str, Any]:
    """One pod without what needs a cluster: podman would publish ports, and probe by curl."""
    spec = deployment["spec"]
    spec["replicas"] = 1
    spec["template"]["metadata"]["labels"][OWNER] = str(os.getpid())
    container = spec["template"]["spec"]["containers"][0]
    for key in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
        del container[key]
    return deployment


@contextmanager
def played(engine: Engine, network: Network, configs: Configs, file: Path) -> Iterator[None]:
    """The pods of a file, with the Secrets and ConfigMaps that they refer to."""
    items = (configs.site, configs.install) if configs.install else (configs.site,)
    for item in items:
        data = json.dumps(item.secret["data"])
        made = engine.run("secret", "create", item.name, "-", stdin=data)
        assert made.returncode == 0, made.stderr
    try:
        engine.do("play", "kube", f"--network={network.name}", "--log-driver=k8s-file", str(file))
        yield
    finally:
        engine.run("play", "kube", "--down", str(file))
        engine.run("volume", "rm", "--force", "tmp", "uploads")
        engine.run("secret", "rm", *(item.name for item in items))


@pytest.fixture(scope="module")
def pod(
    engine: Engine,
    image: str,
    network: Network,
    site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Container]:
    configs, objects = rendered(site, image)
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    file = tmp_path_factory.mktemp("rendered") / "pod.yaml"
    file.write_text(yaml.safe_dump_all([configs.site.config_map, playable(deployment)]))
    with played(engine, network, configs, file):
        yield Container(engine, network, f"{NAME}-pod-0-wordpress")


def test_a_pod_is_ready_and_serves_the_site(pod: Container, site: Site) -> None:
    wait_until(lambda: pod.get("/-/live").status == 200, "/-/live")
    ready = pod.await_ready().get("/-/ready")
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


class Jobs:
    """Runs the Jobs of a release for a site, as pods: podman plays none."""

    def __init__(self, engine: Engine, network: Network, image: str, directory: Path) -> None:
        self._engine, self._network = engine, network
        self._image, self._directory = image, directory

    def run(self, site: Site, command: str) -> tuple[int, str]:
        """Run one to its end; its exit code and its last word."""
        name = f"{NAME}-{site.name.replace('_', '-')}"
        configs, objects = rendered(site, self._image, name)
        start = f"{name}-{command}"
        job = next(item for item in objects if item["metadata"]["name"].startswith(f"{start}-"))
        maps = [item for item in configs.objects if item["kind"] == "ConfigMap"]
        file = self._directory / f"{command}.yaml"
        file.write_text(yaml.safe_dump_all([*maps, _pod(job, start)]))
        with played(self._engine, self._network, configs, file):
            container = Container(self._engine, self._network, f"{start}-{command}")
            container.await_end()
            return container.exit_code, container.logs()[1][-1]


def _pod(job: dict[str, Any], name: str) -> dict[str, Any]:
    template = job["spec"]["template"]
    own = {**template["metadata"]["labels"], OWNER: str(os.getpid())}
    metadata = {"name": name, "labels": own}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


@pytest.fixture
def jobs(engine: Engine, network: Network, image: str, tmp_path: Path) -> Jobs:
    return Jobs(engine, network, image, tmp_path)


def test_the_rendered_jobs_make_the_site_and_do_nothing_a_second_time(
    jobs: Jobs, make_site: MakeSite, cache_server: Service
) -> None:
    site = make_site(cache_server)
    assert jobs.run(site, "install") == (0, "wordpress: installed WordPress at http://site.test")
    there = "wordpress: nothing to install: WordPress is in this database"
    assert jobs.run(site, "install") == (0, there)
    code, said = jobs.run(site, "upgrade")
    assert (code, "nothing to upgrade" in said) == (0, True), said
    options = dict(site.ask("SELECT option_name, option_value FROM wp_options"))
    assert options["siteurl"] == "http://site.test"
    assert options["admin_email"] == site.install_settings["WORDPRESS_ADMIN_EMAIL"]
    privileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER"
    grants = [row[0] for row in site.ask(f"SHOW GRANTS FOR '{site.name}'@'%'")]
    assert [grant for grant in grants if f"GRANT {privileges} ON" in grant]
    assert len(grants) == 2


def test_a_rendered_job_that_fails_says_why_at_its_end(
    jobs: Jobs, make_site: MakeSite, cache_server: Service
) -> None:
    code, said = jobs.run(make_site(cache_server), "upgrade")
    assert code == 3
    assert "wordpress: the database denies access" in said
