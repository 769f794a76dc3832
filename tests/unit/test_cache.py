"""The cache: a hit gives the bits of a fresh run, a broken entry costs time, and old entries go first."""

import os

import numpy as np
import pytest

from tmsim.core.cache import Cache, default_folder, stage_key
from tmsim.core.provenance import code_of, sha256_of


class Stage:
    """A stage that counts how often it was run."""

    def __init__(self, size: int = 1000) -> None:
        self.runs = 0
        self.size = size

    def __call__(self):
        self.runs += 1
        rng = np.random.default_rng(3)
        return {
            "E": rng.standard_normal((self.size, 3)) * 1e-17,
            "name": np.array("P2"),
            "n": np.array([1, 2]),
        }


def test_a_hit_gives_the_same_bits_and_runs_nothing(tmp_path):
    cache, stage = Cache(folder=tmp_path), Stage()
    fresh, was_there = cache.arrays("field-1", stage)
    again, is_there = cache.arrays("field-1", stage)
    assert (was_there, is_there, stage.runs) == (False, True, 1)
    assert fresh.keys() == again.keys()
    for name in fresh:
        assert fresh[name].dtype == again[name].dtype
        assert fresh[name].tobytes() == again[name].tobytes()


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "noise"])
def test_a_broken_entry_is_computed_again_and_mended(tmp_path, harm):
    cache, stage = Cache(folder=tmp_path), Stage()
    cache.arrays("field-1", stage)
    file = tmp_path / "field-1.npz"
    data = bytearray(file.read_bytes())
    if harm == "cut":
        data = data[: len(data) // 2]
    elif harm == "flip":
        data[5000] ^= 1  # one bit of one number
    elif harm == "empty":
        data = bytearray()
    else:
        data = bytearray(os.urandom(len(data)))
    file.write_bytes(data)
    _, was_there = cache.arrays("field-1", stage)
    _, is_there = cache.arrays("field-1", stage)
    assert (was_there, is_there, stage.runs) == (False, True, 2)


def test_the_least_recently_used_goes_first(tmp_path):
    size = len(Stage()()["E"].tobytes())
    cache = Cache(folder=tmp_path, limit_bytes=int(2.5 * size))
    for second, key in enumerate(["a", "b"]):
        cache.arrays(key, Stage())
        os.utime(tmp_path / f"{key}.npz", (second, second))
    cache.arrays("a", Stage())  # now b is the one used longest ago
    cache.arrays("c", Stage())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "c.npz"]


def test_a_failing_stage_leaves_nothing(tmp_path):
    def stage():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cache(folder=tmp_path).arrays("field-1", stage)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_no_run(tmp_path):
    (tmp_path / "file").write_text("")
    stage = Stage()
    result, was_there = Cache(folder=tmp_path / "file" / "cache").arrays("field-1", stage)
    assert not was_there
    assert len(result["E"]) == stage.size


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TMSIM_CACHE", str(tmp_path))
    assert default_folder() == tmp_path


def test_keys_tell_apart_what_differs_by_a_bit_a_type_a_shape_or_a_border():
    a = np.arange(6.0)
    b = a.copy()
    b[3] = np.nextafter(b[3], 9)
    parts = [
        (a,),
        (b,),
        (a.astype(np.float32),),
        (a.reshape(2, 3),),
        (a[:3], a[3:]),
        ({"order": 1},),
        ({"order": 2},),
        ("ab", "c"),
        ("a", "bc"),
    ]
    assert len({sha256_of(*some) for some in parts}) == len(parts)
    assert sha256_of({"x": 1, "y": 0.1}) == sha256_of({"y": 0.1, "x": 1})
    assert stage_key("field", 1, rooms=("core",)) != stage_key("field", 1, rooms=("core", "formats"))
    assert code_of("core") == code_of("core")
