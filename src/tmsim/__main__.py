"""``python -m tmsim``: the command line."""

import sys

from tmsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
