from collections.abc import Callable

import pytest

from wpdeploy import checks

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.dns_label, "a"),
        (checks.dns_label, "wordpress-test"),
        (checks.dns_label, "0" * 63),
        (checks.base_name, "a" * 47),
        (checks.base_name, "site-2"),
        (checks.dns_name, "www.example.com"),
        (checks.dns_name, "localhost"),
        (checks.dns_name, ".".join(["a" * 50] * 4)),
        (checks.host, "www.example.com"),
        (checks.host, "*.example.com"),
        (checks.success_codes, "200"),
        (checks.success_codes, "200,302"),
        (checks.success_codes, "200-299"),
        (checks.success_codes, "200-299,401"),
        (checks.certificate_arn, f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/1a2b-3c"),
        (checks.certificate_arn, f"arn:aws-cn:acm:cn-north-1:{ACCOUNT}:certificate/1a2b"),
        (checks.certificate_arn, f"arn:aws:iam::{ACCOUNT}:server-certificate/web/example.com"),
        (checks.label_value, ""),
        (checks.label_value, "v1.2_X-y"),
        (checks.label_value, "a" * 63),
        (checks.env_name, "WORDPRESS_DB_HOST"),
        (checks.env_name, "_x9"),
        (checks.parameter_name, "mysql_host"),
        (checks.parameter_name, "/CodeBuild/WP-CICD/Test/mysql.pw"),
        (checks.parameter_path, "/wordpress/Test"),
        (checks.kms_key, "alias/wordpress-test"),
        (checks.kms_key, "alias/aws/ssm"),
        (checks.kms_key, "1234abcd-12ab-34cd-56ef-1234567890ab"),
        (checks.kms_key, "mrk-1234abcd12ab34cd56ef1234567890ab"),
        (checks.kms_key, f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/wordpress-test"),
        (checks.kms_key, f"arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/mrk-1234abcd"),
        (checks.file_system, "fs-01234567"),
        (checks.file_system, "fs-0123456789abcdef0"),
        (checks.cidr, "10.0.0.0/8"),
        (checks.cidr, "0.0.0.0/0"),
        (checks.cidr, "2001:db8::/32"),
        (checks.cron_schedule, "*/5 * * * *"),
        (checks.cron_schedule, "0  3 1-7 * MON"),
        (checks.cron_schedule, "@hourly"),
        (checks.url_path, "/"),
        (checks.url_path, "/shop/a%20b/?q=1&r=/x:@!$'()*+,;~._-"),
        (checks.pattern, "<h1>(?i:hello), w.*d</h1>"),
    ],
)
def test_a_value_that_is_right_is_kept(check: Callable[[str], str], value: str) -> None:
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "values", "rule"),
    [
        (
            checks.url_path,
            ["", "en", "http://a/", "/a b", "/a#b", "/a%2", "/\u00e4", "/a\n", "/" + "a" * 1000],
            "a path that begins with / and is encoded as in a URL",
        ),
        (
            checks.kms_key,
            [
                "",
                "wordpress-test",
                "alias/",
                "alias/a b",
                "alias/a\n",
                "arn:aws:kms:key/1",
                "x" * 36,
            ],
            "a key of KMS: alias/NAME, the key's id, or the ARN of one of them",
        ),
        (
            checks.file_system,
            ["", "fs-", "fs-0123", "fs-0123456G", "efs-01234567", "fs-01234567\n"],
            "the id of a file system of EFS, such as fs-01234567",
        ),
        (
            checks.dns_label,
            ["", "A", "a_b", "a.b", "-a", "a-", "a" * 64, "a\n", "\u00e4", "\u0663"],
            "lower-case letters, digits and '-', at most 63 of them",
        ),
        (
            checks.base_name,
            ["", "A", "a_b", "a.b", "-a", "a-", "a\n", "\u00e4", "1site", "a" * 48],
            "a letter and lower-case letters, digits and '-', at most 47 of them",
        ),
        (
            checks.dns_name,
            ["", ".", "a..b", "a.", ".a", "A.b", "a b", "a/b", "a.-b", "x." * 127 + "x", "a\n"],
            "a DNS name in lower case",
        ),
        (
            checks.host,
            [
                "",
                "*",
                "*.",
                "*a.b",
                "a.*.b",
                "*.*.a",
                "A.b",
                "https://a",
                "a:80",
                "*.a\n",
                "{{ x }}",
            ],
            "a DNS name in lower case; its first label may be *",
        ),
        (
            checks.success_codes,
            [
                "",
                "20",
                "2000",
                "200,",
                ",200",
                "200;302",
                "200, 302",
                "ok",
                "2xx",
                "200\n",
                "200-299-302",
                "\u0662" * 3,
                "200" + ",200" * 25,
            ],
            "HTTP status codes such as 200, 200,302 or 200-299",
        ),
        (
            checks.certificate_arn,
            [
                "",
                "1a2b-3c",
                "arn:aws:s3:::bucket",
                f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/",
                f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/a b",
                "arn:aws:acm:eu-central-1:1234:certificate/1a2b",
                f"arn:aws:acm:eu-central-1:{chr(0x662) * 12}:certificate/1a2b",
                f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/{'a' * 200}",
            ],
            "the ARN of a certificate of ACM or IAM",
        ),
        (
            checks.label_value,
            ["a b", "-a", "a-", "_", "a/b", "\u00e9", '"', "{{ x }}", "a\n", "a" * 64],
            "a label value: letters, digits, '-', '_' and '.', at most 63",
        ),
        (
            checks.env_name,
            ["", "1A", "A-B", "A.B", "A=B", "A B", "A\n", "\u00c4", "$(A)", "A" * 254],
            "the name of an environment variable",
        ),
        (
            checks.parameter_name,
            ["", "/", "//a", "a/", "a//b", "a b", "a\n", "a&b", "\U0001f511", "a" * 1012],
            "an SSM name: letters, digits, '_', '.', '-' and '/'",
        ),
        (
            checks.cidr,
            [
                "",
                "all",
                "10.0.0.0/33",
                "10.0.0.1/8",
                "10.0.0.0/",
                "10.0/8",
                "::/129",
                "a\n",
                "{{ x }}",
            ],
            "a network such as 10.0.0.0/8",
        ),
        (
            checks.parameter_path,
            ["//a", "/a b", "/a//b", "/{{ x }}", "/a\n", "/a" * 506],
            "an SSM name: letters, digits, '_', '.', '-' and '/'",
        ),
    ],
)
def test_a_value_that_is_wrong_is_refused_with_the_rule(
    check: Callable[[str], str], values: list[str], rule: str
) -> None:
    for value in values:
        with pytest.raises(ValueError, match="must be") as caught:
            check(value)
        assert str(caught.value) == f'is "{value[:80]}", but must be {rule}'


