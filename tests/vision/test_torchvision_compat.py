"""torchvision beside a torch it was not built for: as it is here, and with its binary kept from loading."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
    pytest.skip("torch or torchvision is not installed", allow_module_level=True)

NO_BINARY = """
import torch
load = torch.ops.load_library
def without_binary(path):
    if "torchvision" in str(path):
        raise OSError("libcudart.so.12: cannot open shared object file")
    load(path)
torch.ops.load_library = without_binary
"""
USE = """
from hybridml.vision.torchvision_compat import import_torchvision
torchvision = import_torchvision()
assert import_torchvision() is torchvision
import torch
print(tuple(torchvision.models.resnet18(weights=None).eval()(torch.zeros(1, 3, 32, 32)).shape))
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_imports_here() -> None:
    done = run(USE)
    assert (done.stdout.strip(), done.stderr) == ("(1, 1000)", "")


def test_imports_without_its_operators() -> None:
    plain = run(NO_BINARY + "import torchvision")
    assert "operator torchvision::nms does not exist" in plain.stderr
    done = run(NO_BINARY + USE)
    assert (done.stdout.strip(), done.stderr) == ("(1, 1000)", "")


def test_not_installed() -> None:
    done = run(
        "import sys; sys.modules['torchvision'] = None\n"
        "from hybridml.errors import MissingExtraError\n"
        "from hybridml.vision.torchvision_compat import import_torchvision\n"
        "try: import_torchvision()\n"
        "except MissingExtraError as error: print(error)\n"
    )
    assert 'pip install ".[read]"' in done.stdout, done.stderr
