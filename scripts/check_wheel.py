"""Check a built wheel: all data and the page inside, nothing compiled or stray, and quick to install."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

LARGEST_BYTES = 20 * 2**20
SOURCE = Path(__file__).parents[1] / "src"
PAGE = "tmsim/web/static/index.html"
STRAY = (".pyc", ".nbi", ".nbc")


def faults(wheel: Path) -> list[str]:
    """What is wrong with the wheel, a sentence each."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix not in STRAY
    }
    found = [f"{name} is missing." for name in sorted(wanted - inside)]
    found += [f"{name} does not belong there." for name in sorted(inside) if name.endswith(STRAY)]
    found += page_faults(wheel)
    for licence in ("LICENSE", "NOTICE.md"):
        if not any(name.endswith(f".dist-info/licenses/{licence}") for name in inside):
            found.append(f"{licence} is missing.")
    if wheel.stat().st_size > LARGEST_BYTES:
        found.append(
            f"{wheel.stat().st_size / 2**20:.1f} MiB; at most {LARGEST_BYTES / 2**20:.0f} are wanted."
        )
    return found


def page_faults(wheel: Path) -> list[str]:
    """What is wrong with the page's bundle, a sentence each."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        if PAGE not in inside:
            return [f"{PAGE} is missing; `make web` builds it."]
        html = archive.read(PAGE).decode("utf-8")
    folder = PAGE.rsplit("/", 1)[0]
    asked = re.findall(r'(?:src|href)="([^"]+)"', html)
    found = [f"{PAGE} asks for {name}, off this machine." for name in asked if not name.startswith("/")]
    found += [
        f"{PAGE} asks for {name}, which is missing."
        for name in asked
        if name.startswith("/") and folder + name not in inside
    ]
    return found


if __name__ == "__main__":
    path = Path(sys.argv[1])
    for fault in faults(path):
        print(f"{path.name}: {fault}", file=sys.stderr)
    if faults(path):
        sys.exit(1)
    print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB, all data inside")
