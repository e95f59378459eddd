"""Runs the examples of a documentation page, in order, as a reader would who types them in one folder.

Blocks fenced as ``toml``, ``python`` or ``text`` whose first line is ``# file: NAME`` are written to that file. Other
``python`` blocks are run, sharing their names; those with prompts (``>>>``) as doctests. Of ``console`` blocks the
lines behind ``$`` are run, and what they print must be what stands below them, if anything does; ``...`` stands for
anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridml.cli import main
from tests.helpers import ROOT

DOCS = ROOT / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: what it is written in, its text, and the line of the page on which that begins."""

    language: str
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for match in _FENCE.finditer(page):
        yield Block(match[1], match[2], page.count("\n", 0, match.start(2)) + 1)


def run_page(name: str, folder: Path) -> dict[str, Any]:
    """Run a page of ``docs/`` in ``folder``, the current one, and return the names that its code leaves."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks((DOCS / name).read_text(encoding="utf-8")):
        where = f"{name}:{block.line}"
        if file := _FILE.match(block.text):
            (folder / file[1]).write_text(block.text[file.end() :], encoding="utf-8")
        elif block.language == "python" and ">>> " in block.text:
            _doctest(block, names, where)
        elif block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), names)
        elif block.language == "console":
            _console(block, where)
    return names


def _doctest(block: Block, names: dict[str, Any], where: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, names, where, where, block.line - 1)
    out = io.StringIO()
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=out.write, clear_globs=False)
    names.update(test.globs)
    assert not result.failed, out.getvalue()


def _console(block: Block, where: str) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, expected = _command_and_output(part)
        printed = _run(command)
        if expected.strip():
            same = doctest.OutputChecker().check_output(expected, printed, FLAGS)
            assert same, f"{where}: $ {command}\nexpected:\n{expected}\ngot:\n{printed}"


def _command_and_output(part: str) -> tuple[str, str]:
    lines = part.splitlines(keepends=True)
    end = 1 + next(i for i, line in enumerate(lines) if not line.endswith("\\\n"))
    return "".join(lines[:end]).replace("\\\n", " ").strip(), "".join(lines[end:])


def _run(command: str) -> str:
    """Run a command of ours in this process and return what it prints."""
    program, *arguments = shlex.split(command)
    assert program == "hybridml", f"no command of ours: {command}"
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main(arguments)
    assert status == 0, f"$ {command}\nexit status {status}\n{out.getvalue()}"
    return out.getvalue()
