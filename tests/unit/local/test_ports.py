"""A free port, or one sentence about why not."""

import socket

import pytest

from local import ports
from local.ports import PortError


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Ports are what is under test."""


def test_a_taken_port_is_one_sentence_that_says_how_to_choose_another() -> None:
    with socket.socket() as server:
        server.bind((ports.HOST, 0))
        server.listen()
        taken = server.getsockname()[1]

        with pytest.raises(PortError) as caught:
            ports.choose(taken, "the AWS emulator", "FRESHBRIDGE_AWS_PORT")

    message = str(caught.value)
    assert f"the AWS emulator cannot listen on port {taken}" in message
    assert "FRESHBRIDGE_AWS_PORT=PORT" in message


def test_zero_is_a_free_port_that_can_be_listened_on() -> None:
    chosen = ports.choose(0, "it", "X")

    with socket.socket() as server:
        server.bind((ports.HOST, chosen))
    # and no outgoing connection takes it before that
    assert chosen in ports.SPARED


def test_taken_ports_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        taken = ports.choose(0, "it", "X")
        server.bind((ports.HOST, taken))
        other = ports.choose(0, "it", "X")

        monkeypatch.setattr("local.ports.random.sample", lambda *_: [taken, other])
        assert ports.choose(0, "it", "X") == other

        monkeypatch.setattr("local.ports.random.sample", lambda *_: [taken] * 3)
        with pytest.raises(PortError, match="none of"):
            ports.choose(0, "it", "X")


def test_a_free_port_asked_for_is_kept() -> None:
    free = ports.choose(0, "it", "X")

    assert ports.choose(free, "it", "X") == free


@pytest.mark.parametrize(("text", "port"), [("", 0), (" 4566 ", 4566), ("65535", 65535)])
def test_the_environment_sets_a_port(text: str, port: int) -> None:
    assert ports.from_environment({"P": text}, "P") == port


@pytest.mark.parametrize("text", ["65536", "-1", "http", "80a", "1.5"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(PortError, match=f"P is '{text}'"):
        ports.from_environment({"P": text}, "P")
