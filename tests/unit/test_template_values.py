import pytest

from tests.unit.shipped import RELEASE
from wpdeploy import site_config
from wpdeploy.kinds import labels
from wpdeploy.settings import ClusterAccess, ParameterNames, Settings, WordPress
from wpdeploy.template_values import template_values

OWN = {"app.kubernetes.io/name": "wordpress", "app.kubernetes.io/instance": "shop"}
COMMON = OWN | {
    "app.kubernetes.io/part-of": "wordpress",
    "app.kubernetes.io/managed-by": "wpdeploy",
}
ENV = Settings(
    ClusterAccess("/k"), "blog", ParameterNames("/p"), name="shop", env={"A": "1"}, values={"x": 2}
)
CONFIGS = site_config.of_release([], ENV.env, ENV.name, COMMON)


def test_every_object_has_the_labels_of_its_environment() -> None:
    assert labels(ENV.name) == COMMON


def test_a_template_knows_every_key_of_the_environment_file_and_what_is_deployed() -> None:
    values = template_values(ENV, RELEASE, CONFIGS)
    sections = {key: value for key, value in vars(ENV).items() if key != "env"}
    assert values == {
        **sections,
        "release": RELEASE,
        "image": RELEASE.image,
        "selector": OWN,
        "pod_labels": COMMON,
        "env": list(CONFIGS.site.environment),
        "install_env": list(CONFIGS.site.environment),
    }


@pytest.mark.parametrize(
    ("selector", "pod_labels"),
    [
        ({"app": "blog"}, COMMON | {"app": "blog"}),
        (
            {"app.kubernetes.io/instance": "old"},
            COMMON | {"app.kubernetes.io/instance": "old"},
        ),
    ],
)
def test_a_selector_of_the_environment_is_part_of_the_pods_labels(
    selector: dict[str, str], pod_labels: dict[str, str]
) -> None:
    env = Settings(
        ENV.cluster, "blog", ENV.parameters, "shop", wordpress=WordPress(selector=selector)
    )
    values = template_values(env, RELEASE, CONFIGS)
    assert (values["selector"], values["pod_labels"]) == (selector, pod_labels)


def test_an_empty_selector_is_none() -> None:
    env = Settings(ENV.cluster, "blog", ENV.parameters, "shop", wordpress=WordPress(selector={}))
    assert template_values(env, RELEASE, CONFIGS)["selector"] == OWN
