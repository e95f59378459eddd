"""A row, its photo and a feature store with the OCR result of the photo, written to the current folder."""

from pathlib import Path

import hybridml
from hybridml.artifact import pretrained
from hybridml.datasets.images import fingerprint
from hybridml.store.feature_store import FeatureStore
from hybridml.store.schema import ocr_record
from hybridml.vision.text_line import OCRResult, TextLine

PHOTO = Path("bag.png")


def line(text: str, left: int, top: int, size: int) -> TextLine:
    right, bottom = left + len(text) * size // 2, top + size
    return TextLine(text, 0.99, ((left, top), (right, top), (right, bottom), (left, bottom)))


PHOTO.write_bytes(b"never decoded: its OCR result is in the store")
Path("rows.csv").write_text(
    f"index,image_link,group_id,entity_name\n0,{PHOTO},1,item_weight\n", encoding="utf-8"
)
result = OCRResult((line("Ground coffee", 100, 100, 80), line("Net weight 500 g", 100, 300, 60)), 800, 600)
ocr = hybridml.load(pretrained.MODEL).stages_.ocr
FeatureStore("store").table_of(ocr).append([ocr_record(fingerprint(PHOTO), result, 0.0)])
