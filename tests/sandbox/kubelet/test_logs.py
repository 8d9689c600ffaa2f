from datetime import UTC, datetime, timedelta

import pytest

from sandbox.kubelet.logs import LogError, LogOptions, options, read
from tests.sandbox.kubelet.virtual_time import START, Play, pod_manifest


def text(play: Play, wanted: LogOptions | None = None) -> str:
    return read(play.pod, "app", wanted or LogOptions(), play.now())


def refusal(play: Play, wanted: LogOptions | None = None, name: str = "app") -> tuple[int, str]:
    with pytest.raises(LogError) as caught:
        read(play.pod, name, wanted or LogOptions(), play.now())
    return caught.value.status, str(caught.value)


def test_a_crash_ends_the_log_with_its_reason() -> None:
    play = Play(pod_manifest("crashloop")).until(2)
    lines = text(play).splitlines()
    assert lines[0] == "AH00094: Command line: 'apache2 -D FOREGROUND'"
    assert lines[-1].startswith("PHP Fatal error: ")
    assert text(play, LogOptions(previous=True)) == text(play)


def test_the_previous_log_is_of_the_run_before() -> None:
    play = Play(pod_manifest("crashlater")).until(4)
    assert play.states()[-1] == "Ready"
    assert "PHP Fatal error" not in text(play)
    assert "PHP Fatal error" in text(play, LogOptions(previous=True))


def test_a_job_says_how_it_went() -> None:
    job = Play(pod_manifest(restartPolicy="Never")).until(5)
    failed = Play(pod_manifest("joberror", restartPolicy="Never")).until(5)
    assert text(job) == "Checking the database.\nSuccess: Done.\n"
    assert "Error establishing a database connection" in text(failed)


def test_no_value_of_the_environment_is_in_a_log() -> None:
    manifest = pod_manifest("crashloop")
    manifest["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
    play = Play(manifest).until(9)
    assert "hunter2" not in text(play) + text(play, LogOptions(previous=True))


def test_tail_timestamps_and_limit() -> None:
    play = Play(pod_manifest()).until(5)
    last = "AH00163: Apache/2.4 (Debian) PHP/8.2 configured -- resuming normal operations\n"
    assert text(play, LogOptions(tail_lines=1)) == last
    assert text(play, LogOptions(tail_lines=0)) == ""
    assert text(play, LogOptions(tail_lines=9)) == text(play)
    stamped = text(play, LogOptions(tail_lines=1, timestamps=True))
    assert stamped == f"2024-05-01T12:00:00.200000000Z {last}"
    assert text(play, LogOptions(limit_bytes=7)) == "AH00094"


def test_since() -> None:
    play = Play(pod_manifest()).until(5)
    assert text(play, LogOptions(since_seconds=4)) == ""
    assert text(play, LogOptions(since_seconds=5)) == text(play)
    assert text(play, LogOptions(since_time=START + timedelta(seconds=1))) == ""


def test_options_of_a_request() -> None:
    query = {
        "previous": "true",
        "timestamps": "true",
        "tailLines": "3",
        "limitBytes": "9",
        "sinceTime": "2024-05-01T12:00:00Z",
    }
    since = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert options(query) == LogOptions(
        previous=True, timestamps=True, tail_lines=3, limit_bytes=9, since_time=since
    )
    assert options({}) == LogOptions()
    with pytest.raises(ValueError, match="many"):
        options({"tailLines": "many"})


def test_there_is_no_previous_log_before_a_restart() -> None:
    play = Play(pod_manifest()).until(5)
    message = 'previous terminated container "app" in pod "web-0" not found'
    assert refusal(play, LogOptions(previous=True)) == (400, message)


@pytest.mark.parametrize(
    ("tag", "seconds", "reason"),
    [
        ("1.0", 0.1, "ContainerCreating"),
        ("badpull", 0.3, "image can't be pulled"),
        ("badpull", 1.5, "trying and failing to pull image"),
        ("badconfig", 1, "CreateContainerConfigError"),
    ],
)
def test_what_never_ran_has_no_log(tag: str, seconds: float, reason: str) -> None:
    message = f'container "app" in pod "web-0" is waiting to start: {reason}'
    assert refusal(Play(pod_manifest(tag)).until(seconds)) == (400, message)


def test_an_unknown_container() -> None:
    play = Play(pod_manifest()).until(5)
    assert refusal(play, name="x") == (404, 'container "x" not found in pod "web-0"')
