"""Files made to do harm, and damaged ones: each is an ArtifactError, and nothing in them runs."""

from __future__ import annotations

import copyreg
import functools
import io
import os
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import hybridml
from hybridml.artifact import file as artifact_file
from hybridml.artifact import inspect, serialize
from hybridml.entities import default_entities
from hybridml.errors import ArtifactError
from hybridml.utils import plain_data
from hybridml.utils.plain_data import checksum, dumps, loads
from tests.artifact.golden.make import FOLDER

GOLDEN = FOLDER / f"format{artifact_file.FORMAT}.joblib"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the hostile file is written."""
    return tmp_path / "model.joblib"


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Return the file that exists once a hostile file has run its command."""
    return tmp_path / "ran"


def refused(path: Path, raw: bytes) -> str:
    """Return the error for a file that holds a pickle."""
    path.write_bytes(zlib.compress(raw))
    with pytest.raises(ArtifactError, match="model") as error:
        hybridml.load(path)
    return str(error.value)


def array_file(header: str, content: bytes = b"\0" * 8) -> bytes:
    """Return a pickle of a ``.npy`` file with a header of one's own."""
    raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + content
    return b"\x80\x04B" + struct.pack("<I", len(raw)) + raw + b"."


# ---------------------------------------------------------------- code


