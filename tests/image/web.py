"""A visitor: asks one container for pages of the site, with cookies, forms and redirects."""

import json
import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.filepost import encode_multipart_formdata

_POOL = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(60))
_MOST_REDIRECTS = 5
Fields = Mapping[str, str | tuple[str, bytes, str]]


class Answer(NamedTuple):
    """What came back; status 0: nothing did."""

    status: int
    text: str
    headers: Mapping[str, str]
    url: str = ""


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask once; what cannot be connected to has status 0."""
    sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    try:
        response = _POOL.request("GET", url, headers=sent, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        return Answer(0, str(error), {}, url)
    return Answer(response.status, response.data.decode(errors="replace"), response.headers, url)


class Visitor:
    """A browser without a screen: whatever the address of the site, it asks this host and port."""

    def __init__(
        self, site: str, ip: str, headers: Mapping[str, str] | None = None, *, port: int = 8080
    ) -> None:
        self.site, self._address = site, f"{ip}:{port}"
        self._headers = dict(headers or {})
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Open a page, redirects followed."""
        return self._ask("GET", urljoin(self.site, path), None, {})

    def post(self, path: str, fields: Fields) -> Answer:
        """Send a form; a field that is a file is (name, content, type)."""
        if any(isinstance(value, tuple) for value in fields.values()):
            body, kind = encode_multipart_formdata(fields)
        else:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self._ask("POST", urljoin(self.site, path), body, {"Content-Type": kind})

    def post_json(self, path: str, nonce: str, content: Mapping[str, str]) -> Answer:
        """Ask the REST API as the logged-in user."""
        headers = {"Content-Type": "application/json", "X-WP-Nonce": nonce}
        return self._ask("POST", urljoin(self.site, path), json.dumps(content).encode(), headers)

    def log_in(self, user: str, password: str) -> Answer:
        """Log in as on the page."""
        self.get("/wp-login.php")
        fields = {"log": user, "pwd": password, "wp-submit": "Log In", "testcookie": "1"}
        return self.post("/wp-login.php", fields | {"redirect_to": f"{self.site}/wp-admin/"})

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            parts = urlsplit(url)
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            response = _POOL.request(
                method,
                f"http://{self._address}{path}",
                body=body,
                headers={"Host": parts.netloc, **self._headers, **headers, **self._cookie()},
                redirect=False,
            )
            self._remember(response.headers.getlist("Set-Cookie"))
            location = response.get_redirect_location()
            if not location:
                text = response.data.decode(errors="replace")
                return Answer(response.status, text, response.headers, url)
            url, method, body, headers = urljoin(url, location), "GET", None, {}
        return Answer(0, "too many redirects", {}, url)

    def _cookie(self) -> Mapping[str, str]:
        pairs = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": pairs} if pairs else {}

    def _remember(self, headers: list[str]) -> None:
        for header in headers:
            for name, morsel in SimpleCookie(header).items():
                self._cookies[name] = morsel.value


def hidden(page: str, name: str) -> str:
    """The value of a form's field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    if found is None:
        raise AssertionError(f"no field {name} in the page")
    return found[1]
