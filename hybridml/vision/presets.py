"""Presets: named settings of the vision stages, from the least work on a photo to the most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hybridml.utils.registry import SettingsError

FurtherStage = Literal["number_classifier", "second_pass"]
FURTHER_STAGES: tuple[FurtherStage, ...] = ("number_classifier", "second_pass")

DEFAULT_PRESET = "balanced"


@dataclass(frozen=True)
class Preset:
    """Settings of the vision stages that belong together.

    Parameters
    ----------
    ocr : mapping
        Settings of each OCR engine by its name; one that is not listed keeps its own defaults.
    further : tuple of str
        Names of the stages besides OCR and embedding.
    stage_options : mapping of str to mapping
        Settings of each further stage by name.
    """

    ocr: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    further: tuple[FurtherStage, ...] = ()
    stage_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# Lines are read one by one, so that none is padded to the length of another. Only tall lines are read both ways.
_QUICK = {"trim": True, "batch": 1, "sure_score": 0.0, "characters": "western", "scaling": "linear"}
# Numbers of low confidence are read again, in floats and as wide as in training; sentences are not read.
_CHECKED = {"precision": "checked", "least_width": 192, "check_width": 320, "longest_line": 24.0}

PRESETS: dict[str, Preset] = {
    "fast": Preset(
        {
            "rapidocr": {
                **_QUICK,
                "precision": "int8",
                "longest_side": 960,
                "detector_side": 416,
                "least_width": 128,
                "longest_line": 14.0,
            },
            "tesseract": {"turned": False},
        }
    ),
    "balanced": Preset(
        {"rapidocr": {**_QUICK, **_CHECKED, "detector_side": 736}},
        ("number_classifier", "second_pass"),
        {"second_pass": {"turns": (0,), "sure": 0.97, "options": {**_QUICK, **_CHECKED}}},
    ),
    "best": Preset(further=FURTHER_STAGES),
}
"""The presets by name, which are the values of ``--effort``; the results page says what each costs and finds."""


def preset_of(name: str) -> Preset:
    """Return the preset called ``name``.

    Raises
    ------
    SettingsError
        When there is none.

    Examples
    --------
    >>> preset_of("best").further
    ('number_classifier', 'second_pass')
    """
    if name not in PRESETS:
        raise SettingsError(f"unknown effort {name!r}; expected one of: {', '.join(PRESETS)}")
    return PRESETS[name]
