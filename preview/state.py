"""What a preview keeps between its runs, in .preview/ of the checkout, which git ignores."""

import fcntl
import json
import os
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path

from preview.errors import PreviewError

_LETTERS = string.ascii_letters + string.digits
FRESH = "make preview PREVIEW_ARGS=--fresh throws the data away"
# What --fresh throws away, besides the credentials.
DATA = ("database", "uploads")


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(20))


@dataclass(frozen=True)
class Credentials:
    """Who may log in to the site and to its database; made at random on the first run."""

    user: str = "admin"
    password: str = field(default_factory=_random, repr=False)
    database_password: str = field(default_factory=_random, repr=False)
    database_administrator_password: str = field(default_factory=_random, repr=False)


class State:
    """The directory, and what is in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database, self.uploads = (directory / name for name in DATA)
        self._credentials = directory / "credentials.json"

    @property
    def identity(self) -> str:
        """What tells this checkout's preview from those of others."""
        return sha256(str(self.directory).encode()).hexdigest()[:8]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other previews out of this checkout. PreviewError if there is one."""
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            file = (self.directory / "lock").open("a+")
        except OSError as error:
            raise PreviewError(f"{error.filename} cannot be made: {error.strerror}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise PreviewError(
                    f"a preview of this checkout runs: process {file.read()}"
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self._clear_logs()
            yield

    def log(self, name: str) -> Path:
        """The file for what a part of the preview says in this run."""
        return self.directory / "log" / f"{name}.log"

    def _clear_logs(self) -> None:
        logs = self.directory / "log"
        logs.mkdir(exist_ok=True)
        for log in logs.iterdir():
            log.unlink()

    def make_data(self) -> None:
        """Have directories for the data; the site has a user of its own, whoever that is."""
        self.database.mkdir(mode=0o700, exist_ok=True)
        if not self.uploads.exists():
            self.uploads.mkdir()
            # Nobody but this user gets into the directory above.
            self.uploads.chmod(0o777)

    def credentials(self) -> Credentials:
        """Those of this preview. PreviewError if they are lost and the data is not."""
        if self._credentials.exists():
            return self._read()
        if self.database.exists() and any(self.database.iterdir()):
            raise PreviewError(f"{self._credentials} is gone, and there is data with it: {FRESH}")
        made = Credentials()
        new = self._credentials.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(made), file, indent=2)
        new.rename(self._credentials)
        return made

    def forget(self) -> None:
        """Throw the credentials away, once the data is gone."""
        self._credentials.unlink(missing_ok=True)

    def _read(self) -> Credentials:
        try:
            found = json.loads(self._credentials.read_text())
            return Credentials(**{item.name: str(found[item.name]) for item in fields(Credentials)})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PreviewError(f"{self._credentials} cannot be read ({error}): {FRESH}") from None
