from pathlib import Path

import pytest

from wpdeploy import settings
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError
from wpdeploy.settings import ClusterAccess, Ingress, ParameterNames, Resources, Settings
from wpdeploy.smoke import Smoke
from wpdeploy.target import KubeconfigCluster, Target

ROOT = Path(__file__).parent.parent.parent
SMALLEST = """\
cluster: {kubeconfig: /etc/wpdeploy/kubeconfig}
namespace: blog
parameters: {path: /wordpress/Test}
"""

A_NAME = "a letter and lower-case letters, digits and '-', at most 47 of them"
A_DNS_LABEL = "lower-case letters, digits and '-', at most 63 of them"
A_KEY = "a key of KMS: alias/NAME, the key's id, or the ARN of one of them"
A_FILE_SYSTEM = "the id of a file system of EFS, such as fs-01234567"
NO_CLASS = "the name of the StorageClass that bootstrap makes for it"
A_DNS_NAME = "a DNS name in lower case"
A_HOST = "a DNS name in lower case; its first label may be *"
STATUS_CODES = "HTTP status codes such as 200, 200,302 or 200-299"
A_URL_PATH = "a path that begins with / and is encoded as in a URL"
A_CERTIFICATE = "the ARN of a certificate of ACM or IAM"
A_LABEL_VALUE = "a label value: letters, digits, '-', '_' and '.', at most 63"
AN_SSM_NAME = "an SSM name: letters, digits, '_', '.', '-' and '/'"
A_QUANTITY = "a quantity looks like 500m, 2 or 512Mi"
CLUSTER = KubeconfigCluster("/etc/wpdeploy/kubeconfig", "eu")


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    (tmp_path / "k8s" / "environments").mkdir(parents=True)
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def read(context: DeploymentContext, text: str) -> Settings:
    context.environment_file.write_text(text)
    return settings.read(context)


