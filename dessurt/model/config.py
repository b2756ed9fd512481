"""The model's configuration: the keys of the original `config["model"]`, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from dessurt.tasks import TASKS

CONV_CHANNELS = (64, 128, 128, 256, 512, 512, 512)
CONV_CHANNELS_LIGHTER = (64, 128, 128, 256, 256, 256, 256)
POSITION_ROWS = 1026  # BART's table: two reserved rows, then one for each position
BART_WIDTH = 768
TASK_ROWS = len(TASKS)  # each has an embedding
LARGEST_WINDOW = 32  # image tokens a side; each layer has a table of its fourth power


@dataclass(frozen=True)
class DessurtConfig:
    """Geometry of a Dessurt. Sizes are in pixels or channels; H, W = `image_size`."""

    vocab_size: int
    image_size: tuple[int, int] = (768, 768)  # H, W
    max_q_tokens: int = 20  # the task token included
    max_a_tokens: int = 800
    use_set_length: bool = True  # pad queries to max_q_tokens
    blocks_per_level: tuple[int, ...] = (4, 6)
    use_swin: tuple[bool, ...] = (True,) * 8 + (False,) * 2
    swin_cross_attention: tuple[bool, ...] = (True,) * 8 + (False,) * 2
    use_auto: tuple[bool, ...] = (True,) * 10
    window_size: tuple[int, ...] = (12, 12)
    swin_nheads: tuple[int, ...] = (4, 8)
    im_embed_dim: int = 128
    decode_dim: int = 768
    dim_ff: int = 3072
    decode_num_heads: int = 8
    conv_patch_emb: bool = True
    conv_channels: tuple[int, ...] = CONV_CHANNELS  # ours: a narrower convolutional stem
    do_mask_output: bool = True
    no_dropout: bool = False
    distillation_dim: int | None = None
    position_rows: int = POSITION_ROWS
    position_width: int = BART_WIDTH  # differs from decode_dim: a linear adapter follows the table
    source: Mapping[str, Any] = field(default_factory=dict, compare=False)  # as it was given

    @classmethod
    def from_dict(cls, model_config: Mapping[str, Any], vocab_size: int) -> DessurtConfig:
        """Read the original's `config["model"]`; unknown keys are ignored, as there.

        Args:
            model_config: the dictionary; missing keys take the original's defaults.
            vocab_size: rows of the token embedding.

        Raises:
            ValueError: the sizes do not fit together.
        """
        settings = dict(model_config)
        blocks = tuple(settings.get("blocks_per_level", cls.blocks_per_level))
        levels, layers = len(blocks), sum(blocks)
        width = int(settings.get("decode_dim", cls.decode_dim))
        lighter = settings.get("lighter_conv_patch_emb", False)
        positions = BART_WIDTH if settings.get("init_from_pretrained") else width
        same = {
            name: settings[name]
            for name in (
                *("max_q_tokens", "max_a_tokens", "use_set_length", "im_embed_dim", "dim_ff"),
                *("decode_num_heads", "conv_patch_emb", "do_mask_output", "no_dropout"),
                *("distillation_dim", "position_rows"),
            )
            if name in settings
        }
        config = cls(
            vocab_size=vocab_size,
            image_size=_pair(settings.get("image_size", cls.image_size)),
            blocks_per_level=blocks,
            use_swin=_flags(settings, "use_swin", cls.use_swin, layers),
            swin_cross_attention=_flags(
                settings, "swin_cross_attention", cls.swin_cross_attention, layers
            ),
            use_auto=_flags(settings, "use_auto", cls.use_auto, layers),
            window_size=_per_level(settings.get("window_size", 12), levels),
            swin_nheads=tuple(settings.get("swin_nheads", cls.swin_nheads)),
            decode_dim=width,
            conv_channels=tuple(
                settings.get("conv_channels", CONV_CHANNELS_LIGHTER if lighter else CONV_CHANNELS)
            ),
            position_width=int(settings.get("position_width", positions)),
            source=settings,
            **same,
        )
        config.check()
        return config

    @property
    def levels(self) -> int:
        """How many resolutions the image tokens pass through."""
        return len(self.blocks_per_level)

    @property
    def layers(self) -> int:
        """How many layers there are, over all levels."""
        return sum(self.blocks_per_level)

    @property
    def level_of_layer(self) -> tuple[int, ...]:
        """The level of every layer."""
        return tuple(level for level, n in enumerate(self.blocks_per_level) for _ in range(n))

    def grid(self, level: int) -> tuple[int, int]:
        """Rows and columns of image tokens at a level."""
        reduction = (8 if self.conv_patch_emb else 4) * 2**level
        return self.image_size[0] // reduction, self.image_size[1] // reduction

    def takes(self, size: Sequence[int]) -> bool:
        """Whether the model takes images of this height and width: whole windows at every level."""
        fitting = True
        for level, window in enumerate(self.window_size):
            reduction = self.image_size[0] // self.grid(level)[0]
            step = reduction * min(window, *self.grid(level))
            fitting &= all(0 < side and side % step == 0 for side in size)
        return fitting and size[0] <= self.image_size[0] and size[1] <= self.image_size[1]

    def image_width(self, level: int) -> int:
        """Channels of an image token at a level."""
        return self.im_embed_dim * 2**level

    @property
    def least_parameters(self) -> int:
        """Fewer numbers than any model of this geometry has, told without building one."""
        text = self.decode_dim
        count = math.prod(self.grid(0)) * self.im_embed_dim + text * self.vocab_size
        adapted = {self.position_width, self.distillation_dim or text} - {text}
        count += text * sum(adapted)
        if self.conv_patch_emb:
            count += sum(one * two for one, two in pairwise(self.conv_channels))
        for layer, level in enumerate(self.level_of_layer):
            image = self.image_width(level)
            count += 4 * image**2 if self.use_swin[layer] else 0
            count += text * (4 * text + 2 * self.dim_ff + image) if self.use_auto[layer] else 0
        return count + sum(8 * self.image_width(level) ** 2 for level in range(self.levels - 1))

    def check(self) -> None:
        """Raise a ValueError that names the first pair of sizes that cannot work together."""
        sizes = {
            name: value
            for name, value in vars(self).items()
            if name not in ("source", "distillation_dim")
        }
        for name, value in sizes.items():
            for size in value if isinstance(value, tuple) else (value,):
                if not isinstance(size, int) or (size < 1 and not isinstance(size, bool)):
                    raise ValueError(f"{name} must be of whole numbers from 1 on")
        if self.max_q_tokens > self.position_rows:
            raise ValueError(
                f"max_q_tokens {self.max_q_tokens} is more than {self.position_rows} positions"
            )
        if len(self.swin_nheads) < self.levels:
            raise ValueError(f"swin_nheads {self.swin_nheads} must name {self.levels} levels")
        if self.decode_dim % self.decode_num_heads:
            raise ValueError(
                f"decode_dim {self.decode_dim} must be divisible by "
                f"decode_num_heads {self.decode_num_heads}"
            )
        if self.conv_patch_emb and len(self.conv_channels) != 7:
            raise ValueError(f"conv_channels {self.conv_channels} must name 7 convolutions")
        for level in range(self.levels):
            rows, columns = self.grid(level)
            window = min(self.window_size[level], rows, columns)
            if window > LARGEST_WINDOW:
                raise ValueError(f"window_size {window} is more than {LARGEST_WINDOW}")
            if window < 1 or rows % window or columns % window:
                raise ValueError(
                    f"image_size {self.image_size}: the {rows}x{columns} grid of level {level} "
                    f"is not divisible by the window {self.window_size[level]}"
                )
            if self.image_width(level) % self.swin_nheads[level]:
                raise ValueError(
                    f"width {self.image_width(level)} of level {level} must be divisible by its "
                    f"{self.swin_nheads[level]} heads"
                )


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    height, width = size
    return int(height), int(width)


def _per_level(size: int | Sequence[int], levels: int) -> tuple[int, ...]:
    sizes = (size,) * levels if isinstance(size, int) else tuple(size)
    if len(sizes) != levels:
        raise ValueError(f"window_size {sizes} must name {levels} levels")
    return sizes


def _flags(
    settings: Mapping[str, Any], name: str, default: tuple[bool, ...], layers: int
) -> tuple[bool, ...]:
    flags = tuple(bool(flag) for flag in settings.get(name, default))
    if len(flags) < layers:
        raise ValueError(f"{name} names {len(flags)} layers, blocks_per_level has {layers}")
    return flags[:layers]
