"""Files that a person wrote, read so that a fault can be told."""

from pathlib import Path


def read_text(path: Path) -> str:
    """The file's text; a ValueError with the reason in its text if it has none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
