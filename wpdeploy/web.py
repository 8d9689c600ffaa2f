"""The web, from outside: a page as a visitor has it, by way of an address that is given."""

from collections.abc import Mapping
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from wpdeploy import answer
from wpdeploy.answer import Answer, Late
from wpdeploy.errors import ClusterError

PORTS: Final = {"http": 80, "https": 443}
# Bytes of a page, whose head says what it is.
_LONGEST = 1 << 20


def get(url: str, address: str, headers: Mapping[str, str], seconds: float) -> Answer:
    """What the server at an address says of a URL, whose host its certificate must be for.

    No redirect is followed. A ClusterError where there is no answer.
    """
    parts = urllib3.util.parse_url(url)
    pool = _pool(str(parts.scheme), address, str(parts.host))
    try:
        with pool:
            response = pool.request(
                "GET",
                parts.request_uri,
                headers=headers,
                timeout=Timeout(total=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return answer.read(response, url, _LONGEST)
    except ReadTimeoutError as error:
        raise Late(address, f"no answer within {seconds:g} s") from error
    except HTTPError as error:
        raise ClusterError(address, f"cannot be reached: {error}") from error


def _pool(scheme: str, address: str, host: str) -> urllib3.HTTPConnectionPool:
    if scheme == "http":
        return urllib3.HTTPConnectionPool(address, PORTS[scheme])
    return urllib3.HTTPSConnectionPool(address, PORTS[scheme], server_hostname=host)
