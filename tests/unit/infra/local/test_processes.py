"""Which ports the stack and the servers take, and what is said of those that they cannot have."""

import socket

import pytest

from core.settings import load
from infra.local.processes import StackError, check_port, check_ports
from tests.support.stack import free_ports


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    with pytest.raises(StackError, match=f"{host} is no address of this machine"):
        check_port(free_ports(1)[0], "the web apps", "REGATTA_PORT", host)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port}, meant for the web apps, cannot be used"):
            check_port(port, "the web apps", "REGATTA_PORT")


def test_two_parts_with_one_port_are_named() -> None:
    port, other = free_ports(2)
    with pytest.raises(StackError, match=f"REGATTA_PORT and REGATTA_AWS_PORT are both {port}"):
        check_ports(load(port=port, aws_port=port))
    check_ports(load(port=port, aws_port=other))
