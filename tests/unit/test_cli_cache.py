"""``tmsim cache`` says what is kept in words, bounds it and clears it; ``tmsim basis`` fills it."""

import json
import os
from datetime import datetime

import numpy as np
import pytest

from spheres import sphere_head
from tmsim.cli import main
from tmsim.core.cache import LIMIT_BYTES, Cache
from tmsim.field import BasisSpec, FieldBasis
from tmsim.head import Cortex, Head


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with a field of 8 kB, a finished basis of 80 kB used later, and one that was stopped."""
    monkeypatch.setenv("TMSIM_CACHE", str(tmp_path))
    cache = Cache()
    cache.arrays("field-1a", lambda: {"E": np.zeros(1000)})
    cache.filled("basis-2b", lambda folder: np.save(folder / "a.npy", np.zeros(10_000)), about="basis of x")

    def stopped(folder):
        np.save(folder / "a.npy", np.zeros(100))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.filled("basis-3c", stopped, about="basis of y")
    for second, name in enumerate(("field-1a.npz", "basis-2b", "basis-3c.part"), start=1_700_000_000):
        os.utime(tmp_path / name, (second, second))
    return cache


def listed(capsys):
    assert main(["cache", "list", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_names_what_is_kept_the_least_recently_used_first(cache, capsys):
    facts = listed(capsys)
    assert facts["folder"] == str(cache.folder)
    assert facts["limit_bytes"] == LIMIT_BYTES
    rows = facts["entries"]
    assert [row["what"] for row in rows] == ["field of one placement", "basis of x", "basis of y"]
    assert [row["finished"] for row in rows] == [True, True, False]
    assert [row["size_bytes"] // 8000 for row in rows] == [1, 10, 0]
    assert facts["size_bytes"] == sum(row["size_bytes"] for row in rows)
    assert datetime.fromisoformat(rows[0]["used"]).timestamp() == 1_700_000_000
    assert main(["cache", "list"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "80.1 kB" in said[1]
    assert "basis of x" in said[1]
    assert "unfinished" in said[2]
    assert str(cache.folder) in said[3]
    assert "of 4 GB" in said[3]


def test_a_limit_removes_what_was_not_used_for_longest_and_stays(cache, capsys):
    assert main(["cache", "limit", "0.085 MB"]) == 0
    assert "85 kB" in capsys.readouterr().out
    assert [row["what"] for row in listed(capsys)["entries"]] == ["basis of x", "basis of y"]
    assert Cache().limit == 85_000
    assert main(["cache", "limit", "20 GB", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["limit_bytes"] == 20 * 10**9


@pytest.mark.parametrize("size", ["much", "-3 GB", "3 km", "", "1e9"])
def test_a_size_that_is_none_is_refused_in_a_sentence(cache, capsys, size):
    assert main(["cache", "limit", "--", size]) == 2
    assert "GB" in capsys.readouterr().err
    assert len(cache.entries()) == 3


def test_clear_removes_all_and_says_how_much(cache, capsys):
    total = listed(capsys)["size_bytes"]
    assert main(["cache", "clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"freed_bytes": total}
    assert listed(capsys)["entries"] == []
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "0 B freed.\n"


def test_an_entry_filled_once_is_found_and_one_that_was_stopped_is_not(cache):
    assert cache.found("basis-2b") == cache.folder / "basis-2b"
    assert cache.found("basis-3c") is None
    assert cache.entries()[-1].key == "basis-2b"  # just used


def test_a_basis_is_prepared_once_and_found_by_whoever_asks_for_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TMSIM_CACHE", str(tmp_path))
    head = sphere_head(cell_m=0.018)
    grey = np.flatnonzero(head.tags == 2)[:60]
    head = head.with_cortex(
        Cortex(
            points_m=head.centers_m[grey],
            triangles=np.arange(60).reshape(-1, 3),
            tets=grey,
            column=np.tile([0.0, 0.0, 1.0], (60, 1)),
        )
    )
    monkeypatch.setattr(Head, "load", lambda _source: head)
    for _ in range(2):
        assert main(["basis", "spheres", "--modes", "4", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
    assert facts["order"] == 1
    assert facts["modes"] == 4
    assert facts["points"] == 60
    found = FieldBasis.load(head, BasisSpec(modes=4))
    assert found is not None
    np.testing.assert_array_equal(found.points_m, head.centers_m[grey])
    (row,) = listed(capsys)["entries"]
    assert row["what"] == "field basis of spheres, P1, 4 modes, mid-cortex"


@pytest.mark.parametrize("wrong", [["--order", "3"], ["--modes", "1"], ["nobody"]])
def test_a_basis_that_cannot_be_is_refused_in_a_sentence(capsys, wrong):
    assert main(["basis", *wrong]) == 2
    assert capsys.readouterr().err.startswith("tmsim: ")
