"""Who may be put under load: the lab, this machine, and the one host that somebody names as his own."""
from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.trouble import NotAllowed

LAB = ipaddress.ip_network("198.18.0.0/15")     # set aside for benchmarks of networks (RFC 2544), routed by nobody
ALLOW = "LAB_LOAD_ALLOW"


@dataclass(frozen=True)
class Target:
    """Where requests go: an address that was looked up once, so that a name cannot come to mean another machine."""

    address: str
    port: int
    host: str           # what the Host header says, port included where the URL names one


def find(url: str, environment: Mapping[str, str], host: str = "") -> Target:
    """The target of `url`.

    :param host: what the Host header shall say, where that is not the URL's
    :raises NotAllowed: no http URL, a host that cannot be found, or one that is none of ours
    """
    parts = urlsplit(url)
    name, port = parts.hostname, parts.port or 80
    if parts.scheme != "http" or not name or parts.username:
        raise NotAllowed(f"--url is {url!r}, must be http://HOST[:PORT].")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as trouble:
        raise NotAllowed(f"--url names host {name!r}, which cannot be found: {trouble.strerror}.") from trouble
    addresses = sorted({str(entry[4][0]) for entry in found})
    if environment.get(ALLOW, "") != name:
        for address in addresses:
            if not is_ours(address):
                raise NotAllowed(f"--url names {name!r} ({address}), which is neither in {LAB} nor this machine: no "
                                 f"load goes there. If it is a cluster of your own, set {ALLOW}={name}.")
    return Target(addresses[0], port, host or parts.netloc)


def is_ours(address: str) -> bool:
    there = ipaddress.ip_address(address)
    return there.is_loopback or (there.version == 4 and there in LAB)
