"""``tmsim serve`` refuses what it can't do before it begins."""

from __future__ import annotations

import socket

import pytest

from tmsim.cli import main


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--host", "0.0.0.0"], "--token"),
        (["--host", "192.0.2.1", "--token", "secret"], "192.0.2.1"),
        (["--order", "3"], "order"),
        (["--head", "missing.msh", "--port", "0"], "missing.msh"),
        (["--head", "colin72", "--port", "0"], "colin27"),
        (["--t1", "missing.nii.gz", "--port", "0"], "missing.nii.gz"),
        (["--port", "70000"], "port"),
    ],
)
def test_what_cannot_be_served_is_refused(arguments, word, capsys):
    assert main(["serve", *arguments]) == 2
    assert word in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert str(port) in capsys.readouterr().err
