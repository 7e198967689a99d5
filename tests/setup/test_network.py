"""Tests run without network: tests/isolated.sh, and the guard that it puts into Python where it has no namespace."""

import os
import socket
import subprocess
import sys

import pytest

from course.assets import ROOT

# Says in which namespace it is, then what becomes of six ways out, the first two of which lead to this machine.
ASK = """
import os, socket, sys
def tried(what, *arguments):
    try:
        print(what(*arguments) and "done")
    except OSError as error:
        print(error)
with socket.create_server(("127.0.0.1", 0)) as server:  # a namespace has a loopback of its own
    for host in ("127.0.0.1", "localhost"):
        tried(socket.create_connection, (host, server.getsockname()[1]), 5)
tried(socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect, ("192.0.2.1", 80))
tried(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", ("192.0.2.1", 53))
tried(socket.getaddrinfo, "example.com", 443)
tried(socket.gethostbyname, "example.com")
"""


def isolated(*command, **variables):
    # Neither variable of an isolated.sh around this very run may decide for the one that is tried here.
    env = {name: value for name, value in os.environ.items() if name not in ("COURSE_GUARD", "PYTHONPATH")} | variables
    command = ["sh", ROOT / "tests" / "isolated.sh", *command]
    return subprocess.run(command, env=env, text=True, capture_output=True, timeout=30)


@pytest.mark.parametrize("guard", ["", "1"], ids=["best here", "guard"])
def test_nothing_gets_out_but_to_this_machine(guard):
    how, *answers = isolated(sys.executable, "-c", ASK, COURSE_GUARD=guard).stdout.splitlines()
    assert answers[:2] == ["done", "done"] and len(answers) == 6
    if how == "network: off, own namespace (unshare)" and not guard:
        assert all("Network is unreachable" in answer for answer in answers[2:4])
        assert all("[Errno -" in answer for answer in answers[4:]), "no name is found"
    else:
        assert how == "network: off, socket guard in each Python process"
        assert all("tests run without network (tests/guard)" in answer for answer in answers[2:])


def test_isolated_passes_arguments_and_exit_code_on_and_keeps_proxies_and_log_levels_out():
    odd = dict.fromkeys(("HTTPS_PROXY", "http_proxy", "OPENAI_LOG"), "http://127.0.0.1:9")
    script = 'printf "%s|" "$@"; echo "$HTTPS_PROXY$http_proxy$OPENAI_LOG"; exit 7'
    done = isolated("sh", "-c", script, "sh", "a b", "비전", "", **odd)
    assert (done.stdout.splitlines()[1:], done.returncode) == (["a b|비전||"], 7)


def test_this_very_run_has_no_network():
    with pytest.raises(OSError, match=r"unreachable|without network"):  # else start pytest as `make test` does
        socket.create_connection(("192.0.2.1", 80), timeout=3)
