"""Figures and the self-contained HTML report.

Results in, pictures out: nothing physical is computed here, and nothing needs a display or a graphics card.
Triangles are drawn by a z-buffer at several samples a pixel, lit from over the viewer's left shoulder and
from the sky, and darkened by as much of the sky as their surroundings hide; of a translucent mesh the
nearest sheet is blended over what lies behind it. Cameras are orthographic, so that a scale bar holds
everywhere in the picture. All coordinates are head coordinates (RAS); slices follow the neurological
convention, left on the left.
"""

from tmsim.report.charts import curves_figure, slices_figure
from tmsim.report.figures import coil_meshes, magnitude_figure, normal_figure, placement_figure
from tmsim.report.html import write_report
from tmsim.report.render import render
from tmsim.report.shapes import balls, creased, smooth, wires
from tmsim.report.types import Camera, Mesh, Plane, ReportInput

__all__ = [
    "Camera",
    "Mesh",
    "Plane",
    "ReportInput",
    "balls",
    "coil_meshes",
    "creased",
    "curves_figure",
    "magnitude_figure",
    "normal_figure",
    "placement_figure",
    "render",
    "slices_figure",
    "smooth",
    "wires",
    "write_report",
]