@pytest.mark.parametrize("value", [3, 4, 5])
def test_a_number_within_its_bounds_is_kept(value: int) -> None:
    assert checks.whole(3, 5)(value) == value


@pytest.mark.parametrize("value", [2, 6, -4, 10**400])
def test_a_number_beyond_its_bounds_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match=rf"^is {value}, but must be from 3 to 5$"):
        checks.whole(3, 5)(value)


@pytest.mark.parametrize(("path", "kept"), [("/a/", "/a"), ("/a/b///", "/a/b")])
def test_a_path_loses_the_slash_at_its_end(path: str, kept: str) -> None:
    assert checks.parameter_path(path) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
    ],
)
def test_a_network_is_kept_as_kubernetes_writes_it(written: str, kept: str) -> None:
    assert checks.cidr(written) == kept


@pytest.mark.parametrize("path", ["", "/", "//", "wordpress", "wordpress/Test", " /a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path") as caught:
        checks.parameter_path(path)
    assert str(caught.value) == f'is "{path}", but must be a path such as /wordpress/Test'


def test_what_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^is no regular expression: nothing to repeat"):
        checks.pattern("*")


@pytest.mark.parametrize("schedule", ["", "*", "* * * *", "* * * * * *", "hourly"])
def test_a_schedule_without_five_fields_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match="five fields") as caught:
        checks.cron_schedule(schedule)
    expected = f'is "{schedule}", but a schedule has five fields, such as "*/5 * * * *"'
    assert str(caught.value) == expected


def test_variables_are_kept_with_whatever_text_they_have() -> None:
    variables = {"A": "", "_b": "$(A) $$ '\"\n\U0001f600", "C9": "{{ x }}"}
    assert checks.env_names(variables) == variables


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"A": "x", "my-key": "y"}, 'is "my-key", but must be the name of an environment variable'),
        ({"A": "x\0y"}, "has a NUL byte in A, which no environment variable can hold"),
    ],
)
def test_a_variable_that_no_process_can_have_is_refused(
    variables: dict[str, str], problem: str
) -> None:
    with pytest.raises(ValueError, match="environment variable") as caught:
        checks.env_names(variables)
    assert str(caught.value) == problem
