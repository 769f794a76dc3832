"""What all tests share: the built-in head, sample files that may be missing, and hypothesis' profile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tmsim.head import Head

# No deadline: the first example of a test may compile a kernel. Repeatable where CI looks on.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def colin27() -> Head:
    """The built-in head, loaded once."""
    from tmsim.head import Head

    return Head.load("colin27")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample files beside the project, which can't be part of it; skips without it."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no folder 'shared' with sample files beside the project")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Solved fields of the tests go to a folder of their own, never to the user's."""
    os.environ["TMSIM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
