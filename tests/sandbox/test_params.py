"""`params` from the command line, against moto: two at once, and what a process prints."""

import itertools
import json
from pathlib import Path

import pytest

from sandbox.aws import Aws
from sandbox.site import Site, running
from wpdeploy.redaction import forms

SECRETS = 10
_NUMBERS = itertools.count(1)


@pytest.fixture
def site(aws: Aws, tmp_path: Path) -> Site:
    """A site of the repository's parameters, of which none is there yet."""
    made = Site(aws, f"params-{next(_NUMBERS)}", tmp_path, tmp_path / "no-kubeconfig", {})
    made.set_up()
    for name in made.values:
        aws.delete_parameter(f"{made.path}/{name}")
    return made


def values(site: Site) -> dict[str, str]:
    """The parameters that are there, decrypted."""
    ssm = site.aws.client("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path=site.path, WithDecryption=True
    )
    found = [each for page in pages for each in page["Parameters"]]
    assert {each["Version"] for each in found} <= {1}, "one was overwritten"
    return {each["Name"]: each["Value"] for each in found}


def test_two_at_once_make_each_parameter_once(site: Site) -> None:
    argv = ("params", "init", "--yes", "--output", "json")
    with running(site.start(*argv)) as one, running(site.start(*argv)) as other:
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]
    codes = one.returncode, other.returncode
    made = [path for output in outputs for path in json.loads(output)["made"]]
    assert codes == (4, 4), outputs  # hosts and names are still to come
    assert sorted(made) == sorted(values(site))
    assert len(made) == len(set(made)) == SECRETS


def test_no_value_is_printed_or_left_on_the_disk(site: Site) -> None:
    output = "".join(
        site.run("params", *argv).output
        for argv in (
            ["init", "--yes", "--verbose"],
            ["init", "--yes"],
            ["check", "--verbose"],
            ["check", "--output", "json"],
        )
    )
    made = values(site)
    assert len(made) == SECRETS
    files = [path for path in site.directory.rglob("*") if path.is_file()]
    everywhere = output.encode() + b"".join(path.read_bytes() for path in files)
    assert not [form for form in forms(made.values()) if form.encode() in everywhere]
