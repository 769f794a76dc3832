"""``tmsim uncertainty`` refuses what it can't do in one sentence, before any work."""

from __future__ import annotations

import pytest

from tmsim.cli import main


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--draws", "3"], "uncertainty.draws: 3; expected 0 for first order alone, or 40 to 100000"),
        (["--draws", "-1"], "uncertainty.draws: -1; expected 0"),
        (["--held", "loosely"], "uncertainty.held: 'loosely'; expected 'tracked', 'cap' or 'exactly'"),
        (["--order", "3"], "uncertainty.order: 3; expected 1 or 2"),
        (["--draws", "0", "--picture", "u.png"], "--picture: no draws; expected draws to make a map of"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(options, sentence, capsys):
    assert main(["uncertainty", *options]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
