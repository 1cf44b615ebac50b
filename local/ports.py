"""TCP ports on the loopback interface: a free one, or the one that was asked for."""

import random
import socket
from collections.abc import Mapping

HOST = "127.0.0.1"
SPARED = range(20_000, 32_768)
"""No system takes a port for an outgoing connection from here: Linux begins at 32768, others later.

A server binds the port that was chosen for it a moment later: no connection may have it by then.
"""
TRIES = 50


class PortError(Exception):
    """The port cannot be used; the message says why and how to choose another."""


def choose(port: int, purpose: str, variable: str) -> int:
    """Return the port to listen on: a free one for 0, else the given one if nobody has it.

    ``purpose`` and ``variable`` (the environment variable that sets the port) go into the message
    of the PortError raised when the port is taken or may not be used.
    """
    if port == 0:
        return _free()
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise PortError(
                f"{purpose} cannot listen on port {port} of {HOST} ({reason.lower()}): stop what "
                f"uses it or choose another with {variable}=PORT; 0 takes a free one"
            ) from error
        return port


def _free() -> int:
    for port in random.sample(SPARED, TRIES):
        with socket.socket() as probe:
            # Nobody's listening, and nobody's closing either: so without SO_REUSEADDR.
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise PortError(f"none of {TRIES} ports from {SPARED.start} to {SPARED.stop - 1} is free")


def from_environment(environment: Mapping[str, str], variable: str, default: int = 0) -> int:
    """Read a port number from an environment variable.

    Raises PortError for anything but a whole number between 0 and 65535.
    """
    text = environment.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) > 65535:
        raise PortError(
            f"{variable} is {text!r}: it must be a port number, 0 (any free one) to 65535"
        )
    return int(text)
