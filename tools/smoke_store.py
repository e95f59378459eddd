"""Writes to the current folder a row, its photo and a store in which the shipped model's reader has read it."""

from pathlib import Path

import hybridml
from hybridml.artifact import pretrained
from hybridml.datasets.images import fingerprint
from hybridml.vision.ocr import Reading, TextLine
from hybridml.store.schema import record_of
from hybridml.store.feature_store import FeatureTable

PHOTO = Path("bag.png")


def line(text: str, left: int, top: int, size: int) -> TextLine:
    right, bottom = left + len(text) * size // 2, top + size
    return TextLine(text, 0.99, ((left, top), (right, top), (right, bottom), (left, bottom)))


PHOTO.write_bytes(b"never decoded: its reading is in the store")
Path("rows.csv").write_text(
    f"index,image_link,group_id,entity_name\n0,{PHOTO},1,item_weight\n", encoding="utf-8"
)
reading = Reading((line("Ground coffee", 100, 100, 80), line("Net weight 500 g", 100, 300, 60)), 800, 600)
reader = hybridml.load(pretrained.MODEL).reader_
FeatureTable(Path("store"), "readings", reader.settings).append([record_of(fingerprint(PHOTO), reading, 0.0)])
