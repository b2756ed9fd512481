"""Swin blocks whose windows also attend to the query, and the convolutional patch embedding.

Swin: Liu et al., arXiv 2103.14030. Query cross attention: Davis et al., arXiv 2203.16618, 3.2.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from functools import lru_cache

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

ROWS = 16  # of a plane that are normalised at a time
STRIP = 2**16  # pixels of a plane that are convolved at a time


class ConvPatchEmbed(nn.Module):
    """Image to tokens by seven convolutions: eight pixels a token, each way."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        """`channels` of the seven convolutions, `width` of a token."""
        super().__init__()
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        before = 2  # grey and marks
        for i, after in enumerate(channels):
            size, stride, padding = (7, 2, 3) if i == 0 else (3, 1, 1)
            stages[f"conv{i}"] = nn.Conv2d(before, after, size, stride, padding)
            stages[f"groupnorm{i}"] = nn.GroupNorm(_groups(after), after)
            stages[f"dropout{i}"] = nn.Dropout2d(0.1)
            stages[f"relu{i}"] = nn.ReLU()
            if i in (2, 3):
                stages[f"pool{i}"] = nn.MaxPool2d(2)
            before = after
        self.cnn = nn.Sequential(stages)
        self.proj = nn.Conv2d(before, width, 1)
        self.norm = nn.LayerNorm(width)

    def forward(self, image: Tensor) -> Tensor:
        """[B, 2, H, W] -> [B, H/8, W/8, C].

        With the channels of a pixel side by side (channels_last) the convolutions take a sixth less
        time. But on a processor PyTorch's GroupNorm sums such a plane in single precision, one
        value after the other: on a page of 1152 x 768 it is off by 1e-3. So there
        `_normalise_and_rectify` does it, or where gradients are wanted PyTorch in its usual layout,
        whose sums are exact.
        """
        on_processor, learns = image.device.type == "cpu", torch.is_grad_enabled()
        layout = torch.contiguous_format if on_processor and learns else torch.channels_last
        x = image.contiguous(memory_format=layout)
        for module in self.cnn:
            x = module(x) if learns or not on_processor else _on_processor(module, x)
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class PatchEmbed(nn.Module):
    """Image to tokens by one convolution: four pixels a token, each way."""

    def __init__(self, width: int) -> None:
        """`width` of a token."""
        super().__init__()
        self.proj = nn.Conv2d(2, width, 4, 4)
        self.norm = nn.LayerNorm(width)

    def forward(self, image: Tensor) -> Tensor:
        """[B, 2, H, W] -> [B, H/4, W/4, C]."""
        return self.norm(self.proj(image).permute(0, 2, 3, 1))


def _on_processor(module: nn.Module, x: Tensor) -> Tensor:
    """What a module of ConvPatchEmbed gives without gradients, in less time; x is lost."""
    if isinstance(module, nn.Conv2d) and _suits_winograd(module, x):
        return _winograd(module, x.contiguous())
    if isinstance(module, nn.GroupNorm):
        _normalise_and_rectify(x, module)
        return x
    if isinstance(module, nn.MaxPool2d):  # of whole rows first: many values at a time
        upper = x[:, :, ::2]
        torch.maximum(upper, x[:, :, 1::2], out=upper)
        return torch.maximum(upper[..., ::2], upper[..., 1::2])
    return x if isinstance(module, nn.ReLU) else module(x)


def _suits_winograd(conv: nn.Conv2d, x: Tensor) -> bool:
    """Whether `_winograd` can convolve x, and products are so many that its transforms pay."""
    channels = conv.in_channels * conv.out_channels
    pays = conv.in_channels >= 64 and channels * x.shape[2] * x.shape[3] >= 2**28
    single = x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    return pays and single and conv.stride == (1, 1) and torch.backends.nnpack.is_available()


def _winograd(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A 3 x 3 convolution of x [B, C, H, W], contiguous, which may be lost.

    By NNPACK, which comes with PyTorch but is taken by it for batches of 16 and more only. Tiles of
    8 x 8 go through Winograd's transform (Lavin and Gray, arXiv 1509.09308): a fifth of the
    products. NNPACK's memory grows with what it is given, so that is one strip of a page at a time.
    """
    height, strips = x.shape[2], math.ceil(x.shape[2] * x.shape[3] / STRIP)
    if len(x) == strips == 1:
        return torch._nnpack_spatial_convolution(x, conv.weight, conv.bias, conv.padding)
    rows, fits = math.ceil(height / strips), conv.in_channels == conv.out_channels
    # In place where it can be: a page's planes are large, and fetching memory takes time.
    out = x if fits else x.new_empty(x.shape[0], conv.out_channels, *x.shape[2:])
    for page, result in zip(x.split(1), out.split(1), strict=True):
        above = page[:, :, :0]
        for top in range(0, height, rows):
            strip, first = torch.cat([above, page[:, :, top : top + rows + 1]], 2), above.shape[2]
            above = page[:, :, top + rows - 1 : top + rows].clone()  # before it is written over
            strip = torch._nnpack_spatial_convolution(strip, conv.weight, conv.bias, conv.padding)
            result[:, :, top : top + rows] = strip[:, :, first : first + rows]
    return out


