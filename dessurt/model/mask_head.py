"""The mask head: image tokens to a region of the page."""

from __future__ import annotations

from torch import Tensor, nn


class MaskHead(nn.Sequential):
    """Upsample the last image tokens to a probability for every pixel."""

    def __init__(self, width: int, levels: int) -> None:
        """`width` C of a token; `levels` of resolution that the tokens passed through."""
        stages: list[nn.Module] = []
        stages += _stage(nn.ConvTranspose2d(width, width // 2, 4, 2, 1))
        stages += _stage(nn.Conv2d(width // 2, width // 4, 3, 1, 1))
        width //= 4
        for _ in range(levels - 1):
            stages += _stage(nn.ConvTranspose2d(width, width // 2, 4, 2, 1))
            width //= 2
        for _ in range(2):
            after = width // 2 if width > 16 else width
            stages += _stage(nn.ConvTranspose2d(width, after, 4, 2, 1))
            width = after
        super().__init__(*stages, nn.Conv2d(width, 1, 1), nn.Sigmoid())

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, r, c, C] -> [B, 1, H, W], 0..1."""
        return super().forward(tokens.permute(0, 3, 1, 2))


def _stage(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    channels = convolution.out_channels
    return [convolution, nn.InstanceNorm2d(channels), nn.Dropout2d(0.125), nn.ReLU()]
