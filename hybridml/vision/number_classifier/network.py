"""The network of the number classifier: ResNet-50 over the photo, areas around each text line, nine classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hybridml.vision.torchvision_compat import import_torchvision

from .inputs import CLASSES, GEOMETRY

# Channels that every region is described with, and of the photo as a whole.
_LOCAL, _WHOLE, _HIDDEN = 96, 64, 256
# The box, nine fields around it, the strips to its left and right, above and below it.
REGIONS = 14
# Share of the photo's side at least that the nine fields span.
_NEAR = 0.3


class NumberClassifierNetwork(nn.Module):
    """Classes of the text lines of photos, in one pass per photo."""

    def __init__(self) -> None:
        super().__init__()
        backbone = import_torchvision().models.resnet50(weights=None, zero_init_residual=True)
        backbone.fc = nn.Identity()
        self.backbone = backbone
        # Two scales: where a line ends shows on the finer map, what it measures on the coarser one.
        self.fine = nn.Conv2d(512, _LOCAL, 1)
        self.coarse = nn.Conv2d(1024, _LOCAL, 1)
        self.whole = nn.Linear(2048, _WHOLE)
        self.head = new_head()

    def forward(self, planes: Tensor, geometry: Tensor, photo: Tensor) -> Tensor:
        """Return logits, one row per text line.

        Parameters
        ----------
        planes : Tensor of shape (photos, 3, size, size)
            From 0 to 1.
        geometry : Tensor of shape (lines, 6)
            See :class:`~hybridml.vision.number_classifier.inputs.NetworkInput`.
        photo : Tensor of int64, shape (lines,)
            Which of the photos a line belongs to.
        """
        return answer(self.head, *self.maps(planes), geometry, photo)

    def maps(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the feature maps of photos, which do not depend on the text lines.

        Parameters
        ----------
        planes : Tensor of shape (photos, 3, size, size)
            From 0 to 1.

        Returns
        -------
        local : Tensor of shape (photos, 96, size / 8, size / 8)
            Features of each place.
        whole : Tensor of shape (photos, 64)
            Features of each photo.
        """
        b = self.backbone
        x = b.maxpool(b.relu(b.bn1(b.conv1((planes - 0.5) * 2))))
        early = b.layer2(b.layer1(x))
        middle = b.layer3(early)
        last = b.layer4(middle)
        whole = torch.relu(self.whole(last.mean((2, 3))))
        coarse = nn.functional.interpolate(self.coarse(middle), size=early.shape[2:], mode="nearest")
        return torch.relu(self.fine(early) + coarse), whole


def new_head() -> nn.Module:
    """Return the part of the network that comes after the maps, untrained."""
    return nn.Sequential(
        nn.Linear(REGIONS * _LOCAL + _WHOLE + GEOMETRY + 4, _HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(_HIDDEN, len(CLASSES)),
    )


def answer(head: nn.Module, local: Tensor, whole: Tensor, geometry: Tensor, photo: Tensor) -> Tensor:
    """Return logits, one row per text line, from what :meth:`NumberClassifierNetwork.maps` returned."""
    local = local.float()
    rows, columns = _region_weights(geometry, local.shape[2])
    pooled = torch.einsum("nrh,nchw,nrw->nrc", rows, local[photo], columns)
    box, angle = geometry[:, :4], geometry[:, 4:]
    size = box[:, 2:] - box[:, :2]
    shape = torch.cat([(box[:, :2] + box[:, 2:]) * 2 - 2, box[:, :2], size * 4, angle, size.log1p()], 1)
    logits: Tensor = head(torch.cat([pooled.flatten(1), whole.float()[photo], shape], 1))
    return logits.float()


def _region_weights(geometry: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Return how much each row and each column of cells counts for the regions of each line.

    Both are (lines, REGIONS, cells); each row of weights sums to 1, or to 0 for a region outside the photo.
    """
    left, top, right, bottom = (geometry[:, i] * cells for i in range(4))
    spans = [_spans(left, right, cells), _spans(top, bottom, cells)]
    (box_x, near_x, before_x, after_x), (box_y, near_y, before_y, after_y) = spans
    across = [box_x, *near_x * 3, before_x, after_x, box_x, box_x]
    down = [box_y, *(n for n in near_y for _ in range(3)), box_y, box_y, before_y, after_y]
    return _overlaps(down, cells), _overlaps(across, cells)


def _spans(low: Tensor, high: Tensor, cells: int) -> tuple[Any, list[Any], Any, Any]:
    middle, half = (low + high) / 2, (high - low) / 2
    box = (middle - half.clamp(min=0.5), middle + half.clamp(min=0.5))
    reach = (3 * half).clamp(min=_NEAR * cells / 2)
    third = reach * 2 / 3
    near = [(middle - reach + i * third, middle - reach + (i + 1) * third) for i in range(3)]
    zero = torch.zeros_like(low)
    return box, near, (zero, low.clamp(min=0.5)), (high.clamp(max=cells - 0.5), zero + cells)


def _overlaps(spans: Sequence[tuple[Tensor, Tensor]], cells: int) -> Tensor:
    low = torch.stack([s[0] for s in spans], 1)[..., None]
    high = torch.stack([s[1] for s in spans], 1)[..., None]
    start = torch.arange(cells, device=low.device, dtype=low.dtype)
    overlap = (torch.minimum(high, start + 1) - torch.maximum(low, start)).clamp(min=0)
    return overlap / overlap.sum(-1, keepdim=True).clamp(min=1e-6)
