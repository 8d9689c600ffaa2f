"""What an environment file says under `values` arrives in an object as it was said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.shipped import RELEASE
from wpdeploy import json_in_yaml, manifests, site_config
from wpdeploy import settings as environments
from wpdeploy.context import DeploymentContext
from wpdeploy.template_values import template_values

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ name }}
data:
  x: {{ values.x }}
  listed: [{{ values.x }}, {{ values.x }}]  # both
"""
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> DeploymentContext:
    bundle = tmp_path_factory.mktemp("bundle")
    for directory in ("environments", "wordpress"):
        (bundle / "k8s" / directory).mkdir(parents=True)
    (bundle / "k8s" / "wordpress" / "a.yaml.j2").write_text(TEMPLATE)
    return DeploymentContext("Test", "d-1", bundle, bundle, bundle / "release.json")


def environment(values: Mapping[str, object]) -> dict[str, object]:
    return {
        "cluster": {"kubeconfig": "/k"},
        "namespace": "blog",
        "parameters": {"path": "/p"},
        "values": values,
    }


def data(context: DeploymentContext, environment_file: str) -> Any:
    Path(context.environment_file).write_text(environment_file, encoding="utf-8")
    env = environments.read(context)
    configs = site_config.of_release([], env.env, env.name, {})
    [manifest] = manifests.render(context, template_values(env, RELEASE, configs))
    return manifest["data"]


@settings(max_examples=100)
@given(st.text())
@example("no")
@example("010")
@example('it\'s: "odd" # {{ values.x }}\n---\n')
@example("\x00\x07\x7f\x85\u2028\ufeff\ufffe\U0001f600")
def test_any_text(context: DeploymentContext, text: str) -> None:
    written = yaml.safe_dump(environment({"x": text}), default_style='"')
    assert data(context, written) == {"x": text, "listed": [text, text]}


@settings(max_examples=100)
@given(JSON)
def test_any_value_that_json_has(context: DeploymentContext, value: object) -> None:
    written = json_in_yaml.dumps(environment({"x": value}))
    assert data(context, written) == {"x": value, "listed": [value, value]}
