"""The built-in sample set: drawn photos of invented products, with truth.

A demonstration and a test bed: accuracy on it says nothing about real photos. Everything is drawn with Pillow
and its own font, so that it is free of anyone's rights and the same on every machine.
"""

from __future__ import annotations

from pathlib import Path

from hybridml.errors import HybridmlError
from hybridml.utils.optional import missing

from .manifest import SampleSet, is_complete

__all__ = ["SampleSet", "draw"]

# Five scenes and one row without answer in each table need so many.
MIN_PHOTOS = 20


def draw(out: Path, seed: int = 0, photos: int = 150, progress: bool = False) -> SampleSet:
    """Draw the sample set into a folder, unless the same set is there already.

    Writes ``images/*.jpg``, ``train.csv`` (index, image_link, group_id, entity_name, entity_value),
    ``test.csv`` (the same without entity_value) and ``truth.csv`` (the test rows with entity_value).
    About 70 % of the photos are for training; the tables share no group and no photo. Some 8 % of
    the rows ask for what the photo does not show: their truth is empty.

    Parameters
    ----------
    out : Path
        Folder to write to; made when it is not there. Photos of an older sample set in it are removed.
    seed : int
        The same seed draws the same bytes with the same versions of Pillow and NumPy.
    photos : int
        How many photos, at least 20; there are about four rows to three photos.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    SampleSet
        Where everything lies.

    Raises
    ------
    HybridmlError
        When ``photos`` is too small, or the folder cannot be written.
    MissingExtraError
        When Pillow is not installed.
    """
    if photos < MIN_PHOTOS:
        raise HybridmlError(
            f"photos must be at least {MIN_PHOTOS}, for every entity to be in both tables; got {photos}"
        )
    out = Path(out)
    if is_complete(out, seed, photos):
        return SampleSet(out, photos, drawn=False)
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise missing("drawing the sample set", "Pillow", error) from None
    from .build import draw_set

    try:
        return draw_set(out, seed, photos, progress)
    except OSError as error:
        raise HybridmlError(f"cannot write the sample set to {out}: {error}; choose another --out") from error
