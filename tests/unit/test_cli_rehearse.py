"""``tmsim rehearse`` and ``tmsim listen``: what they print, write and refuse."""

from __future__ import annotations

import json
import wave

import pytest

from tmsim.cli import main

TRAINS = "10 Hz, 4 s on, 26 s off, for 160 pulses"


def said(capsys, *argv: str) -> str:
    assert main(list(argv)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_rehearsal_tells_what_was_delivered_what_not_and_how_it_ended(capsys):
    out = said(capsys, "rehearse", TRAINS, "--mso", "60", "--pull-cable-after", "3 s")
    assert "Rapid" in out
    assert "of 160 pulses delivered" in out
    assert "120 not delivered: cable pulled" in out
    assert "at the end: standby, no remote control" in out


def test_a_rehearsal_in_json_hands_on_the_delivered_pulses(capsys):
    (block,) = json.loads(
        said(capsys, "rehearse", TRAINS, "--mso", "60", "--pull-cable-after", "3 s", "--json")
    )
    assert block["planned"] == 160
    assert block["delivered"] == len(block["delivered_s"]) == len(block["delivered_mso"])
    assert block["delivered"] + sum(block["not_delivered"].values()) == 160
    assert 30 < block["delivered"] < 36


def test_theta_burst_on_a_rapid2_is_told_to_be_impossible(capsys):
    out = said(capsys, "rehearse", "itbs600", "--mso", "30")
    assert "0 of 600 pulses delivered" in out
    assert "no bursts over this serial line" in out
    assert "600 of 600" in said(capsys, "rehearse", "itbs600", "--mso", "30", "--device", "magpro-x100")


def test_the_blocks_of_a_session_are_rehearsed_one_by_one(capsys, tmp_path):
    argv = ["rehearse", "bilat-seq", "--mso", "50", "--device", "magpro-x100", "--json"]
    blocks = json.loads(said(capsys, *argv, "--log", str(tmp_path / "log.csv")))
    assert [block["delivered"] for block in blocks] == [600, 1500]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + 2100


def test_a_rehearsal_is_drawn(capsys, tmp_path):
    said(capsys, "rehearse", TRAINS, "--mso", "60", "--picture", str(tmp_path / "log.png"))
    assert (tmp_path / "log.png").read_bytes().startswith(b"\x89PNG")


def test_listening_tells_levels_as_ranges_and_writes_the_clicks(capsys, tmp_path):
    out = said(
        capsys, "listen", "itbs600", "--mso", "100", "--distance", "25 cm", "--out", str(tmp_path / "c.wav")
    )
    assert "98 to 125 dB(Z)" in out
    assert "assumed" in out
    with wave.open(str(tmp_path / "c.wav")) as file:
        assert (
            21 < file.getnframes() / file.getframerate() < 22
        )  # three trains of two seconds, ten seconds apart


def test_listening_in_json_has_the_levels(capsys):
    heard = json.loads(said(capsys, "listen", TRAINS, "--distance", "5 cm", "--json"))
    assert heard["click"] == {"low_dB": pytest.approx(112), "high_dB": pytest.approx(139)}
    assert heard["busiest_Hz"] == 10


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["rehearse", TRAINS, "--mso", "130"], "130 %MSO"),
        (
            ["rehearse", TRAINS, "--mso", "60", "--device", "/dev/ttyS0"],
            "device: '/dev/ttyS0'; expected one of",
        ),
        (["rehearse", TRAINS, "--mso", "60", "--pull-cable-after", "3"], "--pull-cable-after: '3'"),
        (["rehearse", TRAINS, "--mso", "60", "--pull-cable-after", "-3 s"], "time of a fault"),
        (["rehearse", "nonsense", "--mso", "60"], "protocol: 'nonsense'"),
        (["rehearse", "bilat-seq", "--mso", "60", "--picture", "log.png"], "a session of one block"),
        (["rehearse", TRAINS, "--mso", "60", "--log", "missing/log.csv"], "its folder does not exist"),
        (["listen", TRAINS, "--distance", "3 cm"], "5 and 25 cm"),
        (["listen", TRAINS, "--mso", "0"], "above 0 %MSO"),
        (["listen", TRAINS, "--out", "clicks.mp3"], "a .wav file"),
        (["listen", TRAINS, "--out", "clicks.wav", "--start", "1000 s"], "without a pulse"),
        (["listen", TRAINS, "--out", "clicks.wav", "--duration", "20 min"], "up to 600 s"),
    ],
)
def test_bad_input_is_refused_in_one_sentence_and_leaves_no_file(
    argv, sentence, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tmsim: ")
    assert err.count("\n") == 1
    assert sentence in err
    assert list(tmp_path.iterdir()) == []
