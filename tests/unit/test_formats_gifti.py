"""GIFTI files hold the surface in mm and values by name, as other programs read them."""

import nibabel as nib
import numpy as np

from tmsim.core import Surface
from tmsim.formats import gifti

TETRAHEDRON = Surface(
    points_m=[[0, 0, 0], [0.01, 0, 0], [0, 0.02, 0], [0, 0, 0.03]],
    triangles=[[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
)


def test_a_surface_is_written_in_millimetres_with_its_orientation(tmp_path):
    gifti.write_surface(tmp_path / "a.surf.gii", TETRAHEDRON)
    image = nib.load(tmp_path / "a.surf.gii")
    points, triangles = image.agg_data(("pointset", "triangle"))
    assert np.allclose(points, TETRAHEDRON.points_m * 1e3)
    assert np.array_equal(triangles, TETRAHEDRON.triangles)
    assert np.array_equal(image.darrays[0].coordsys.xform, np.eye(4))


def test_values_are_written_by_name_in_order(tmp_path):
    values = {"magnE": np.array([1.0, 2.0, 3.0, 4.0]), "E_normal": np.array([-1.0, 0.5, 0.0, 2.0])}
    gifti.write_values(tmp_path / "a.func.gii", values)
    image = nib.load(tmp_path / "a.func.gii")
    assert [array.meta["Name"] for array in image.darrays] == list(values)
    for array, column in zip(image.darrays, values.values(), strict=True):
        assert np.array_equal(array.data, column.astype(np.float32))