def _normalise_and_rectify(x: Tensor, norm: nn.GroupNorm) -> None:
    """GroupNorm and ReLU of x [B, C, H, W], of either layout, in its place.

    The plane is gone through in strips that fit a core's cache: once for the moments, of which
    those of strips are put together in double precision (Chan, Golub and LeVeque 1983, 2.1), and
    once to apply them.
    """
    strips = x.permute(0, 2, 3, 1).split(ROWS, 1)  # each [B, rows, W, C]
    groups = (norm.num_groups, -1)
    means, squares = [], []  # of every strip [B, groups, channels of a group]
    for strip in strips:
        mean = strip.mean((1, 2), keepdim=True, dtype=torch.promote_types(x.dtype, torch.float32))
        squares.append((strip - mean).square_().sum((1, 2)).double().unflatten(1, groups))
        means.append(mean.flatten(1).double().unflatten(1, groups))
    share = torch.tensor([strip.shape[1] / x.shape[2] for strip in strips], dtype=torch.float64)
    share, mean_of = share[:, None, None, None], torch.stack(means)
    mean = (share * mean_of).sum(0).mean(-1, keepdim=True)  # [B, groups, 1]
    between = (share * (mean_of - mean).square()).sum(0)
    within = torch.stack(squares).sum(0) / (x.shape[2] * x.shape[3])
    variance = (between + within).mean(-1, keepdim=True)
    scale = (variance + norm.eps).rsqrt() * norm.weight.unflatten(0, groups)
    shift = norm.bias.unflatten(0, groups) - mean * scale
    scale, shift = (each.flatten(1)[:, None, None].to(x.dtype) for each in (scale, shift))
    for strip in strips:
        strip.mul_(scale).add_(shift).relu_()


def _groups(channels: int) -> int:
    """The original aims at 8 groups (4 when narrow) and takes the nearest smaller divisor."""
    groups = 8 if channels >= 32 else 4
    while channels % groups:
        groups -= 1
    return groups


class DropPath(nn.Module):
    """Skip a residual branch for whole samples while training (arXiv 1603.09382).

    timm has this too, but importing timm imports torchvision, which costs seconds at every start.
    """

    def __init__(self, rate: float) -> None:
        """`rate`: the probability of a skip."""
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """[B, ...] -> [B, ...]."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * mask / keep


def attended(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
    """Scaled dot-product attention: q [B, h, T, d], k and v [B, h, M, d] -> [B, h, T, d].

    On a processor never in half precision, in which its gradients take PyTorch up to three times as
    long.

    Args:
        q, k, v: tensors of one type.
        mask: broadcast to [B, h, T, M]; bool, true = look, or added to the scores.
        dropout: the dropout of the shares.
    """
    if q.device.type == "cpu" and q.dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", enabled=False):
            return attended(q.float(), k.float(), v.float(), mask, dropout).to(q.dtype)
    mask = mask if mask.dtype == torch.bool else mask.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


class WindowAttention(nn.Module):
    """Attention of a window's tokens to one another, with relative bias, and to the query."""

    def __init__(self, width: int, window: int, heads: int, cross: bool) -> None:
        """`width` C of a token, `window` side in tokens, `cross`: attend to the query too."""
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", _relative_index(window), persistent=False)
        self.qkv = nn.Linear(width, 3 * width)
        if cross:
            self.docq_kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(
        self,
        x: Tensor,
        shift_mask: Tensor | None,
        query: Tensor | None,
        query_bias: Tensor | None,
    ) -> Tensor:
        """Attend.

        Args:
            x: [B, windows, n, C].
            shift_mask: [windows, n, n] from `_shift_mask`, or None.
            query: [B, Q, C] or None.
            query_bias: [B, Q], 0 or -inf.
        """
        batch, windows, n, _ = x.shape
        q, k, v = rearrange(
            self.qkv(x), "b w n (three h d) -> three (b w) h n d", three=3, h=self.heads
        )
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        bias = rearrange(bias, "(n m) h -> 1 1 h n m", n=n)
        if query is not None and query_bias is not None:
            query_k, query_v = rearrange(
                self.docq_kv(query), "b q (two h d) -> two b h q d", two=2, h=self.heads
            )
            k = torch.cat([k, query_k.repeat_interleave(windows, 0)], 2)
            v = torch.cat([v, query_v.repeat_interleave(windows, 0)], 2)
            # The query's columns get neither relative bias nor shift mask.
            columns = query_bias.to(bias)[:, None, None, None].expand(-1, -1, self.heads, n, -1)
            bias = torch.cat([bias.expand(batch, -1, -1, -1, -1), columns], -1)
        if shift_mask is not None:
            bias = bias + F.pad(shift_mask, (0, bias.shape[-1] - n))[:, None]
        if bias.shape[:2] != (1, 1):  # else one for all windows, which need not be repeated
            bias = bias.expand(batch, windows, -1, -1, -1)
        out = attended(q, k, v, bias.flatten(0, 1))
        return self.proj(rearrange(out, "(b w) h n d -> b w n (h d)", b=batch))


