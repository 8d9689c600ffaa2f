"""What of the dependencies is left out, and what must not be."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.unit.checkout import write
from wpdeploy import trimming
from wpdeploy.trimming import RULES, Rule

LEFT_OUT = (
    *("bin/wsdump", "boto3/data/s3/2006-03-01/resources-1.json", "boto3/examples/s3.rst"),
    *(
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/ssm/2014-11-06/waiters-2.json",
    ),
    *("botocore/data/ssm-contacts/2021-05-03/service-2.json.gz", "kubernetes/aio/client/rest.py"),
    *("kubernetes/client/api/core_v1_api.py", "kubernetes/client/models/v1_pod.py"),
    *("kubernetes/config/kube_config_test.py", "aiohttp/client.py", "aiosignal/__init__.py"),
    *("websocket/tests/test_url.py", "pydantic/v1/__init__.py", "pydantic/mypy.py"),
    *("attr/__init__.py", "attrs-26.1.0.dist-info/licenses/LICENSE", "frozenlist/__init__.py"),
    *("multidict/__init__.py", "propcache/api.py", "yarl/_url.py"),
    *("jinja2/py.typed", "six.pyi", "a/b.pyx", "a/b.pxd", "a/b.c", "a/b.h"),
    *("six-1.17.0.dist-info/RECORD", "six-1.17.0.dist-info/INSTALLER"),
    *("boto3/s3/inject.py", "boto3/ec2/__init__.py", "boto3/dynamodb/types.py", "boto3/crt.py"),
    *("botocore/crt/auth.py", "botocore/cacert.pem", "s3transfer/processpool.py"),
    *("kubernetes/dynamic/test_client.py", "kubernetes/leaderelection/example.py"),
    *("pydantic/experimental/pipeline.py", "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz"),
    *("charset_normalizer/md.cpython-311-x86_64-linux-gnu.so",),
    *("urllib3/contrib/emscripten/fetch.py", "annotated_types/test_cases.py"),
)
KEPT = (
    *("botocore/data/endpoints.json", "botocore/data/_retry.json", "botocore/data/partitions.json"),
    *(
        f"botocore/data/{name}/1/{part}.json.gz"
        for name in ("ssm", "sts", "eks", "ecr", "secretsmanager")
        for part in ("service-2", "endpoint-rule-set-1")
    ),
    *("botocore/data/eks/2017-11-01/service-2.sdk-extras.json", "dateutil/tz/tz.py"),
    *("kubernetes/client/api/__init__.py", "kubernetes/client/models/__init__.py"),
    *("kubernetes/config/kube_config.py", "six.py", "yaml/_yaml.cpython-311-x86_64-linux-gnu.so"),
    *(
        "pydantic/version.py",
        "websocket/_url.py",
        "charset_normalizer/md.py",
        "botocore/crt/__init__.py",
    ),
    *("certifi/cacert.pem", "boto3/__init__.py", "boto3/session.py", "jinja2/tests.py"),
    *("six-1.17.0.dist-info/METADATA", "six-1.17.0.dist-info/LICENSE"),
    *("x-1.dist-info/licenses/a/README", "x-1.dist-info/NOTICE.txt", "x-1.dist-info/LICENCE"),
    *("x-1.dist-info/COPYING", "x-1.dist-info/AUTHORS"),
)


@pytest.mark.parametrize(
    ("path", "left_out"), [*((path, True) for path in LEFT_OUT), *((path, False) for path in KEPT)]
)
def test_what_is_left_out(path: str, *, left_out: bool) -> None:
    assert trimming.is_left_out(path) is left_out


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern)
def test_each_rule_and_exception_has_an_example_here(rule: Rule) -> None:
    assert any(fnmatchcase(path, rule.pattern) for path in LEFT_OUT)
    assert all(any(fnmatchcase(path, but) for path in KEPT) for but in rule.but)


def test_what_is_compiled_is_all_that_is_left_of_a_module(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.py": "", "a/b.pyc": "", "a/METADATA": ""})
    trimming.drop_sources(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["b.pyc"]
    assert (tmp_path / "a" / "METADATA").exists()


def test_a_directory_that_is_then_empty_goes_too(tmp_path: Path) -> None:
    write(tmp_path, {"boto3/data/s3/1/resources-1.json": "{}", "six.pyi": "", "six.py": ""})
    trimming.trim(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["six.py"]
