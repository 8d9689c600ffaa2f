"""Write the tables of docs/permissions.md anew: `python -m tests.rights`."""

import tempfile
from pathlib import Path

from tests.rights import document
from tests.rights.proof import prove

with tempfile.TemporaryDirectory() as directory:
    text = document.written(document.FILE.read_text(), prove(Path(directory)))
document.FILE.write_text(text)
print(f"{document.FILE} is written")  # noqa: T201  # it is a program