def problems(context: DeploymentContext, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(context, text)
    assert caught.value.where == "k8s/environments/Test.yaml"
    return caught.value.problems


def test_three_keys_are_enough(context: DeploymentContext) -> None:
    assert read(context, SMALLEST) == Settings(
        cluster=ClusterAccess(kubeconfig="/etc/wpdeploy/kubeconfig"),
        namespace="blog",
        parameters=ParameterNames("/wordpress/Test"),
    )


def test_a_section_changes_what_it_names_and_nothing_else(context: DeploymentContext) -> None:
    env = read(context, SMALLEST + "ingress: {scheme: internal, host: www.example.com}")
    assert env.ingress == Ingress(scheme="internal", host="www.example.com")


def test_an_ingress_may_be_for_all_names_of_a_domain(context: DeploymentContext) -> None:
    env = read(context, SMALLEST + "ingress: {host: '*.example.com'}")
    assert env.ingress == Ingress(host="*.example.com")


def test_json_is_an_environment_file_as_well(context: DeploymentContext) -> None:
    text = '{"cluster": {"kubeconfig": "/k"}, "namespace": "n", "parameters": {"path": "/p/"}}'
    assert read(context, text) == Settings(
        ClusterAccess(kubeconfig="/k"), "n", ParameterNames("/p")
    )


@pytest.mark.parametrize(
    ("group", "cluster", "namespace", "scheme"),
    [
        ("Test", "wordpress-test", "wordpress-test", "internal"),
        ("Production", "wordpress-production", "wordpress", "internet-facing"),
    ],
)
def test_the_files_of_this_repository_are_right(
    group: str, cluster: str, namespace: str, scheme: str, tmp_path: Path
) -> None:
    env = settings.read(DeploymentContext(group, "d-1", ROOT, tmp_path, tmp_path / "release.json"))
    assert (env.cluster, env.namespace) == (ClusterAccess(eks=cluster), namespace)
    assert env.parameters == ParameterNames(f"/wordpress/{group}")
    assert env.ingress.scheme == scheme


def test_quantities_become_canonical(context: DeploymentContext) -> None:
    text = 'wordpress: {resources: {requests: {cpu: "0.5", memory: 1024Mi}, limits: {cpu: 1500m}}}'
    assert read(context, SMALLEST + text).wordpress.resources == Resources(
        requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1500m"}
    )


def test_values_are_whatever_the_templates_want(context: DeploymentContext) -> None:
    text = "values: {motto: 'a: {{ b }} \U0001f600', sizes: [1, 2.5, ~, {no: no}]}"
    expected = {"motto": "a: {{ b }} \U0001f600", "sizes": [1, 2.5, None, {"no": "no"}]}
    assert read(context, SMALLEST + text).values == expected


def test_a_parameter_is_below_the_path_or_where_names_has_it() -> None:
    names = ParameterNames("/wordpress/Test", {"mysql_password": "/CodeBuild/Test/mysql_pw"})
    assert names.of("mysql_host") == "/wordpress/Test/mysql_host"
    assert names.of("mysql_password") == "/CodeBuild/Test/mysql_pw"


def test_the_target_is_what_later_steps_must_know(context: DeploymentContext) -> None:
    text = "rollout: {deadline: 700, stability_window: 30}\nname: shop\nsmoke: {path: /en/}"
    env = read(context, SMALLEST + text)
    assert env.target(CLUSTER) == Target(
        cluster=CLUSTER,
        namespace="blog",
        name="shop",
        deadline=700,
        stability_window=30,
        smoke=Smoke(path="/en/"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: My_Site", f'name is "My_Site", but must be {A_NAME}'),
        ("region: [eu]", "region must be a string, found a list"),
        ("rollout: {deadline: 5}", "rollout.deadline is 5, but must be from 10 to 3300"),
        (
            "rollout: {deadline: 609}",
            "rollout has a deadline too short for progress_deadline and stability_window together",
        ),
        ("wordpress: {replicas: -1}", "wordpress.replicas is -1, but must be from 0 to 1000"),
        (
            "wordpress: {replicas: '3'}",
            'wordpress.replicas must be a whole number, found the string "3"',
        ),
        (
            "wordpress: {pre_stop_seconds: 60}",
            "wordpress has pre_stop_seconds that leave nothing of termination_grace_seconds",
        ),
        (
            "wordpress: {resources: {requests: {cpu: half}}}",
            f'wordpress.resources.requests.cpu is "half", but {A_QUANTITY}',
        ),
        (
            "wordpress: {selector: {app: a/b}}",
            f'wordpress.selector.app is "a/b", but must be {A_LABEL_VALUE}',
        ),
        ("service: {node_port: 0}", "service.node_port is 0, but must be from 1 to 65535"),
        ("ingress: {class_name: B}", f'ingress.class_name is "B", but must be {A_DNS_NAME}'),
        (
            "ingress: {scheme: public}",
            'ingress.scheme must be internet-facing or internal, found the string "public"',
        ),
        (
            "ingress: {target_type: pod}",
            'ingress.target_type must be instance or ip, found the string "pod"',
        ),
        (
            "ingress: {success_codes: 200}",
            "ingress.success_codes must be a string, found 200: put it in quotes",
        ),
        (
            "ingress: {success_codes: ok}",
            f'ingress.success_codes is "ok", but must be {STATUS_CODES}',
        ),
        ("ingress: {host: a b}", f'ingress.host is "a b", but must be {A_HOST}'),
        (
            "ingress: {certificate_arn: arn:aws:s3:::bucket}",
            f'ingress.certificate_arn is "arn:aws:s3:::bucket", but must be {A_CERTIFICATE}',
        ),
        ("ingress: {hosts: [a]}", 'ingress has the unknown key "hosts": did you mean "host"?'),
        ("smoke: {path: en}", f'smoke.path is "en", but must be {A_URL_PATH}'),
        (
            "smoke: {host: '*.example.com'}",
            f'smoke.host is "*.example.com", but must be {A_DNS_NAME}',
        ),
        ("smoke: {status: 20x}", f'smoke.status is "20x", but must be {STATUS_CODES}'),
        (
            "smoke: {pattern: '*'}",
            "smoke.pattern is no regular expression: nothing to repeat at position 0",
        ),
        ("smoke: {latency: 0}", "smoke.latency is 0, but must be from 1 to 60"),
        ("smoke: {timeout: 61}", "smoke.timeout is 61, but must be from 1 to 60"),
        ("disruption_budget: no", 'disruption_budget must be a mapping, found the string "no"'),
        (
            "disruption_budget: {enabled: no}",
            'disruption_budget.enabled must be true or false, found the string "no"',
        ),
        (
            "cron: {schedule: hourly}",
            'cron.schedule is "hourly", but a schedule has five fields, such as "*/5 * * * *"',
        ),
        (
            "autoscaling: {min_replicas: 0}",
            "autoscaling.min_replicas is 0, but must be from 1 to 1000",
        ),
        ("autoscaling: {min_replicas: 10}", "autoscaling has more min_replicas than max_replicas"),
        (
            "autoscaling: {cpu_percent: 70%}",
            'autoscaling.cpu_percent must be a whole number, found the string "70%"',
        ),
        ("uploads: {storage_class: E}", f'uploads.storage_class is "E", but must be {A_DNS_NAME}'),
        (
            "uploads: {storage_class: efs, file_system: efs-1}",
            f'uploads.file_system is "efs-1", but must be {A_FILE_SYSTEM}',
        ),
        (
            "uploads: {file_system: fs-01234567}",
            f"uploads has a file_system, and no storage_class: {NO_CLASS}",
        ),
        ("uploads: {size: 20GB}", f'uploads.size is "20GB", but {A_QUANTITY}'),
        (
            "network_policy: {from_cidrs: 10.0.0.0/8}",
            'network_policy.from_cidrs must be a list, found the string "10.0.0.0/8"',
        ),
        (
            "network_policy: {from_cidrs: [10.0.0.0/8, all]}",
            'network_policy.from_cidrs[1] is "all", but must be a network such as 10.0.0.0/8',
        ),
        (
            "network_policy: {from_cidrs: []}",
            "network_policy has an empty from_cidrs, which Kubernetes takes for everybody",
        ),
        (
            "network_policy: {to_ports: [443, ssh]}",
            'network_policy.to_ports[1] must be a whole number, found the string "ssh"',
        ),
        ("env: {WP_DEBUG: true}", "env.WP_DEBUG must be a string, found true: put it in quotes"),
        ("env: {A-B: x}", 'env is "A-B", but must be the name of an environment variable'),
        ('env: {A: "\\0"}', "env has a NUL byte in A, which no environment variable can hold"),
        ("on_failure: stop", 'on_failure must be rollback or keep, found the string "stop"'),
        ("values: [a]", "values must be a mapping, found a list"),
        ("wordpres: {}", 'the file has the unknown key "wordpres": did you mean "wordpress"?'),
    ],
)
def test_a_value_that_is_wrong_is_refused_with_its_line(
    context: DeploymentContext, text: str, problem: str
) -> None:
    assert problems(context, f"{SMALLEST}{text}\n") == (f"line 4: {problem}",)


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
def test_a_rollback_has_time_after_the_longest_rollout(
    context: DeploymentContext, on_failure: str
) -> None:
    text = f"{SMALLEST}rollout: {{deadline: 2690}}\non_failure: {on_failure}"
    assert read(context, text).target(CLUSTER).on_failure == on_failure


def test_times_that_leave_a_rollback_too_little_are_refused(context: DeploymentContext) -> None:
    text = f"{SMALLEST}rollout: {{deadline: 2691}}\non_failure: "
    assert read(context, f"{text}keep").on_failure == "keep"
    [problem] = problems(context, f"{text}rollback")
    assert problem == (
        "line 1: the file leaves on_failure: rollback too little time: rollout.deadline, "
        "progress_deadline and stability_window are more than 3300 s together"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "cluster: {kubeconfig: 5}",
            "cluster.kubeconfig must be a string, found 5: put it in quotes",
        ),
        ("namespace: Blog", f'namespace is "Blog", but must be {A_DNS_LABEL}'),
        ("parameters: {}", 'parameters lacks the key "path"'),
        ("parameters: {path: /a b}", f'parameters.path is "/a b", but must be {AN_SSM_NAME}'),
        (
            "parameters: {path: /p, key: wordpress}",
            f'parameters.key is "wordpress", but must be {A_KEY}',
        ),
        (
            "parameters: {path: /p, names: {a: b c}}",
            f'parameters.names.a is "b c", but must be {AN_SSM_NAME}',
        ),
    ],
)
def test_what_every_file_must_say_is_checked(
    context: DeploymentContext, text: str, problem: str
) -> None:
    key = text.partition(":")[0]
    others = [line for line in SMALLEST.splitlines() if not line.startswith(key)]
    assert problems(context, "\n".join([*others, text])) == (f"line 3: {problem}",)