class Runs:
    """An object that runs a command when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.command = f"touch '{file}'"

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


PROGRAMS = {
    "GLOBAL": b"cposix\nsystem\n(COMMANDtR.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93(COMMANDtR.",
    "INST": b"(COMMANDiposix\nsystem\n.",
    "OBJ": b"(\x82\xf0COMMANDo.",
    "EXT1": b"\x80\x02\x82\xf0(COMMANDtR.",
    "EXT2": b"\x80\x02\x83\xf0\0(COMMANDtR.",
    "EXT4": b"\x80\x02\x84\xf0\0\0\0(COMMANDtR.",
}
"""Pickles that run a command, by the instruction that finds what to call."""


@pytest.fixture
def _extension() -> Iterator[None]:
    """Register an extension code, and leave what it stands for where unpicklers find it without a look-up."""
    copyreg.add_extension("posix", "system", 240)
    pickle.loads(b"\x80\x02\x82\xf0.")
    yield
    copyreg.remove_extension("posix", "system", 240)
    copyreg.clear_extension_cache()


@pytest.mark.usefixtures("_extension")
@pytest.mark.parametrize("instruction", list(PROGRAMS))
def test_a_command_is_never_run(path: Path, ran: Path, instruction: str) -> None:
    command = f"touch {ran}".encode()
    raw = PROGRAMS[instruction].replace(b"COMMAND", b"X" + struct.pack("<I", len(command)) + command)
    assert ("EXT1" if instruction == "OBJ" else instruction) in refused(path, raw)
    assert not ran.exists()
    pickle.loads(raw)
    assert ran.exists(), "the program is harmless to begin with"


HIDDEN: dict[str, Callable[[Any], object]] = {
    "bare": lambda evil: evil,
    "in a list": lambda evil: [1, [evil]],
    "in a mapping": lambda evil: {"format": artifact_file.FORMAT, "training": {"rows": evil}},
    "as a key": lambda evil: {(1, evil): 2},
    "in a tuple": lambda evil: ((evil,),),
    "in a set": lambda evil: {evil},
    "in an object array": lambda evil: {"rows": np.array([evil, None], dtype=object)},
    "in a record": lambda evil: np.array([(1, evil)], dtype=[("a", int), ("b", object)]),
    "in a partial": lambda evil: functools.partial(print, evil),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("how", list(HIDDEN))
def test_a_command_is_never_run_wherever_it_hides(path: Path, ran: Path, how: str, protocol: int) -> None:
    value = HIDDEN[how](Runs(ran))
    refused(path, pickle.dumps(value, protocol))
    joblib.dump(value, path, compress=3, protocol=protocol)
    with pytest.raises(ArtifactError):
        hybridml.load(path)
    assert not ran.exists()


@pytest.mark.parametrize("kind", [object, [("a", int), ("b", object)]], ids=["objects", "records"])
def test_objects_in_an_array_are_never_unpickled(path: Path, ran: Path, kind: Any) -> None:
    content = io.BytesIO()
    np.save(content, np.array([(1, Runs(ran))], kind).ravel(), allow_pickle=True)
    assert "is an array of" in refused(path, pickle.dumps({"a": content.getvalue()}))
    assert not ran.exists()


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"cposix\nsystem\n.", "posix.system"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix.system"),
        (b"\x80\x04Vx\nQ.", "outside the file"),
        (b"Px\n.", "outside the file"),
    ],
)
def test_the_unpickler_itself_finds_nothing(raw: bytes, what: str) -> None:
    with pytest.raises(ArtifactError, match=what):
        plain_data._PlainUnpickler(io.BytesIO(raw)).load()


# ---------------------------------------------------------------- what is not plain


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (default_entities(), r"hybridml.entities.EntitySchema \(STACK_GLOBAL\)"),
        (functools.partial(os.getcwd), "functools.partial"),
        (Path("x"), "pathlib"),
        (np.float64(1.0), "scalar"),
        (np.zeros(2), "numpy"),
        ((1,), "TUPLE1"),
        ((), "EMPTY_TUPLE"),
        ({1}, "EMPTY_SET"),
        (frozenset([1]), "FROZENSET"),
        (bytearray(b"x"), "BYTEARRAY8"),
        (b"x", "damaged: ValueError"),
        (2**64, "more than 64 bits"),
        (2**3000, "LONG4"),
        ([[shared := [1]], shared], "BINGET"),
        ({1: 2}, "a key of the value is a int"),
        ({"a": [{b"b": 1}]}, "a key of a.0 is a bytes"),
    ],
)
def test_what_is_not_plain_is_named(path: Path, value: object, what: str) -> None:
    refused(path, pickle.dumps(value, 5))
    with pytest.raises(ArtifactError, match=what):
        loads(pickle.dumps(value, 5))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        b"\x80\x04.",
        b"\x80\xffN.",
        b"\x80\x04a.",
        b"\x80\x04NNa.",
        b"\x80\x04(.",
        b"\x80\x04]N",
        b"\x80\x04}(K\1u.",
        b"\x80\x04}]Ns.",
        b"\x80\x04X\x01\0\0\0\xff.",
        b"\x80\x04N.N.",
        b"\x80\x04N0.",
        b"\x80\x04}}b.",
        b"\x80\x04Px\n.",
        b"\x80\x04Vx\nQ.",
        b"I" + b"9" * 5000 + b"\n.",
        b"not a pickle",
    ],
)
def test_programs_that_go_wrong_end_in_an_error(path: Path, raw: bytes) -> None:
    assert "is refused: it " in refused(path, raw)


@pytest.mark.parametrize("method", ["gzip", "bz2", "xz", "lzma", None])
def test_other_compressions_are_refused(path: Path, method: str | None) -> None:
    joblib.dump({"format": artifact_file.FORMAT}, path, compress=(method, 3) if method else 0)
    with pytest.raises(ArtifactError, match="damaged, or no hybridml artifact"):
        hybridml.load(path)


def test_errors_cannot_steer_the_terminal(path: Path) -> None:
    said = refused(path, b"\x80\x04cos\x1b[2J\nsystem\n.")
    assert "\x1b" not in said
    assert "system" in said
    data = artifact_file.read(GOLDEN)
    for change in (
        {"columns": ["\x1b[2J"]},
        {"versions": {**data["versions"], "lightgbm": "\x1b"}},
        {"settings": {**data["settings"], "\x1b[2J": 1}},
        {"format": "\x1b[2J"},
    ):
        artifact_file.write({**data, **change}, path)
        with pytest.raises(ArtifactError) as error:
            hybridml.load(path)
        assert "\x1b" not in str(error.value)


# ---------------------------------------------------------------- more than there is

TEN_GB = 10 * 2**30

CLAIMS = {
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", TEN_GB) + b".",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", TEN_GB) + b".",
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", TEN_GB) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", TEN_GB) + b".",
    "number": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".",
    "memo": b"\x80\x04Nr\xff\xff\xff\xff.",
    "array": array_file(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({TEN_GB},)}}"),
    "array header": array_file("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 30_000 + ")}"),
}


@pytest.mark.parametrize("claim", list(CLAIMS))
def test_a_claim_of_ten_gigabytes_takes_no_memory(path: Path, claim: str) -> None:
    tracemalloc.start()
    try:
        refused(path, CLAIMS[claim])
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_decompression_bomb_is_refused_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_file, "ALWAYS_ALLOWED", 1 << 20)
    compressor = zlib.compressobj(9)
    bomb = [compressor.compress(b"\x80\x04]("), *(compressor.compress(b"N" * 2**20) for _ in range(200))]
    path.write_bytes(b"".join([*bomb, compressor.compress(b"e."), compressor.flush()]))
    tracemalloc.start()
    try:
        with pytest.raises(
            ArtifactError, match=r"model\.joblib is refused: its \d+ bytes decompress to more"
        ):
            hybridml.load(path)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_too_large_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_file, "MAX_BYTES", 1000)
    path.write_bytes(GOLDEN.read_bytes())
    with pytest.raises(ArtifactError, match="more than 1000"):
        hybridml.load(path)


def test_instructions_are_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_data, "MAX_INSTRUCTIONS", 1000)
    assert "more than 1000 values" in refused(path, b"\x80\x04](" + b"N" * 1000 + b"e.")


def test_nothing_is_repeated(path: Path) -> None:
    text = b"X" + struct.pack("<I", 2**20) + b"x" * 2**20
    assert "BINGET" in refused(path, b"\x80\x04](" + text + b"\x94" + b"h\0" * 2**19 + b"e.")
    doubling = b"\x80\x04]\x94" + b"".join(b"](h%ch%ce\x94" % (i, i) for i in range(60)) + b"."
    assert "BINGET" in refused(path, doubling)


def test_keys_of_one_hash_are_refused(path: Path) -> None:
    def number(i: int) -> bytes:
        raw = (i * (2**61 - 1)).to_bytes(12, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw

    raw = b"\x80\x04}(" + b"".join(number(i) + b"N" for i in range(1, 200_000)) + b"u."
    assert "more than 64 bits" in refused(path, raw)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"]" * 10_000 + b"a" * 9_999, "more than 50 deep"),
        (b"}" + b"X\1\0\0\0a}" * 10_000 + b"s" * 10_000, "more than 50 deep"),
        (b"(" * 100_000, "damaged"),
        (b")" + b"\x85" * 100_000, "EMPTY_TUPLE"),
        (b"K\1" + b"\x85" * 100_000, "TUPLE1"),
        (b"}(K\1" + b"\x85" * 1_000_000 + b"Nu", "TUPLE1"),
    ],
    ids=["lists", "mappings", "marks", "empty tuples", "tuples", "key"],
)
def test_deep_nesting_ends_in_an_error(path: Path, raw: bytes, said: str) -> None:
    assert said in refused(path, b"\x80\x04" + raw + b".")


def _header(descr: str = "'<f8'", shape: str = "(1,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    "header",
    [
        _header(shape="(2,)"),
        _header(shape="(0,)"),
        _header(shape="(-1,)"),
        _header(shape="(-1, -1)"),
        _header(shape="(True,)"),
        _header(shape="1"),
        _header(shape="(" + "9" * 4000 + ",)"),
        _header(shape="(" + "1," * 100 + ")"),
        _header("'|V0'", "(9999999999999,)"),
        _header("'<U0'", "(9999999999999,)"),
        _header("'|O'"),
        _header("'<c8'"),
        _header("'<M8[s]'"),
        _header("'|S8'"),
        _header("'<U2'"),
        _header("[('a', '<f8')]"),
        _header("'(1000000000,1000000000)f8'"),
        _header("__import__('os').getcwd()"),
        "(" * 9000,
        "-" * 9000 + "1",
        "1" + "+1" * 4500,
        "[" * 150 + "]" * 150,
        "{}",
        "",
    ],
)
def test_wrong_arrays_are_refused(path: Path, header: str) -> None:
    refused(path, array_file(header))


@pytest.mark.parametrize(
    "raw", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff", b"\x93NUMPY\x03\x00" + b"\0" * 99]
)
def test_arrays_without_header_are_refused(path: Path, raw: bytes) -> None:
    refused(path, pickle.dumps(raw, 4))


# ---------------------------------------------------------------- damaged files


def test_a_truncated_file_says_so(path: Path) -> None:
    raw = GOLDEN.read_bytes()
    for tenth in range(10):
        path.write_bytes(raw[: len(raw) * tenth // 10])
        with pytest.raises(ArtifactError, match="truncated" if tenth else "empty"):
            hybridml.load(path)


@pytest.mark.parametrize("compressed", [True, False], ids=["compressed", "inside"])
def test_a_flipped_bit_is_found(path: Path, compressed: bool) -> None:
    data = artifact_file.read(GOLDEN)
    untouched = checksum(data)
    raw = GOLDEN.read_bytes() if compressed else dumps(data)
    found = 0
    for tenth in range(11):
        at = min(len(raw) * tenth // 10, len(raw) - 1)
        for bit in range(8):
            changed = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
            path.write_bytes(changed if compressed else zlib.compress(changed))
            try:
                assert checksum(artifact_file.read(path)) == untouched
            except ArtifactError:
                found += 1
    assert found >= 80


def test_bytes_after_the_end_are_found(path: Path) -> None:
    raw = GOLDEN.read_bytes()
    assert "4 bytes after its end" in refused(path, zlib.decompress(raw) + b"more")
    path.write_bytes(raw + b"more")
    with pytest.raises(ArtifactError, match="4 bytes after its end"):
        hybridml.load(path)


# ---------------------------------------------------------------- plain data of other types

REPLACEMENTS: list[Any] = [None, -7, "x", [[]], {"x": 1}, np.zeros(2), "missing"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in an artifact that is not deep in it, one item standing for many alike."""
    if path:
        yield path
    if isinstance(value, dict | list) and len(path) < 4:
        alike = isinstance(value, list) or path in (("entities", "units"), ("entities", "entities"))
        items = list(value.items() if isinstance(value, dict) else enumerate(value))
        for key, item in items[: 1 if alike else None]:
            yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a copy of plain data with another value in one place; ``"missing"`` leaves it out."""
    key, *rest = path
    made = value.copy()
    if rest:
        made[key] = changed(value[key], tuple(rest), by)
    elif isinstance(by, str) and by == "missing":
        del made[key]
    else:
        made[key] = by
    return made


@pytest.mark.parametrize("by", REPLACEMENTS, ids=repr)
def test_a_value_of_another_type_ends_in_an_error_or_does_no_harm(by: Any) -> None:
    data = artifact_file.read(GOLDEN)
    for path in places(data):
        for use in (serialize.from_dict, inspect_data):
            try:
                use(changed(data, path, by))
            except ArtifactError:
                pass
            except Exception as error:
                pytest.fail(f"{'.'.join(map(str, path))}: {error!r}")


def inspect_data(data: dict[str, Any]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifact_file, "read", lambda _: data)
        return inspect.text(inspect.inspect(GOLDEN))
