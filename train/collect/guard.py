"""Connections to public addresses only, whatever a host name resolves to.

A list or a search result may name a host of the local network, directly, by a redirect or by a DNS record. Therefore
the numeric address of the socket is checked; there is no second look-up, whose result could differ.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from train.collect.errors import printable

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that carry an IPv4 address in their last four bytes (RFC 6052)."""
POOLS, POOL_SIZE = 32, 8
"""Most hosts with open connections, and most connections per host."""


class PrivateAddress(Exception):
    """A host has no public address, or its name cannot have one."""


def is_public(text: str) -> bool:
    """Whether a numeric address belongs to the public internet.

    Args:
        text: IPv4 or IPv6. IPv6 addresses that carry an IPv4 address (mapped, 6to4, Teredo, NAT64) count as that one.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inside is None and address in NAT64:
            inside = ipaddress.IPv4Address(address.packed[12:])
        if inside is not None:
            return is_public(str(inside))
        if address.is_site_local:  # deprecated, and yet in use
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def anywhere(text: str) -> bool:
    """Allows every address (``--allow-private``)."""
    return bool(text)


class Guard:
    """Opens sockets to allowed addresses."""

    def __init__(
        self, allowed: Callable[[str], bool] = is_public, resolve: Callable[..., Any] = socket.getaddrinfo
    ) -> None:
        """Args: which numeric addresses are allowed, and the look-up of names."""
        self._allowed, self._resolve = allowed, resolve

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A socket connected to the first allowed address of ``host`` that accepts.

        Raises:
            PrivateAddress: None of the addresses is allowed.
            OSError: The name does not resolve, or no allowed address accepts.
        """
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise PrivateAddress(f"{printable(host)} is no name of a host") from None
        places = [entry for entry in found if self._allowed(str(entry[4][0]))]
        if found and not places:
            raise PrivateAddress(f"{host} is {found[0][4][0]}, not a public address")
        fault = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in places:
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(timeout)
                opened.connect(address)
            except OSError as error:
                opened.close()
                fault = error
            else:
                return opened
        raise fault


def manager(guard: Guard) -> urllib3.PoolManager:
    """Connection pools whose sockets ``guard`` opens.

    ``_new_conn`` is also the method in which urllib3's SOCKS support opens its sockets.
    """

    def opened(connection: HTTPConnection) -> socket.socket:
        try:
            return guard.connect(connection.host, connection.port, connection.timeout)
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from error

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pools = urllib3.PoolManager(POOLS, maxsize=POOL_SIZE)
    pools.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return pools