def test_a_namespace_of_digits_is_a_string(context: DeploymentContext) -> None:
    assert read(context, SMALLEST.replace("blog", "010")).namespace == "010"


def test_everything_that_is_wrong_is_told_at_once(context: DeploymentContext) -> None:
    assert problems(context, "namespace: Blog\nnmae: x\ncron: {enabled: 1}\n") == (
        f'line 1: namespace is "Blog", but must be {A_DNS_LABEL}',
        'line 1: the file lacks the key "cluster"',
        'line 1: the file lacks the key "parameters"',
        'line 2: the file has the unknown key "nmae": did you mean "name"?',
        "line 3: cron.enabled must be true or false, found 1",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1: the file is empty"),
        (b"just text", 'line 1: the file must be a mapping, found the string "just text"'),
        (b"a: [\n", "line 2: did not find expected node content"),
        (b"a: 1\na: 2\n", 'line 2: the key "a" is here already in line 1'),
        (b"a: 1\n---\nb: 1\n", "line 3: a second document starts here; one file holds one"),
        (b"\x89PNG\r\n", "is not UTF-8 text (byte 0)"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    context: DeploymentContext, content: bytes, problem: str
) -> None:
    context.environment_file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        settings.read(context)
    assert str(caught.value) == f"k8s/environments/Test.yaml: {problem}"


def test_a_file_that_is_missing_is_refused(context: DeploymentContext) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.read(context)
    assert str(caught.value) == "k8s/environments/Test.yaml: there is no such file"


@pytest.mark.parametrize(
    ("key", "group", "found"),
    [
        (None, "Test", "alias/wordpress-test"),
        (None, "Production", "alias/wordpress-production"),
        ("alias/blog", "Test", "alias/blog"),
    ],
)
def test_the_key_is_the_environment_s_own_unless_it_names_another(
    key: str | None, group: str, found: str
) -> None:
    assert ParameterNames("/wordpress/Test", key=key).key_of(group) == found
