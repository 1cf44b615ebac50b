"""TCP ports on the loopback interface: a free one, or the one that was asked for."""

import socket
from collections.abc import Mapping

HOST = "127.0.0.1"


class PortError(Exception):
    """The port cannot be used; the message says why and how to choose another."""


def choose(port: int, purpose: str, variable: str) -> int:
    """Return the port to listen on: a free one for 0, else the given one if nobody has it.

    ``purpose`` and ``variable`` (the environment variable that sets the port) go into the message
    of the PortError raised when the port is taken or may not be used.
    """
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
        chosen: int = probe.getsockname()[1]
        return chosen


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
