"""Unit tests run without a network: opening a socket is an error."""

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Every unit test runs with pytest-socket's guard in place."""
