"""How a sick WordPress shows: in its pages, its redirects, and what the API server says of a pod.

The signs are WordPress's and PHP's own words and markup. Only what stands here is ever told of an
answer: a page may hold secrets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LOG = "see the container's log, which has the error with its file and line"


@dataclass(frozen=True)
class Symptom:
    """A sign, what it means, and what to do about it."""

    sign: re.Pattern[str]
    what: str
    to_do: str


def first(table: Sequence[Symptom], text: str) -> Symptom | None:
    """The first row whose sign is found in the text."""
    return next((row for row in table if row.sign.search(text)), None)


def _row(sign: str, what: str, to_do: str) -> Symptom:
    return Symptom(re.compile(sign, re.IGNORECASE | re.MULTILINE), what, to_do)


# The page that wp_die makes, in whatever language.
_ERROR_PAGE = r"""<body\b[^>]*\bid=["']?error-page\b"""
PAGES = (
    _row(
        r"Error establishing a database connection|Can\S{1,10} select database"
        r"|Error reconnecting to the database|mysqli_sql_exception|mysqli_(real_)?connect\(\)",
        "WordPress has no connection to its database",
        "check the mysql_ parameters, and that the pods may reach the database",
    ),
    _row(
        r"appears to be missing the MySQL extension|but WordPress \S+ requires at least",
        "PHP lacks what WordPress requires",
        "build the image with the PHP and the extensions that this WordPress requires",
    ),
    _row(
        "Briefly unavailable for scheduled maintenance",
        "WordPress is in maintenance mode",
        "remove the file .maintenance, which an update that did not end has left",
    ),
    _row(
        r"<b>(Fatal|Parse) error</b>:|^(PHP )?(Fatal|Parse) error: |Uncaught \w*(Error|Exception)",
        "PHP ended with a fatal error",
        _LOG,
    ),
    _row(
        "There has been a critical error on|The site is experiencing technical difficulties",
        "WordPress met a critical error",
        _LOG,
    ),
    _row(_ERROR_PAGE, "WordPress shows its error page", _LOG),
)
# By the path that a redirect leads to.
REDIRECTS = (
    _row(
        r"/wp-admin/install\.php$",
        "WordPress is not installed in this database, and redirects to wp-admin/install.php",
        "check mysql_database and the table prefix, or install WordPress",
    ),
    _row(
        r"/wp-admin/setup-config\.php$",
        "WordPress has no configuration, and redirects to wp-admin/setup-config.php",
        "build the image with a wp-config.php",
    ),
    _row(
        r"/wp-signup\.php$",
        "WordPress knows no site of this host, and redirects to wp-signup.php",
        "set smoke.host to a host name of the site",
    ),
)
_REACH = (
    "see whether security groups and network policies let the control plane reach the pods' port"
)
# By what the API server's proxy says, in Go's words, of a pod from which it had no answer.
REFUSALS = (
    _row("connection refused", "refuses connections", "see whether Apache listens at its port"),
    _row(
        "i/o timeout|no route to host|network is unreachable|deadline exceeded",
        "cannot be reached by the API server",
        _REACH,
    ),
    _row("unexpected EOF", "the page breaks off", _LOG),
    _row(r"\bEOF|connection reset", "hangs up without an answer", _LOG),
)
LATE = _row(
    "", "does not answer within {seconds:.0f} s", f"see what WordPress waits for; else {_REACH}"
)
EMPTY = _row(r"\A\s*\Z", "the page is empty", _LOG)
BREAKS_OFF = _row(r"<html\b(?![\s\S]*</html)", "the page breaks off", _LOG)

_ENDED = re.compile(r"</html", re.IGNORECASE)
_HEADLINE = re.compile(r"<(?:title|h1)>([^<]{1,200})", re.IGNORECASE)
_SERVER_ERROR = 500


def suspicious(code: int, text: str, *, is_html: bool) -> str:
    """Of a page the part in which a sign is one: a healthy page may well write about errors.

    That is all of an error page and of one that does not end; of any other its headlines.
    """
    is_error = code >= _SERVER_ERROR or re.search(_ERROR_PAGE, text, re.IGNORECASE)
    if is_error or (is_html and not _ENDED.search(text)):
        return text
    return "\n".join(_HEADLINE.findall(text))
