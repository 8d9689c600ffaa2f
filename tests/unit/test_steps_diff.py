"""`diff` shows what would change, in colours where they are wanted, and asks for nothing more."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import SECRET, Bundle
from tests.unit.past_deployments import record
from tests.unit.wire import Server, answer, forget_surroundings
from wpdeploy.errors import Exit, UsageError
from wpdeploy.record import encode
from wpdeploy.report import Console, Report
from wpdeploy.steps import diff

OPTIONS = {"to": None, "exit_code": False, "color": "auto"}
STORED = [
    {
        "Name": f"/blog/{name}",
        "Type": kind,
        "Value": value,
        "Version": 3,
        "LastModifiedDate": 1795168800.0,
    }
    for name, kind, value in (("host", "String", "db"), ("password", "SecureString", SECRET))
]


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")
    stored = answer({"Parameters": STORED})
    with Server(stored, stored) as started:
        monkeypatch.setenv("AWS_ENDPOINT_URL", started.url)
        yield started


@pytest.fixture
def bundle(api: ApplyServer, ssm: Server, tmp_path: Path) -> Bundle:
    assert ssm.url
    return Bundle(tmp_path, api.url)


def run(bundle: Bundle, **options: object) -> Report:
    return bundle.run(diff.run, **OPTIONS | options)


def test_nothing_is_written_and_nothing_decrypted(
    bundle: Bundle, api: ApplyServer, ssm: Server
) -> None:
    report = run(bundle)
    assert (report.exit, report.sentence) == (Exit.SUCCESS, "commit c0ffee: 3 created")
    assert [item for item in api.cluster.requests if item.startswith(("apply", "force"))] == []
    assert {request.method for request in api.received} == {"GET", "PATCH"}
    assert not (bundle.context.root / "var").exists()
    assert [request.document["WithDecryption"] for request in ssm.received] == [False]
    assert SECRET not in str(report)


def test_a_change_has_an_exit_code_of_its_own_where_one_is_asked_for(bundle: Bundle) -> None:
    report = run(bundle, exit_code=True)
    assert (report.exit, report.data["changes"]) == (Exit.CHANGES, True)


def test_a_record_that_there_is_not_is_a_misuse(bundle: Bundle, ssm: Server) -> None:
    with pytest.raises(UsageError) as caught:
        run(bundle, to=3)
    assert str(caught.value) == "--to 3: there is no such record (there are: none)"
    assert ssm.received == []


@pytest.mark.parametrize(
    ("color", "stream", "no_color", "coloured"),
    [
        ("auto", io.StringIO, "", False),
        ("auto", Terminal, "", True),
        ("auto", Terminal, "1", False),
        ("always", io.StringIO, "1", True),
        ("never", Terminal, "", False),
    ],
)
def test_a_terminal_gets_colours_and_a_pipe_none(
    bundle: Bundle, color: str, stream: type[io.StringIO], no_color: str, *, coloured: bool
) -> None:
    shown = stream()
    bundle._console = Console(shown, bundle.clock, as_json=False)
    bundle.environ = {"NO_COLOR": no_color}
    run(bundle, color=color)
    line = '    + spec.selector[app.kubernetes.io/instance]: "site"'
    assert (f"\x1b[32m{line}\x1b[0m" if coloured else line) in shown.getvalue().splitlines()


def test_of_a_record_whose_config_map_is_gone_the_versions_and_its_own_variables_are_known(
    bundle: Bundle, api: ApplyServer, ssm: Server
) -> None:
    api.cluster.apply(encode(record(1, env={"PHP_MEMORY_LIMIT": "1G"}), "blog", "site"))
    report = run(bundle, to=1)
    configuration = report.data["objects"][0]
    assert (configuration["title"], configuration["action"]) == (
        "Secret and ConfigMap site-1a2b",
        "created",
    )
    assert [item["path"] for item in configuration["changes"]] == ["password", "PHP_MEMORY_LIMIT"]
    assert ssm.received == []
