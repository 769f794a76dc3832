"""The command line: it parses, calls `tmsim.plan`, and prints. What it can do, three lines of Python can.

Results go to stdout (``--json``: one JSON document), everything else to stderr. Exit codes: 0 done,
1 a fault of tmsim itself, 2 a fault that the one sentence on stderr names, 130 stopped by Ctrl-C.

A group of commands is one module here and one line in :mod:`tmsim.cli.app`.
"""

from tmsim.cli.app import app, main

__all__ = ["app", "main"]
