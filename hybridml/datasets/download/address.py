"""The guard against private networks: only addresses of the public internet are connected to."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_PROTOCOLS = ip_network("192.0.0.0/24")


class PrivateAddressError(OSError):
    """A connection to an address that is not on the public internet was refused.

    The message is always the same: a client that tries all addresses of a host then raises this error itself, not a
    combination of several.
    """

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address")


def is_public(address: str) -> bool:
    """Return whether an address is on the public internet.

    An IPv6 address that embeds an IPv4 address (mapped, 6to4, NAT64) is treated as that IPv4 address.

    Examples
    --------
    >>> [is_public(a) for a in ("8.8.8.8", "10.0.0.1", "100.64.0.1", "169.254.169.254", "0.0.0.0")]
    [True, False, False, False, False]
    >>> [is_public(a) for a in ("2606:4700::1111", "::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "fec0::1")]
    [True, False, False, False, False]
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        embedded = _embedded(ip)
        if embedded is None:
            return ip.is_global and ip in _GLOBAL_UNICAST
        ip = embedded
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in _PROTOCOLS


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to ``ip`` would reach, if any."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def public_socket(info: tuple[Any, ...]) -> socket.socket:
    """Return a socket for an address about to be connected to; every connection goes through here.

    Parameters
    ----------
    info : tuple
        As ``socket.getaddrinfo`` gives it. No name is looked up after this check, so a host whose name resolves to
        another address the next time gains nothing by it.

    Raises
    ------
    PrivateAddressError
        When the address is not public.
    """
    family, kind, protocol, _, where = info
    if not is_public(where[0]):
        raise PrivateAddressError
    return socket.socket(family=family, type=kind, proto=protocol)
