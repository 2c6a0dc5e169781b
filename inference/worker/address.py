"""Where the worker may listen: this machine, or one address inside the site's own networks."""

import ipaddress
import socket

from inference.worker.refusal import Refusal

LOOPBACK = "127.0.0.0/8,::1/128"


def listening_address(host: str, port: int, site_networks: str) -> str:
    """Resolve where to listen, so that a name which resolves differently a moment later changes nothing.

    Args:
        host: an address or a name of this machine.
        port: of the server.
        site_networks: EPITOME_SITE_NETWORKS, CIDRs with commas; loopback is always allowed.

    Returns:
        An address, IPv4 before IPv6.

    Raises:
        Refusal: it has no address, means every network of the machine, or one of its addresses lies outside.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        raise Refusal(f"--host {host} has no address") from None
    addresses = sorted({str(entry[4][0]).partition("%")[0] for entry in found}, key=lambda text: ":" in text)
    if not addresses or any(_plain(address).is_unspecified for address in addresses):
        raise Refusal(
            f"--host {host or '(empty)'} would listen on every network of this machine: name the one address "
            "that Epitome's hosts use, such as --host 10.20.0.5, or leave it at 127.0.0.1 behind the proxy"
        )
    outside = [address for address in addresses if not _plain(address).is_loopback]
    if outside:
        # Its module needs httpx, which a GPU host that listens on loopback can do without.
        from inference.engines.base import EngineError
        from inference.engines.site import SiteNetworks

        try:
            networks = SiteNetworks(site_networks)
        except EngineError:
            raise Refusal(f"EPITOME_SITE_NETWORKS holds no list of networks: {site_networks}") from None
        if strangers := [address for address in outside if not networks.permits(address)]:
            raise Refusal(
                f"--host {host} is {', '.join(strangers)}, outside EPITOME_SITE_NETWORKS ({site_networks})"
            )
    return addresses[0]


def is_loopback(address: str) -> bool:
    """Tell whether an address reaches this machine only."""
    return _plain(address).is_loopback


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
