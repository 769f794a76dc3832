"""A run's folder appears whole or not at all, and nothing that a run did not write is ever touched."""

import json

import pytest

from tmsim.core import InputError
from tmsim.plan.folder import whole_folder


def write_run(out, text):
    with whole_folder(out) as folder:
        (folder / "field.msh").write_text(text)
        (folder / "outcome.json").write_text(json.dumps({"files": {"field.msh": "0"}}))


def stopped_run(out, fault):
    with whole_folder(out) as folder:
        (folder / "field.msh").write_text("half")
        raise fault


def content(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_new_an_empty_and_an_earlier_folder_are_taken(tmp_path):
    out = tmp_path / "out"
    write_run(out, "1")
    write_run(out, "2")
    assert (out / "field.msh").read_text() == "2"
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "empty", "3")
    assert content(tmp_path) == [
        "empty", "empty/field.msh", "empty/outcome.json", "out", "out/field.msh", "out/outcome.json",
    ]  # fmt: skip
    (tmp_path / "plain").mkdir()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "fault", [KeyboardInterrupt(), OSError(28, "No space left on device"), InputError("a", "b", "c")]
)
def test_a_run_that_ends_badly_leaves_the_earlier_one_as_it_was(tmp_path, fault):
    out = tmp_path / "out"
    write_run(out, "1")
    with pytest.raises(type(fault)):
        stopped_run(out, fault)
    assert (out / "field.msh").read_text() == "1"
    assert content(tmp_path) == ["out", "out/field.msh", "out/outcome.json"]


def test_what_no_run_wrote_is_never_replaced(tmp_path):
    out = tmp_path / "out"
    write_run(out, "1")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt"):
        write_run(out, "2")
    assert (out / "field.msh").read_text() == "1"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("")
    with pytest.raises(InputError, match=r"a\.jpg"):
        write_run(tmp_path / "photos", "2")


def test_a_file_or_a_missing_parent_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    for out, says in [("file", "a file"), ("none/out", "parent"), ("file/out", "parent")]:
        with pytest.raises(InputError, match=says):
            write_run(tmp_path / out, "1")
    assert content(tmp_path) == ["file"]
