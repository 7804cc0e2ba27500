"""No test leaves this machine: a connection elsewhere is refused before it begins."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_connection_to_another_machine_is_refused() -> None:
    elsewhere = ("192.0.2.1", 80)  # kept for documentation (RFC 5737), nobody answers there
    with (
        socket.socket() as client,
        pytest.warns(UserWarning, match="socket.connect"),
        pytest.raises(SocketConnectBlockedError, match=elsewhere[0]),
    ):
        client.connect(elsewhere)


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        peer, _ = server.accept()
        peer.close()
