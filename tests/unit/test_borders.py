"""Borders of tissues that move: how far, what follows, what stays, and where they stop."""

from __future__ import annotations

import numpy as np
import pytest

from spheres import folded, mapped, sphere_head
from tmsim.core import InputError
from tmsim.head.borders import BORDERS, movable, move_borders
from tmsim.head.quality import signed_volumes_m3

RADII_m = (0.070, 0.078, 0.082, 0.090, 0.100)
TAGS = (1, 2, 3, 4, 5)
OUTSIDE = {"pial": 2, "inner_skull": 3, "outer_skull": 4}
"""Index of the radius of each border."""


@pytest.fixture(scope="module")
def head():
    return sphere_head(RADII_m, TAGS, cell_m=0.006)


def radius_m(points):
    return np.linalg.norm(points, axis=1)


def volumes(head, nodes_m):
    return {tag: signed_volumes_m3(nodes_m, head.tets)[head.tags == tag].sum() for tag in TAGS}


@pytest.mark.parametrize("name", BORDERS)
@pytest.mark.parametrize("shift_m", [0.001, -0.0015])
def test_every_node_of_a_border_goes_along_its_normal_by_the_shift(head, name, shift_m):
    moved = move_borders(head, {movable(head, name): shift_m})
    r = RADII_m[OUTSIDE[name] - 1]
    on = np.abs(radius_m(head.nodes_m) - r) < 1e-9
    assert on.sum() > 1000
    assert radius_m(moved.nodes_m[on]) == pytest.approx(r + shift_m, abs=0.02 * abs(shift_m))
    assert moved.shift_m == pytest.approx({name: shift_m}, rel=1e-6)


def test_outwards_is_positive_and_the_inner_layer_then_grows(head):
    before = volumes(head, head.nodes_m)
    after = volumes(head, move_borders(head, {movable(head, "outer_skull"): 0.002}).nodes_m)
    grown = 4 / 3 * np.pi * (0.092**3 - 0.090**3)
    assert after[4] - before[4] == pytest.approx(grown, rel=0.02)
    assert after[5] - before[5] == pytest.approx(-grown, rel=0.02)
    for tag in (1, 2, 3):
        assert after[tag] == before[tag]


def test_what_lies_beyond_the_two_layers_stays(head):
    moved = move_borders(head, {movable(head, "inner_skull"): -0.001}).nodes_m
    r = radius_m(head.nodes_m)
    beyond = (r < 0.078 + 1e-9) | (r > 0.090 - 1e-9)
    assert np.array_equal(moved[beyond], head.nodes_m[beyond])
    assert not np.array_equal(moved[~beyond], head.nodes_m[~beyond])


def test_nodes_between_follow_part_of_the_way(head):
    moved = move_borders(head, {movable(head, "outer_skull"): 0.002}).nodes_m
    r, went = radius_m(head.nodes_m), radius_m(moved) - radius_m(head.nodes_m)
    between = (r > 0.0935) & (r < 0.0965)
    assert between.sum() > 100
    assert went[between].min() > 0.0002
    assert went[between].max() < 0.0018


def test_two_borders_move_together_as_each_alone(head):
    inner, outer = movable(head, "inner_skull"), movable(head, "outer_skull")
    both = move_borders(head, {inner: 0.0005, outer: -0.001})
    apart = sum(
        move_borders(head, {border: shift_m}).nodes_m - head.nodes_m
        for border, shift_m in ((inner, 0.0005), (outer, -0.001))
    )
    assert both.nodes_m - head.nodes_m == pytest.approx(apart, abs=1e-9)
    assert both.shift_m == pytest.approx({"inner_skull": 0.0005, "outer_skull": -0.001}, rel=1e-6)


def test_no_shift_moves_nothing(head):
    assert np.array_equal(move_borders(head, {movable(head, "pial"): 0.0}).nodes_m, head.nodes_m)


def test_a_border_stops_before_the_other_side_of_its_layer_and_says_so(head):
    moved = move_borders(head, {movable(head, "inner_skull"): -0.006})  # CSF is 4 mm thick
    assert -0.004 < moved.shift_m["inner_skull"] < -0.001
    assert (signed_volumes_m3(moved.nodes_m, head.tets) > 0).all()


def test_no_tetrahedron_turns_over_in_a_folded_head():
    head = mapped(sphere_head(RADII_m, TAGS, cell_m=0.008), folded)
    moved = move_borders(head, {movable(head, name): 0.0008 for name in BORDERS})
    assert (signed_volumes_m3(moved.nodes_m, head.tets) >= 0.1 * head.volumes_m3).all()


def test_an_unknown_border_is_refused(head):
    with pytest.raises(InputError, match="one of pial, inner_skull, outer_skull"):
        movable(head, "dura")


def test_a_head_without_the_border_is_refused():
    with pytest.raises(InputError, match="no border grey matter to CSF"):
        movable(sphere_head((0.07, 0.08), (2, 5), cell_m=0.012), "pial")


@pytest.mark.parametrize("shift_m", [0.011, -0.02, np.nan])
def test_a_shift_of_more_than_a_centimetre_is_refused(head, shift_m):
    with pytest.raises(InputError, match="at most 10 mm"):
        move_borders(head, {movable(head, "outer_skull"): shift_m})
