"""A small report written by hand: rows and cards as ``hybridml report`` writes them, for tests of its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from hybridml.report import files

EVIL = "<img src=x onerror=\"document.title='pwned'\">"
ENTITIES = {"item_weight": ["gram", "kilogram", "ounce"], "voltage": ["volt", "kilovolt"]}
OUTCOMES = ("right", "wrong", "blank", "other unit")
CAUSES = ("", "other quantity", "nothing read near the value", "other unit of a pair")
OVERVIEW = (
    '<h2>How good it is</h2><p><a id="wrong-rows" href="#tab=gallery&amp;outcome=wrong">wrong rows</a></p>'
)


def row(position: int, **changes: Any) -> dict[str, Any]:
    """Return a row; every fourth is right, wrong, blank, in another unit; confidences run from 0 to 0.99."""
    kind = position % 4
    outcome = OUTCOMES[kind]
    entity = "voltage" if position % 5 == 4 else "item_weight"
    unit = ENTITIES[entity][0]
    usual = {
        "id": position,
        "index": str(position + 100),
        "photo": f"photo {position}.jpg",
        "image": "photos/0.jpg",
        "thumb": "thumbs/0.jpg",
        "group": f"group {position // 8}",
        "entity": entity,
        "truth": f"{position + 1} {unit}",
        "prediction": "" if outcome == "blank" else f"{position + (outcome == 'right')} {unit}",
        "confidence": 0.0 if outcome == "blank" else (position * 37 % 100) / 100,
        "outcome": outcome,
        "cause": CAUSES[kind],
        "loss": None if position % 10 == 9 else (position * 13 % 50) / 10,
        "trained": position % 2 == 1,
        "suspect": float(position) if position % 6 == 1 else 0.0,
        "suspect_why": "the same photo has another value" if position % 6 == 1 else "",
        "text": f"Net weight\n{position + 1} {unit}",
        "problem": "",
        "other": f"{position} {unit}" if position % 4 < 2 else "",
        "change": ("better", "flipped", "same", "worse")[kind],
    }
    return usual | changes


def card(position: int, given: dict[str, Any]) -> dict[str, Any]:
    """Return the card of a row: two text lines, two candidates."""
    right, wrong = [40, 40, 200, 80], [40, 120, 160, 150]
    reasons = [
        {"words": "the text beside it says 'net weight'", "contribution": 1.25},
        {"words": "it is small for this photo", "contribution": -0.5},
    ]
    candidate = {
        "line": 0,
        "confidence": 0.75,
        "box": right,
        "chosen": True,
        "right": False,
        "reasons": reasons,
    }
    text = given["prediction"] or "7 gram"
    return {
        "id": position,
        "width": 400,
        "height": 300,
        "lines": [
            {"text": line, "confidence": 0.9, "polygon": corners(box), "second_pass": number == 1}
            for number, (line, box) in enumerate(
                zip(given["text"].splitlines()[:2], [right, wrong], strict=False)
            )
        ],
        "candidates": [
            candidate | {"text": text, "chosen": bool(given["prediction"])},
            candidate
            | {"text": given["truth"], "box": wrong, "chosen": False, "right": True, "confidence": 0.2},
        ],
        "runner_ups": [{"text": given["truth"], "confidence": 0.2, "box": wrong}],
        "groups": [
            {
                "box": right,
                "items": [{"entity": given["entity"], "text": text, "confidence": 0.75, "box": right}],
            }
        ],
    }


def corners(box: list[int]) -> list[list[int]]:
    left, top, right, bottom = box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def write(folder: Path, rows: list[dict[str, Any]], **payload: Any) -> Path:
    """Write a report of these rows with one photo for all; return its page."""
    for name, side in (("photos", 400), ("thumbs", 160)):
        (folder / name).mkdir(parents=True)
        picture = Image.new("RGB", (400, 300), "#dde")
        ImageDraw.Draw(picture).text((45, 45), "Net weight 500 g", fill="black", font_size=20)
        picture.resize((side, side * 3 // 4)).save(folder / name / "0.jpg")
    (folder / "data").mkdir()
    columns = {name: [r[name] for r in rows] for name in rows[0]}
    head = {"version": 1, "title": "Test report", "report": "r1", "labelled": True, "units": ENTITIES}
    (folder / "data" / "rows.js").write_text(
        files.script("rows", head | {"columns": columns} | payload), encoding="utf-8"
    )
    for first in range(0, len(rows), files.CARDS_A_FILE):
        cards = [card(first + place, r) for place, r in enumerate(rows[first : first + files.CARDS_A_FILE])]
        number = first // files.CARDS_A_FILE
        (folder / "data" / f"cards-{number:04d}.js").write_text(
            files.script("cards", number, cards), encoding="utf-8"
        )
    return files.write_page(folder, f"Test report {EVIL}", OVERVIEW)
