"""The site's own networks, and an HTTP transport that cannot connect outside them.

The address is checked where the connection is made, not before: a name that resolves differently a moment
later gains nothing. No redirect, proxy or environment variable can lead a request elsewhere.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from typing import TypeAlias

import httpcore
import httpx

from inference.engines.base import EngineError

LOOPBACK = "127.0.0.0/8,::1/128"

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class SiteNetworks:
    """The networks that belong to the site. Not `is_private`, which counts link-local and 0.0.0.0 in."""

    def __init__(self, cidrs: str = LOOPBACK) -> None:
        """Read networks from a comma-separated list.

        Raises:
            EngineError: "misconfigured": an entry is no network, or has host bits set.
        """
        try:
            self._networks: tuple[_Network, ...] = tuple(
                ipaddress.ip_network(part.strip()) for part in cidrs.split(",") if part.strip()
            )
        except ValueError:
            raise EngineError("misconfigured", detail="EPITOME_SITE_NETWORKS") from None

    def permits(self, address: str) -> bool:
        """Tell whether an address lies inside the site; IPv4 in IPv6 (`::ffff:10.0.0.1`) is unwrapped."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Resolve a host name to its addresses, in the resolver's order.

        Raises:
            EngineError: "outside_site" if any one of them lies outside; "unreachable" if there is none.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise EngineError("unreachable", detail="no_such_host") from None
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not all(self.permits(address) for address in addresses):
            raise EngineError("outside_site")
        return addresses


class SiteBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to the site's own addresses and to nothing else."""

    def __init__(self, networks: SiteNetworks) -> None:
        self._networks = networks
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, connect to the first that answers.

        Raises:
            EngineError: "outside_site" or "unreachable".
            httpcore.ConnectError, httpcore.ConnectTimeout: no address answers.
        """
        failure: Exception = httpcore.ConnectError()
        for address in await asyncio.to_thread(self._networks.addresses, host, port):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait between httpcore's own attempts, of which there are none."""
        await asyncio.sleep(seconds)


class SiteTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over `SiteBackend`. Certificates are checked against the machine's own store."""

    def __init__(self, networks: SiteNetworks, *, max_connections: int) -> None:
        context = ssl.create_default_context()
        super().__init__(verify=context, trust_env=False)
        # httpx has no public way to pass a network backend on; `tests/contract` holds this to its promise.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=30.0,
            network_backend=SiteBackend(networks),
        )