class SwinBlock(nn.Module):
    """One (shifted-)window transformer block over the image tokens."""

    def __init__(
        self,
        width: int,
        grid: tuple[int, int],
        window: int,
        heads: int,
        shifted: bool,
        cross: bool,
        drop_path: float,
    ) -> None:
        """`grid`: rows and columns of tokens; a grid no larger than the window is one window."""
        super().__init__()
        self.window, self.shift = window, window // 2 if shifted else 0
        if min(grid) <= window:
            self.window, self.shift = min(grid), 0
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, self.window, heads, cross)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(width, 4 * width), act=nn.GELU(), fc2=nn.Linear(4 * width, width)
            )
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, query: Tensor | None, query_bias: Tensor | None) -> Tensor:
        """Update the image tokens.

        Args:
            x: image tokens [B, r, c, C]; r and c are whole windows.
            query: query tokens [B, Q, C], or None where this layer does not look at the query.
            query_bias: [B, Q], -inf at tokens that must not be looked at, else 0.
        """
        rows, columns = x.shape[1:3]
        w = self.window
        # Along a side of a single window a shift would join opposite edges of the page.
        down, right = (self.shift if side > w else 0 for side in (rows, columns))
        y = self.norm1(x)
        mask = None
        if down or right:
            y = y.roll((-down, -right), (1, 2))
            mask = _shift_mask((rows, columns), w, (down, right)).to(x.device)
        y = rearrange(y, "b (r i) (c j) d -> b (r c) (i j) d", i=w, j=w)
        y = self.attn(y, mask, query, query_bias)
        y = rearrange(y, "b (r c) (i j) d -> b (r i) (c j) d", r=rows // w, i=w)
        if down or right:
            y = y.roll((down, right), (1, 2))
        x = x + self.drop_path(y)
        return x + self.drop_path(self.mlp(self.norm2(x)))


class PatchMerging(nn.Module):
    """Four neighbouring tokens become one of twice the width."""

    def __init__(self, width: int) -> None:
        """`width` before merging."""
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, r, c, C] -> [B, r/2, c/2, 2C]."""
        # Column-major inside a patch: upper left, lower left, upper right, lower right.
        x = rearrange(x, "b (r i) (c j) d -> b r c (j i d)", i=2, j=2)
        return self.reduction(self.norm(x))


def _relative_index(window: int) -> Tensor:
    """Row of the bias table for every pair of a window's tokens: [w*w, w*w]."""
    steps = torch.arange(window)
    y, x = (axis.flatten() for axis in torch.meshgrid(steps, steps, indexing="ij"))
    dy, dx = y[:, None] - y + window - 1, x[:, None] - x + window - 1
    return dy * (2 * window - 1) + dx


@lru_cache(maxsize=16)
def _shift_mask(grid: tuple[int, int], window: int, shift: tuple[int, int]) -> Tensor:
    """-100 between tokens that only the cyclic shift made neighbours: [windows, w*w, w*w]."""
    bands = [
        torch.tensor([0] * (side - window) + [1] * (window - by) + [2] * by)
        for side, by in zip(grid, shift, strict=True)
    ]
    region = bands[0][:, None] * 3 + bands[1]
    region = rearrange(region, "(r i) (c j) -> (r c) (i j)", i=window, j=window)
    return (region[:, :, None] != region[:, None]).float() * -100
