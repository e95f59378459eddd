"""The built-in sample set: drawn photos of invented products, with known truth.

It is a demonstration and a test bed: accuracy on it says nothing about real photos. Everything is drawn with
Pillow and the font that comes with it, so nobody else holds rights in it and it is the same on every machine.
"""

from __future__ import annotations

from pathlib import Path

from hybridml.errors import HybridmlError
from hybridml.utils.optional import missing

from .manifest import SampleSet, is_complete

__all__ = ["SampleSet", "draw"]

# Each table needs all eight entities and one row whose value is absent.
MIN_PHOTOS = 20


def draw(out: Path, seed: int = 0, photos: int = 150, progress: bool = False) -> SampleSet:
    """Draw the sample set into a folder, unless the folder holds the same set already.

    Writes ``images/*.jpg``, ``train.csv`` (index, image_link, group_id, entity_name, entity_value),
    ``test.csv`` (the same without entity_value) and ``truth.csv`` (the test rows with entity_value).
    About 70 % of the photos are for training; the tables share no group and no photo. About 8 % of
    the rows ask for a value that the photo does not show: their entity_value is empty.

    Parameters
    ----------
    out : Path
        Folder to write to, created if needed. Photos of an older sample set in it are removed.
    seed : int
        The same seed draws the same bytes with the same versions of Pillow and NumPy.
    photos : int
        Number of photos, at least 20. There are about four rows to three photos.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    SampleSet
        The paths of everything written.

    Raises
    ------
    HybridmlError
        When ``photos`` is too small or the folder cannot be written.
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
