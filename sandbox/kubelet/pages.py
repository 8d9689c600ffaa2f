"""What WordPress answers, well or sick: the tag of the image chooses.

A sick one is Ready nevertheless: its kubelet asks outside of WordPress.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# In a Location: the scheme and the host that were asked for.
SITE = "{site}"
# The host that the site of `otherhost` is at home at.
ELSEWHERE = "www.elsewhere.example"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Just another WordPress site</title>
<meta name="generator" content="WordPress 6.8.3">
</head>
<body class="home blog wp-embed-responsive">
<header class="site-header"><h1 class="site-title">Just another WordPress site</h1></header>
<main class="wp-site-blocks"><h2 class="wp-block-post-title">Hello world!</h2>
<p>Welcome to WordPress. This is your first post. Edit or delete it, then start writing.</p></main>
<footer class="site-footer"><p>Proudly powered by WordPress</p></footer>
</body>
</html>
"""
_FATAL = """<br />
<b>Fatal error</b>:  Uncaught Error: Call to undefined function site_header() in \
/var/www/html/wp-content/themes/site/header.php:7
Stack trace:
#0 /var/www/html/wp-includes/template.php(810): require_once('hunter2')
#1 {main}
  thrown in <b>/var/www/html/wp-content/themes/site/header.php</b> on line <b>7</b><br />
"""
_CRITICAL = """<p>There has been a critical error on this website.</p>
<p><a href="https://wordpress.org/documentation/article/faq-troubleshooting/">Learn more about \
troubleshooting WordPress.</a></p>"""


@dataclass(frozen=True)
class Response:
    """An answer of WordPress, after so many seconds."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def _died(title: str, message: str) -> str:
    """The page of wp_die."""
    return f"""<!DOCTYPE html>
<html lang="en-US">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<meta name="viewport" content="width=device-width">
<meta name='robots' content='max-image-preview:large, noindex, follow' />
<title>{title}</title>
<style type="text/css">
html {{ background: #f1f1f1; }}
body {{ background: #fff; color: #444; margin: 2em auto; padding: 1em 2em; max-width: 700px; }}
</style>
</head>
<body id="error-page">
<div class="wp-die-message">{message}</div></body>
</html>
"""


_WELL: Mapping[str, Response] = {
    "/": Response(200, _PAGE),
    "/-/live": Response(200, "ok\n"),
    "/-/ready": Response(200, "ok\n"),
    "/wp-login.php": Response(200, _PAGE),
    "/wp-admin/": Response(302, headers={"Location": f"{SITE}/wp-login.php?reauth=1"}),
}
_NOT_FOUND = Response(404, "Not Found\n")
_UNREADY = Response(503, "not ready\n")
_SICK: Mapping[str, Response] = {
    "dberror": Response(
        500, _died("Database Error", "<h1>Error establishing a database connection</h1>")
    ),
    "install": Response(302, headers={"Location": f"{SITE}/wp-admin/install.php"}),
    "maintenance": Response(
        503,
        _died(
            "Maintenance",
            "Briefly unavailable for scheduled maintenance. Check back in a minute.",
        ),
        {"Retry-After": "600"},
    ),
    # PHP shows it where display_errors is on; what came before it has said 200.
    "fatal": Response(200, _PAGE.partition("<header")[0] + _FATAL),
    "critical": Response(500, _died("WordPress &rsaquo; Error", _CRITICAL)),
    "empty": Response(200),
    "otherhost": Response(301, headers={"Location": f"https://{ELSEWHERE}/"}),
    "slowpage": Response(200, _PAGE, seconds=2.0),
}


def answer(tag: str, host: str, path: str, *, ready: bool) -> Response:
    """What a container of that tag answers."""
    if path.startswith("/-/"):
        return _UNREADY if path == "/-/ready" and not ready else _WELL.get(path, _NOT_FOUND)
    if host == ELSEWHERE:
        return _WELL.get(path, _NOT_FOUND)
    return _SICK.get(tag) or _WELL.get(path, _NOT_FOUND)
