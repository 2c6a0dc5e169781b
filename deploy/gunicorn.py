"""The web server's settings at a site: `gunicorn --config deploy/gunicorn.py clinical.wsgi`.

It listens on a Unix socket that only the reverse proxy may open, so `X-Real-IP` here is the proxy's word and
not a client's. The audit and the log-in limits read REMOTE_ADDR, which over a socket would be no address.
"""

# ruff: noqa: INP001 - not part of a package: the web server reads it by its path

import os
from typing import Any

workers = int(os.environ.get("EPITOME_WEB_PROCESSES", "4"))
threads = 4
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats, in memory
control_socket_disable = True
graceful_timeout = 60


def pre_request(worker: Any, request: Any) -> None:
    """Take the client's address from the proxy, and only over the Unix socket."""
    is_proxy = not isinstance(request.peer_addr, tuple)
    address = next((value for name, value in request.headers if name == "X-REAL-IP"), "")
    if is_proxy and address:
        request.proxy_protocol_info = {
            "proxy_protocol": "X-Real-IP",
            "client_addr": address,
            "client_port": 0,
            "proxy_addr": "",
            "proxy_port": 0,
        }
