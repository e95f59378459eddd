#!/usr/bin/env bash
# Sets up the virtual environment and what the system lacks for it. Called by make; reads PYTHON, VENV, TORCH,
# TORCHVISION and TORCH_INDEX. Safe to run again.
set -euo pipefail

source "$(dirname "$0")/apt.sh"

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  { say "hybridml needs Python 3.11 or newer; '$PYTHON' is not. Type: make PYTHON=/path/to/python3.11 ..."; exit 1; }

if ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
  rm -rf "$VENV"
  version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  apt_install "python$version-venv" && "$PYTHON" -m venv "$VENV" || {
    say "cannot make a virtual environment. Type: sudo apt-get install python$version-venv, then make again"
    exit 1
  }
fi

# LightGBM's wheel is linked to the system's OpenMP runtime.
if ! "$PYTHON" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then
  apt_install libgomp1 || { say "LightGBM needs libgomp.so.1. Type: sudo apt-get install libgomp1, then make again"; exit 1; }
fi

if ! command -v tesseract >/dev/null; then
  apt_install tesseract-ocr ||
    say "NOTE: Tesseract is not installed and could not be; the OCR engine 'tesseract' will not be available, 'rapidocr'" \
      "(the default) works without it. To have both, type: sudo apt-get install tesseract-ocr"
fi

pip=("$VENV/bin/python" -m pip --disable-pip-version-check --quiet)
say "installing Python packages into $VENV ..."
if "$VENV/bin/python" -c 'import torch' 2>/dev/null; then
  [ -z "$TORCH_INDEX" ] || say "NOTE: $VENV has a torch already; for that of TORCH_INDEX, type: make clean, then this again"
else
  if [ -n "$TORCH_INDEX" ]; then
    "${pip[@]}" install --index-url "$TORCH_INDEX" "torch==$TORCH" "torchvision==$TORCHVISION"
  elif ! why=$("${pip[@]}" install "torch==$TORCH+cpu" 2>&1); then
    say "NOTE: no CPU build of torch $TORCH could be had (${why##*$'\n'}); taking the default build, which may be" \
      "large. To choose another, stop this and type: make TORCH_INDEX=URL ... with the index that pytorch.org names"
    "${pip[@]}" install "torch==$TORCH"
  fi
fi
"${pip[@]}" install "torchvision==$TORCHVISION" -e '.[read,download,explore,report,baselines,vlm,dask,docs,dev]'
say "ready: $VENV/bin/hybridml --help"
