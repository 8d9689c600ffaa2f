"""`params`: what there is of the environment's parameters; `params init` makes the secret ones.

It makes what is missing and may be generated, and overwrites nothing. No value is ever shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from wpdeploy import aws, parameters, provision, settings
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.provision import Entry, Place, State
from wpdeploy.report import Report
from wpdeploy.settings import Settings
from wpdeploy.ssm_admin import Denied, SsmAdmin
from wpdeploy.steps.asking import agreed


class _Survey(NamedTuple):
    """The parameters, where they are, and the store that has them."""

    store: SsmAdmin
    place: Place
    entries: tuple[Entry, ...]

    def of(self, state: State) -> list[Entry]:
        return [entry for entry in self.entries if entry.state is state]


def run(invocation: Invocation) -> Report:
    """Look, and where it is asked for, make what is missing."""
    survey = _survey(invocation)
    if invocation.options.action == "check":
        return _check(invocation, survey)
    return _init(invocation, survey)


def _survey(invocation: Invocation) -> _Survey:
    context = invocation.context
    env, known = settings.read(context), parameters.specs(context)
    parameters.check(context, env, known)
    region = aws.region(env.region, invocation.environ)
    store = SsmAdmin(region, invocation.clock, invocation.console.line)
    place = Place(context.group, region, env.parameters.key_of(context.group))
    return _looked(store, place, env, known)


def _looked(
    store: SsmAdmin,
    place: Place,
    env: Settings,
    known: Mapping[str, parameters.ParameterSpec],
) -> _Survey:
    wanted = sorted(set(parameters.names(env, known).values()))
    return _Survey(store, place, provision.entries(env, known, store.look(wanted)))


def _check(invocation: Invocation, survey: _Survey) -> Report:
    for entry in survey.entries:
        _tell(invocation, survey.place, entry)
    found = list(_warnings(survey))
    missing = _missing_rows(survey.entries, survey.place)
    rows = (*missing, *(("warning", warning) for warning in found))
    code = Exit.PARAMETERS if missing else Exit.SUCCESS
    return Report(code, provision.counted(survey.entries), rows, _data(survey, warnings=found))


def _warnings(survey: _Survey) -> Iterator[str]:
    secret = [entry for entry in survey.entries if entry.held and entry.spec.secret]
    keys: Mapping[str, str] = {}
    try:
        keys = survey.store.keys([entry.path for entry in secret])
    except Denied as error:
        yield f"not known by which keys they are encrypted: {error.problems[0]}"
    for entry in secret:
        for warning in provision.warnings(entry, survey.place, keys):
            yield f"{entry.path}: {warning}"


def _init(invocation: Invocation, survey: _Survey) -> Report:
    due, place = survey.of(State.GENERATED), survey.place
    for entry in survey.entries:
        _tell(invocation, place, entry)
    if due:
        told = f"{len(due)} to make in {place.region}, under {place.key}"
        if not agreed(invocation, told, "make them", "make them?"):
            return Report(Exit.INTERRUPTED, "nothing was made", data=_data(survey))
    made = [entry.path for entry in due if _made(invocation, survey, entry)]
    left = [entry for entry in survey.entries if entry not in due]
    rows = _missing_rows(left, survey.place)
    there = len(survey.of(State.THERE)) + len(due) - len(made)
    sentence = f"{len(made)} made, {there} there already"
    code = Exit.PARAMETERS if rows else Exit.SUCCESS
    told = f"{sentence}; others are missing" if rows else sentence
    return Report(code, told, rows, _data(survey, made=made))


def _made(invocation: Invocation, survey: _Survey, entry: Entry) -> bool:
    """Make it, unless somebody has done so since the look."""
    is_new = survey.store.make(entry.path, provision.value(entry), survey.place.key)
    invocation.console.line(f"{entry.path} {'made' if is_new else 'was made meanwhile: it stays'}")
    return is_new


def _tell(invocation: Invocation, place: Place, entry: Entry) -> None:
    """A line for the parameter; one that a person makes has the command below, to be copied."""
    console = invocation.console
    if entry.held:
        console.listed(f"  {entry.path}: there, {entry.held.type}, version {entry.held.version}")
    elif entry.spec.generate:
        what = f"{provision.SECURE} of {entry.spec.generate} letters and digits"
        console.listed(f"+ {entry.path}: {entry.state}, a {what}")
    else:
        console.listed(f"! {entry.path}: {entry.state}, {provision.maker(entry, place)}")
        console.listed(f"    {provision.command(entry, place)}")


def _missing_rows(entries: Iterable[Entry], place: Place) -> tuple[tuple[str, str], ...]:
    found = provision.missing(entries, place)
    return tuple(("missing", f"{', '.join(names)}: {maker}") for maker, names in found.items())


def _data(survey: _Survey, **more: Sequence[str]) -> dict[str, Any]:
    return {
        "key": survey.place.key,
        "parameters": [_document(entry, survey.place) for entry in survey.entries],
        **more,
    }


def _document(entry: Entry, place: Place) -> dict[str, Any]:
    """The parameter as it was before anything was made."""
    known = {"name": entry.name, "path": entry.path, "state": entry.state}
    if entry.held:
        return {**known, "type": entry.held.type, "version": entry.held.version}
    by_hand = {} if entry.spec.generate else {"command": provision.command(entry, place)}
    return {**known, "maker": provision.maker(entry, place), **by_hand}
