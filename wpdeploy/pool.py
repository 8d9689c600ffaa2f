"""What every connection pool to an API server has in common."""

import socket
from typing import Any

# A peer that does not answer for 10 + 3 x 5 s is gone: something between may have forgotten the
# connection, or the host have lost its network, and a watch only listens.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
_SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    # Not every system has all of them.
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEPALIVE.items()
        if hasattr(socket, name)
    ),
]
# Retries are ours. Five streams watch while requests go on, hence the size.
COMMON: dict[str, Any] = {"maxsize": 8, "retries": False, "socket_options": _SOCKET_OPTIONS}
