"""The page: one process that serves the head, live fields over a socket, and jobs.

``tmsim serve`` starts it. The page itself is a static bundle in the folder ``static``; everything it shows
comes from the rooms below by way of this one. Three lines of Python can do whatever it can do.

A live field is that of the head's basis (:class:`tmsim.field.FieldBasis`) at the coil's pose: poses come in
as JSON, |E| and its part along the cortical column go out as float32. Whole plans, searches and direct solves
are jobs: processes of their own, which outlive the server.

Range: one user on one machine. Lengths are in mm here, angles in degrees, dI/dt in A/us: this is a door.
"""

from tmsim.web.app import create_app
from tmsim.web.serve import serve

__all__ = ["create_app", "serve"]
