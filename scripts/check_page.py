"""Serve the page from a wheel, in a clean environment that has no Node: every file of it must be there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
import zipfile
from pathlib import Path

TOKEN = "check"
STATIC = "tmsim/web/static/"


def main(wheel: Path) -> int:
    """Install, serve, fetch; an error where something is missing, 1 where it asks for what is elsewhere."""
    with tempfile.TemporaryDirectory(prefix="tmsim-") as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        python = home / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel.resolve()], check=True, cwd=home)
        environment = {
            "PATH": str(python.parent),  # no Node
            "HOME": folder,
            "TMSIM_CACHE": os.environ.get("TMSIM_CACHE", str(home / "cache")),
            "TMSIM_DATA": str(home / "data"),
        }
        command = [python, "-m", "tmsim", "serve", "--no-open", "--port", "0", "--token", TOKEN]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, cwd=home
        ) as server:
            try:
                assert server.stdout is not None
                base = server.stdout.readline().strip().split("/?")[0]
                html = fetch(base).decode("utf-8")
                files = [name for name in files_of(wheel) if fetch(f"{base}/{name}")]
                page = json.loads(fetch(f"{base}/api/page"))
            finally:
                server.terminate()
    if strangers := re.findall(r"""(?:src|href)=["']\w+://[^"']+""", html):
        print(f"{wheel.name}: the page asks for {strangers[0]}.", file=sys.stderr)
        return 1
    print(f"{wheel.name}: serves {len(files)} files of the page, and {page['head']['name']}")
    return 0


def files_of(wheel: Path) -> list[str]:
    """What the bundle in a wheel holds."""
    with zipfile.ZipFile(wheel) as archive:
        return [name.removeprefix(STATIC) for name in archive.namelist() if name.startswith(STATIC)]


def fetch(url: str) -> bytes:
    """What is at an address."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return answer.read()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
