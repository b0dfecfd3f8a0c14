"""Doors of this machine that a browser or a program may knock at: one way of opening them, and of saying why one cannot be."""

import socket

from llmlab.spine.errors import UserError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOSTS = [*LOOPBACK, "[::1]"]  # names under which a page of this machine alone may be asked for; no page of another name points here


def bound(host, port, command):
    """A socket that listens; a UserError if the port is taken or the host is not this machine's.

    Args:
        port: 0 for a free one.
        command: what was called, for the error.
    """
    try:
        place = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        place.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # asyncio sets it on sockets of its own alone; without it a first word waits 40 ms
        return place
    except OSError as error:
        fix = f"{command} --port {port + 1 if port else 0}"
        raise UserError(f"--host {host} --port {port}: {error.strerror or error}", "a free port; 0 takes any", fix) from None


def address(host, place):
    """The address of a bound socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{place.getsockname()[1]}"


def answer(application, place):
    """Serves an ASGI application on a bound socket until it is interrupted."""
    import uvicorn

    config = uvicorn.Config(application, log_level="warning", limit_concurrency=256, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[place])
