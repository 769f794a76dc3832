"""The house itself: imports, citations, words, and that the tree can be given to anyone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tmsim
from tmsim.core import InputError
from tmsim.core.citations import citation, citations

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tmsim"
WHERE_WORKS_ARE_NAMED = ("src", "scripts", "docs", "README.md", "NOTICE.md")
TEXT = {".py", ".md", ".toml", ".txt", ".bib", ".j2", ".html", ".yml", ".cff", ".cfg"}
KEY = re.compile(r"(?<![\w/.])[A-Z][A-Za-z-]+[A-Za-z](?:19|20)\d\d[a-z]?(?![\w-])")


def text_files(*parts: str) -> dict[Path, str]:
    files = [path for part in parts for path in [ROOT / part, *(ROOT / part).rglob("*")]]
    return {
        path: path.read_text(encoding="utf-8")
        for path in files
        if path.is_file() and path.suffix in TEXT and path.name != "CITATIONS.bib"
    }


def python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_importing_tmsim_loads_no_package_but_itself():
    heavy = ("numpy", "scipy", "numba", "matplotlib", "nibabel", "pydantic", "typer", "rich")
    loaded = python("-c", f"import sys, tmsim; print(*[m for m in {heavy} if m in sys.modules])")
    assert loaded.split() == []


def test_the_command_line_starts_without_numba_and_matplotlib():
    loaded = python(
        "-c",
        "import sys, tmsim.cli; print(*[m for m in ('numba', 'matplotlib', 'scipy') if m in sys.modules])",
    )
    assert loaded.split() == []


@pytest.mark.parametrize("name", tmsim.__all__)
def test_each_public_name_leads_somewhere(name):
    assert getattr(tmsim, name) is not None
    assert name in dir(tmsim)


def test_an_unknown_name_is_an_attribute_error_like_any_other():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        tmsim.simulat  # noqa: B018


def test_python_dash_m_tmsim_is_the_command_line():
    assert python("-m", "tmsim", "--version").strip() == f"tmsim {tmsim.__version__}"


def test_a_citation_reads_as_one_line():
    assert str(citation("Heller1992")) == (
        "Heller L, van Hulsteyn DB (1992). "
        "Brain stimulation using electromagnetic sources: theoretical aspects. "
        "Biophysical Journal 63(1):129–138. doi:10.1016/S0006-3495(92)81587-4"
    )


def test_a_long_list_of_authors_is_cut_to_the_first():
    assert str(citation("Desikan2006")).startswith("Desikan RS et al. (2006). ")


def test_a_citation_that_is_not_there_is_refused_by_name():
    with pytest.raises(InputError, match="Nobody1999"):
        citation("Nobody1999")


def test_every_entry_of_the_bibliography_was_understood():
    text = (SOURCE / "core" / "CITATIONS.bib").read_text(encoding="utf-8")
    assert len(citations()) == text.count("\n@")
    fields = re.findall(r"^  (\w+) =", text, re.MULTILINE)
    assert set(fields) <= {
        "author", "title", "journal", "booktitle", "volume", "number", "pages", "year", "doi", "note",
    }  # fmt: skip
    for key, work in citations().items():
        assert key.endswith(str(work.year)), key


def test_every_work_named_in_the_project_is_in_the_bibliography_and_the_other_way_round():
    named = {key for text in text_files(*WHERE_WORKS_ARE_NAMED).values() for key in KEY.findall(text)}
    assert named - set(citations()) == set(), "not in CITATIONS.bib"
    assert set(citations()) - named == set(), "named nowhere"


def test_every_published_number_names_its_work():
    from tmsim.coil.parameters import CATALOGUE
    from tmsim.head.parameters import TISSUES
    from tmsim.placement.parameters import NAMED_POINTS

    sources = {tissue.conductivity.source for tissue in TISSUES.values()}
    sources |= {spec.didt_max.source for spec in CATALOGUE.values() if spec.didt_max}
    # A point whose origin nobody knows says so, and can't be more than unverified.
    sources |= {
        point.source
        for point in NAMED_POINTS.values()
        if (point.source, point.status) != ("unknown", "unverified")
    }
    assert sources - set(citations()) == set()


def test_the_root_shows_the_bibliography_of_the_package():
    assert (ROOT / "CITATIONS.bib").read_bytes() == (SOURCE / "core" / "CITATIONS.bib").read_bytes()


def test_no_file_names_a_place_on_somebodys_machine_or_a_registry():
    # Written in two halves, so that this file isn't found.
    place = re.compile(
        "(?<![\\w.])/(?:wo" + "rk|ro" + "ot|ho" + "me/\\w|Us" + "ers/\\w|tm" + "p/)"
        "|py" + "pi\\.org|python" + "hosted|registry\\.np" + "mjs"
    )  # fmt: skip
    at_root = (path.name for path in ROOT.glob("*.*") if path.is_file())
    tree = text_files("src", "tests", "scripts", "docs", "benchmarks", *at_root)
    found = {str(path.relative_to(ROOT)) for path, text in tree.items() if place.search(text)}
    assert found == set()


def test_glossary_explains_every_unit_that_names_end_in():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = {name for text in text_files("src").values() for name in re.findall(r"\b[A-Za-z]\w*", text)}
    units = (
        "_V_per_m", "_A_per_s", "_S_per_m", "_per_s", "_rad_per_s", "_Hz", "_H", "_F", "_ohm", "_A", "_V",
        "_J", "_m", "_m2", "_m3", "_rad", "_s", "_mm",
    )  # fmt: skip
    used = [unit for unit in units if any(name.endswith(unit) for name in names)]
    assert [unit for unit in used if f"`{unit}`" not in glossary] == []
