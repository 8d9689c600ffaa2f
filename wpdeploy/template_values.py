"""What a template can use: the sections of the environment file, and what wpdeploy adds.

name namespace group_labels...  see the keys below; docs/environment.md explains them
"""

from wpdeploy.kinds import labels
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import Configs


def environment_values(env: Settings) -> dict[str, object]:
    """The environment file's keys: all that the templates of k8s/cluster can use."""
    return {name: getattr(env, name) for name in env.__dataclass_fields__}


def template_values(env: Settings, release: Release, configs: Configs) -> dict[str, object]:
    """The environment file's keys, `image`, `release`, `selector`, `pod_labels` and two `env`s.

    `env` is the container's list of variables; it takes the place of the file's own `env`, which
    is part of it. `install_env` has what the Job `install` needs as well.
    """
    common = labels(env.name)
    own = {key: common[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/instance")}
    selector = dict(env.wordpress.selector or own)
    return environment_values(env) | {
        "release": release,
        "image": release.image,
        "selector": selector,
        "pod_labels": common | selector,
        "env": list(configs.site.environment),
        "install_env": list(configs.install_environment),
    }
