"""Refuses every connection that would leave the machine. Python imports a module of this name at start, whoever starts
it, so kernels and servers that a test starts are guarded too (tests/isolated.sh puts this folder on PYTHONPATH)."""

import errno
import sys

HERE = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")


def stays_here(host):
    """Is this host of a socket address this machine? No name is looked up; 0.0.0.0 and :: are ways to say 'here'."""
    return (host.decode() if isinstance(host, bytes) else host) in HERE


def refuse(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        socket, address = args[:2]
        if isinstance(address, tuple) and socket.family.name in ("AF_INET", "AF_INET6") and not stays_here(address[0]):
            raise OSError(errno.ENETUNREACH, f"tests run without network (tests/guard): no connection to {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not stays_here(args[0]):
        from socket import EAI_FAIL, gaierror  # not before it is needed: this module is imported at every start

        raise gaierror(EAI_FAIL, f"tests run without network (tests/guard): no look-up of {args[0]}")


sys.addaudithook(refuse)
