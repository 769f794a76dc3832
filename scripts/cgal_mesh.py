"""Tetrahedra by CGAL, for ``build_colin27.py``; needs a Python with pygalmesh (Debian: python3-pygalmesh).

    /usr/bin/python3 cgal_mesh.py LABELS.npy VOXEL_mm OUT.npz

CGAL and pygalmesh are under the GPL. This program is run apart and exchanges files; tmsim doesn't use it.
"""

import sys

import numpy as np
import pygalmesh

BRAIN_CELL_mm, OTHER_CELL_mm, FACET_mm, DISTANCE_mm = 2.6, 4.5, 2.15, 0.5
BRAIN = (1, 2, 3)  # with CSF

labels, voxel_mm = np.load(sys.argv[1]), float(sys.argv[2])
cells = {int(tag): BRAIN_CELL_mm if tag in BRAIN else OTHER_CELL_mm for tag in np.unique(labels) if tag}
mesh = pygalmesh.generate_from_array(
    labels,
    (voxel_mm,) * 3,
    max_cell_circumradius={"default": OTHER_CELL_mm, **cells},
    max_radius_surface_delaunay_ball=FACET_mm,
    max_facet_distance=DISTANCE_mm,
    exude=False,  # slow, and our own removal of slivers does better
    verbose=False,
    seed=0,
)
(block,) = (k for k, cell in enumerate(mesh.cells) if cell.type == "tetra")
np.savez(
    sys.argv[3],
    nodes_mm=mesh.points,
    tets=mesh.cells[block].data.astype(np.int32),
    tags=mesh.cell_data["medit:ref"][block].astype(np.int32),
)
