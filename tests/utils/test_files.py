"""Atomic writes, wherever the path leads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from hybridml.errors import HybridmlError
from hybridml.utils.files import atomic


def write(path: Path | str, text: str = "whole") -> None:
    with atomic(path) as temporary:
        temporary.write_text(text)


def test_the_target_of_links_is_replaced_and_the_links_stay(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link, second = tmp_path / "far" / "target", tmp_path / "link", tmp_path / "second"
    target.write_text("old")
    link.symlink_to(Path("far") / "target")
    second.symlink_to(link)
    write(second)
    assert target.read_text() == "whole"
    assert (second.readlink(), link.readlink()) == (link, Path("far") / "target")
    target.unlink()
    write(link, "anew")
    assert target.read_text() == "anew"
    assert {path.name for path in tmp_path.rglob("*")} == {"far", "target", "link", "second"}


def test_a_link_to_itself_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(HybridmlError, match=r"cannot write .*loop"):
        write(tmp_path / "loop")
    assert (tmp_path / "loop").is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        # without waiting, so that a write that goes elsewhere fails here and does not hang
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        write(path)
        assert os.read(end, 100) == b"whole"
        os.close(end)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert set(tmp_path.iterdir()) == {pipe, link}


def test_of_what_fails_nothing_reaches_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with contextlib.suppress(RuntimeError), atomic(tmp_path / "pipe") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert os.read(end, 100) == b""
    os.close(end)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files have no paths here")
def test_an_open_file_goes_on_where_it_was(tmp_path: Path) -> None:
    # as /dev/stdout is one, into a file
    with open(tmp_path / "log", "wb", buffering=0) as file:
        file.write(b"before, ")
        write(f"/proc/self/fd/{file.fileno()}")
        file.write(b", after")
    assert (tmp_path / "log").read_text() == "before, whole, after"
