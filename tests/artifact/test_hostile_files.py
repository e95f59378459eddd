"""Files made to do harm, and damaged ones: an ArtifactError each, and nothing in them runs."""

from __future__ import annotations

import functools
import io
import os
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import hybridml
from hybridml.artifact import file as artifact_file
from hybridml.entities import default_entities
from hybridml.errors import ArtifactError
from hybridml.utils import plain_pickle
from hybridml.utils.plain_data import checksum
from tests.artifact.golden.make import FOLDER

GOLDEN = FOLDER / f"format{artifact_file.FORMAT}.joblib"


class Runs:
    """A pickle that runs a command when it is read."""

    def __init__(self, file: Path) -> None:
        self.command = f"touch '{file}'"

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Return the file that the command of :class:`Runs` makes."""
    return tmp_path / "ran"


def refused(path: Path) -> str:
    """Return what is said of a file that must not load."""
    with pytest.raises(ArtifactError, match="model") as told:
        hybridml.load(path)
    return str(told.value)


HIDDEN: dict[str, Callable[[Any], object]] = {
    "bare": lambda evil: evil,
    "in a list": lambda evil: [1, [evil]],
    "in a mapping": lambda evil: {"format": artifact_file.FORMAT, "training": {"seen": evil}},
    "as a key": lambda evil: {(1, evil): 2},
    "in a tuple": lambda evil: ((evil,),),
    "in a set": lambda evil: {evil},
    "in an object array": lambda evil: {"seen": np.array([evil, None], dtype=object)},
    "in a record": lambda evil: np.array([(1, evil)], dtype=[("a", int), ("b", object)]),
    "in a partial": lambda evil: functools.partial(print, evil),
}


@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize("how", list(HIDDEN))
def test_a_command_is_never_run(tmp_path: Path, ran: Path, how: str, compress: int) -> None:
    joblib.dump(HIDDEN[how](Runs(ran)), tmp_path / "model.joblib", compress=compress)
    said = refused(tmp_path / "model.joblib")
    assert not ran.exists()
    assert any(name in said for name in ("posix.system", "EMPTY_SET", "object array", "array of", "partial"))
    if how == "bare":
        joblib.load(tmp_path / "model.joblib")
        assert ran.exists(), "the file is harmless to begin with"


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_is_never_run(tmp_path: Path, ran: Path, protocol: int) -> None:
    (tmp_path / "model.joblib").write_bytes(pickle.dumps([Runs(ran)], protocol))
    refused(tmp_path / "model.joblib")
    assert not ran.exists()


def test_an_object_array_after_a_plain_description_is_not_unpickled(tmp_path: Path, ran: Path) -> None:
    raw = _dumped({"a": np.arange(3.0)})
    # the description says objects, what follows is a pickle
    raw = raw.replace(b"\x8c\x02f8", b"\x8c\x02O8")
    (tmp_path / "model.joblib").write_bytes(raw[: raw.index(b"\xff")] + pickle.dumps(Runs(ran)))
    assert "object array" in refused(tmp_path / "model.joblib")
    assert not ran.exists()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (default_entities(), "hybridml.entities.EntitySchema"),
        (functools.partial(os.getcwd), "functools.partial"),
        (Path("x"), "pathlib"),
        (np.float64(1.0), "scalar"),
        (np.zeros(2, complex), "array of 'c16'"),
        (np.zeros(2, [("a", "f8")]), "array of 'V8'"),
        (np.zeros(2, "M8[s]"), "array of 'M8'"),
        (np.matrix([[1.0]]), "numpy.matrix"),
        (b"bytes", "BYTES"),
        (2**3000, "LONG4"),
        ([[shared := [1]], shared], "one list in two places"),
    ],
)
def test_what_is_not_plain_is_named(tmp_path: Path, value: object, named: str) -> None:
    joblib.dump(value, tmp_path / "model.joblib")
    assert named in refused(tmp_path / "model.joblib")


def test_a_mapped_array_is_refused(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "other.bin", np.float64, "w+", shape=(3,))
    joblib.dump({"a": mapped}, tmp_path / "model.joblib")
    assert "numpy.memmap" in refused(tmp_path / "model.joblib")


@pytest.mark.parametrize("method", ["gzip", "bz2", "xz", "lzma"])
def test_other_packings_are_refused_by_name(tmp_path: Path, method: str) -> None:
    joblib.dump({"format": 1}, tmp_path / "model.joblib", compress=(method, 3))
    assert f"packed by {method}" in refused(tmp_path / "model.joblib")


# ---------------------------------------------------------------- more than there is


def test_what_claims_ten_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path, ten = tmp_path / "model.joblib", 10 * 2**30
    array = _dumped({"a": np.zeros(7)})
    claims = [
        array.replace(b"K\x07\x85", b"J" + struct.pack("<i", ten // 8) + b"\x85"),
        b"\x80\x04\x8e" + struct.pack("<Q", ten) + b".",
        b"\x80\x04\x8d" + struct.pack("<Q", ten) + b".",
        b"\x80\x04\x96" + struct.pack("<Q", ten) + b".",
        b"\x80\x04\x95" + struct.pack("<Q", ten) + b".",
        b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".",
    ]
    assert claims[0] != array
    tracemalloc.start()
    try:
        for claim in claims:
            path.write_bytes(claim)
            said = refused(path)
            assert any(why in said for why in ("truncated", "BINBYTES8", "BYTEARRAY8", "LONG4"))
        packer = zlib.compressobj(9)
        with open(path, "wb") as file:
            file.write(packer.compress(b"\x80\x04]("))
            for _ in range(200):
                file.write(packer.compress(b"K\0" * 2**19))
            file.write(packer.compress(b"e.") + packer.flush())
        assert "unpack to more than" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_the_array_of_the_claim_is_named(tmp_path: Path) -> None:
    array = _dumped({"a": np.zeros(7)})
    (tmp_path / "model.joblib").write_bytes(array[:-8])
    assert "(7,) of float64 are 56 bytes, and " in refused(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    "raw",
    [
        b"]" * 10_000 + b"a" * 9_999,
        b"(" * 10_000 + b"t" * 10_000,
        b")" + b"\x85" * 10_000,
        b"}" + b"}".join([b"K\x01"] * 10_000) + b"s" * 9_999,
        b"}(" + b")" + b"\x85" * 100_000 + b"Nu",
    ],
    ids=["lists", "marks", "tuples", "mappings", "key"],
)
def test_deep_nesting_ends_in_an_error(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04}(X\x06\0\0\0formatK\x03X\x01\0\0\0a" + raw + b"u.")
    refused(tmp_path / "model.joblib")


def test_programs_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_pickle, "MOST_STEPS", 1000)
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04](" + b"N" * 1000 + b"e.")
    assert "more than 1000 instructions" in refused(tmp_path / "model.joblib")


def test_texts_are_not_repeated_without_end(tmp_path: Path) -> None:
    text = b"X" + struct.pack("<I", 2**20) + b"x" * 2**20
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04](" + text + b"\x94" + b"h\0" * 2**19 + b"e.")
    assert "repeats texts" in refused(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    "raw", [b"\x80", b"\x80\x04.", b"\x80\x04N.", b"\x80\x04h\0.", b"\x80\x04a.", b"\x80\x04NN."]
)
def test_programs_that_go_wrong_end_in_an_error(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "model.joblib").write_bytes(raw)
    refused(tmp_path / "model.joblib")


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04cos\x1b[2J\nsystem\n.")
    said = refused(tmp_path / "model.joblib")
    assert "\x1b" not in said
    assert "system" in said


# ---------------------------------------------------------------- damaged files


def test_a_truncated_file_says_so(tmp_path: Path) -> None:
    raw = GOLDEN.read_bytes()
    for tenth in range(10):
        (tmp_path / "model.joblib").write_bytes(raw[: len(raw) * tenth // 10])
        said = refused(tmp_path / "model.joblib")
        assert ("truncated" if tenth else "empty") in said


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "plain"])
def test_a_flipped_bit_is_found(tmp_path: Path, packed: bool) -> None:
    data = artifact_file.read(GOLDEN)
    path = tmp_path / "model.joblib"
    joblib.dump(data, path, compress=3 if packed else 0)
    raw, untouched = path.read_bytes(), checksum(data)
    found = 0
    for tenth in range(11):
        at = min(len(raw) * tenth // 10, len(raw) - 1)
        for bit in range(8):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :])
            try:
                assert checksum(artifact_file.read(path)) == untouched
            except ArtifactError:
                found += 1
    assert found >= 80


def test_something_added_is_found(tmp_path: Path) -> None:
    for raw in (GOLDEN.read_bytes(), _dumped(artifact_file.read(GOLDEN))):
        (tmp_path / "model.joblib").write_bytes(raw + b"more")
        assert "4 bytes after its end" in refused(tmp_path / "model.joblib")


def _dumped(value: object) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()
