"""Refuses every connection that would leave the machine. Python imports a module of this name at start, whoever starts
it, so kernels and servers that a test starts are guarded too (tests/isolated.sh puts this folder on PYTHONPATH)."""

import errno
import ipaddress
import sys

NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")


def stays_here(host):
    """Is this host of a socket address this machine? No name is looked up; 0.0.0.0 and :: are ways to say 'here'."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not host or host.lower() in NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        socket, address = args[:2]
        if isinstance(address, tuple) and socket.family.name in ("AF_INET", "AF_INET6") and not stays_here(address[0]):
            raise OSError(errno.ENETUNREACH, f"tests run without network (tests/guard): no connection to {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not stays_here(args[0]):
        from socket import EAI_FAIL, gaierror  # not before it is needed: this module is imported at every start

        raise gaierror(EAI_FAIL, f"tests run without network (tests/guard): no look-up of {args[0]}")


sys.addaudithook(refuse)
