"""The latent cache: what a running answer keeps of the page.

The original re-projects every image token to keys and values of text width, in every layer, for
every new token. Those projections are linear, so they can be folded into the query instead: with
image tokens x, the layer's image-to-text projection P and a head's W_k, W_v, biases b_k, b_v,

    score(x)  = q · (W_k P x + b_k)          = (Pᵀ W_kᵀ q) · x + const
    output    = Σ p (W_v P x + b_v)          = W_v P (Σ p x) + b_v

The constant is the same for every key, image or text, so it cancels in the softmax; the
probabilities sum to one, so b_v is added once. The cache of a layer is then just its image tokens,
shared by all heads and all beams, beside ordinary keys and values of the few text tokens. Exact up
to rounding.

Shapes: b rows of text, g images (b, or one that all rows share), N = r c image tokens, C image
width, T text tokens, D text width, h heads of width d, V vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from dessurt.model.model import Dessurt, TextAttention
from dessurt.model.pointing import POINTERS, peaks
from dessurt.model.tokenizer import START


@dataclass(frozen=True)
class FoldedAttention:
    """A text layer's attention with the image-to-text projection folded in."""

    key: Tensor  # [h, d, C]: scores of image tokens
    value: Tensor  # [h, d, C]: output from the weighted mean of image tokens
    text: Tensor  # [D, 3D]: query, key and value of text tokens, one memory for the three weights
    attention: TextAttention


class Decoder:
    """A model made ready for writing: made once, used for any number of answers."""

    @torch.no_grad()  # not inference_mode: the model's own weights must stay trainable tensors
    def __init__(self, model: Dessurt) -> None:
        """Fold the projections of `model` and lay its weights out for reading them fast.

        The weights' values stay as they are, but must not be changed afterwards.

        Raises:
            ValueError: the model has layers without text (`use_auto` false), which cannot write.
        """
        if not all(model.config.use_auto):
            raise ValueError("a model with use_auto false in some layer cannot write text")
        self.model = model
        self.folded: list[FoldedAttention] = []
        projection: nn.Module | None = None
        for swin, _, text, to_text, _ in model.swin_layers:
            # Without a Swin block, the projection of the layer whose tokens are reused.
            projection = to_text if swin is not None or projection is None else projection
            self.folded.append(_fold(text.self_attn, projection))
            for linear in (text.self_attn.linears[3], text.linear1, text.linear2):
                _store_by_column(linear.weight)
        _store_by_column(model.text_embedding.weight)

    @torch.inference_mode()
    def see(self, image: Tensor) -> Tensor:
        """Images [g, 2, H, W] -> tokens [g, r, c, C], the same for every question about them."""
        return self.model.embed_image(image)


class Answer:
    """A running answer, several beams of it, or answers about several images side by side.

    Attributes:
        probabilities: [b, V] of the next token.
        image_tokens: [g, r, c, C] after the last layer, for the mask head.
    """

    @torch.inference_mode()
    def __init__(
        self,
        decoder: Decoder,
        seen: Tensor,
        task_index: Tensor,
        query_ids: Tensor,
        max_tokens: int,
    ) -> None:
        """Read the question and get ready to write.

        Args:
            decoder: the model.
            seen: [g, r, c, C] from `Decoder.see`.
            task_index: [g].
            query_ids: [g, Q-1], without padding.
            max_tokens: room for this many tokens.
        """
        self.decoder = decoder
        self.model = model = decoder.model
        config, device = model.config, seen.device
        self.heads = config.decode_num_heads
        self.queries = query_ids.shape[1] + 1
        room = self.queries + max_tokens
        shape = (len(seen), self.heads, room, config.decode_dim // self.heads)
        self.keys = [torch.empty(shape, device=device) for _ in range(config.layers)]
        self.values = [torch.empty(shape, device=device) for _ in range(config.layers)]
        self.images: list[Tensor] = []
        self.length = 0
        self._grid = seen.shape[1:3]
        self._pointed: list[Tensor] = []  # each layer's [b, POINTERS, N], of the newest token

        start = torch.full((len(seen), 1), START, device=device)
        query = model.embed_query(task_index, query_ids)
        x = torch.cat([query, model.embed_answer(task_index, start, self.queries)], 1)
        mask = torch.zeros(x.shape[1], x.shape[1], device=device)
        mask[: self.queries, self.queries :] = -torch.inf  # the query does not see the answer
        query_bias, tokens = model.query_bias(query_ids), seen
        for i, (_, _, text, _, _) in enumerate(model.swin_layers):
            tokens, changed = model.update_image(i, tokens, x[:, : self.queries], query_bias)
            fresh = changed or not self.images
            self.images.append(tokens.flatten(1, 2) if fresh else self.images[-1])
            x = text.feed_forward(text.norm1(x + self._attend(i, x, mask)))
            tokens = model.merge_image(i, tokens)
        self.length = x.shape[1]
        self.image_tokens = tokens
        self._predict(x[:, -1])

    @torch.inference_mode()
    def append(self, token_ids: Tensor, parents: Tensor | None = None) -> None:
        """Write one token to every row.

        Args:
            token_ids: [b].
            parents: [b], which of the rows before each one goes on from; None: its own.
        """
        if parents is not None:
            for cache in (self.keys, self.values, self.images):
                for i, tensor in enumerate(cache):
                    if cache is not self.images or len(tensor) > 1:  # else all rows share it
                        cache[i] = tensor.index_select(0, parents)
        self._pointed.clear()
        x = self.model.embed_next(token_ids, self.length)
        for i, (_, _, text, _, _) in enumerate(self.model.swin_layers):
            x = text.norm1(x + self._attend(i, x, None))
            hidden = F.relu(_linear(x, text.linear1.weight, text.linear1.bias))
            x = text.norm2(x + _linear(hidden, text.linear2.weight, text.linear2.bias))
        self.length += 1
        self._predict(x[:, -1])

    @torch.inference_mode()
    def region(self) -> Tensor | None:
        """The output mask [H, W], 0..1, or None if the model has no mask head."""
        region = self.model.region(self.image_tokens)
        return None if region is None else region[0, 0]

    @torch.inference_mode()
    def places(self) -> Tensor:
        """Where each row looks for the next token: see `dessurt.model.pointing`.

        Returns:
            [b, 2], x and y in image pixels, or NaN if the layers see grids of different sizes, or
            there is but one layer.
        """
        alike = all(shares.shape[2] == math.prod(self._grid) for shares in self._pointed)
        if not self._pointed or not alike:
            return self.probabilities.new_full((len(self.probabilities), 2), torch.nan)
        shares = torch.stack(self._pointed).mean((0, 2)).unflatten(1, self._grid)
        (height, width), (rows, columns) = self.model.config.image_size, self.model.config.grid(0)
        return peaks(shares) * shares.new_tensor((width / columns, height / rows))

    def _predict(self, x: Tensor) -> None:
        logits = _linear(x[:, None], self.model.text_embedding.weight)[:, 0]
        self.probabilities = logits.softmax(-1)

    def _attend(self, i: int, x: Tensor, mask: Tensor | None) -> Tensor:
        """Layer i's attention of x [b, t, D] to image, earlier text and itself: [b, t, D]."""
        folded, image = self.decoder.folded[i], self.images[i]
        to_query, _, to_value, to_out = folded.attention.linears
        rows, new = x.shape[:2]
        end = self.length + new
        key, value = self.keys[i][:, :, :end], self.values[i][:, :, :end]
        projected = _linear(x, folded.text.t()).unflatten(-1, (3, -1))
        query = _split(projected[..., 0, :] + to_query.bias, self.heads)
        key[:, :, self.length :] = _split(projected[..., 1, :], self.heads)
        value[:, :, self.length :] = _split(projected[..., 2, :], self.heads)
        query = query / math.sqrt(key.shape[-1])  # [b, h, t, d]

        text_scores = query @ key.transpose(-1, -2)
        if mask is not None:
            text_scores = text_scores + mask
        # Each image in a few pieces a core, each small enough for the core's own cache.
        images, tokens = image.shape[:2]
        cut = _cores(image, tokens, 4) if images == 1 else 1
        pieces = image.unflatten(1, (cut, -1)).flatten(0, 1)  # [g p, N / p, C]
        downward = (query @ folded.key).reshape(images, 1, -1, image.shape[2])  # [g, 1, b h t, C]
        scores = torch.bmm(downward.expand(-1, cut, -1, -1).flatten(0, 1), pieces.transpose(1, 2))
        image_scores = rearrange(
            scores, "(g p) (b h t) n -> (g b) h t (p n)", p=cut, h=self.heads, t=new
        )
        weights = torch.cat([image_scores, text_scores], -1).softmax(-1)
        image_weights, text_weights = weights.split([tokens, end], -1)
        if i > 0:
            self._pointed.append(image_weights[:, :POINTERS, -1])
        shares = rearrange(image_weights, "(g b) h t (p n) -> (g p) (b h t) n", g=images, p=cut)
        mean = torch.bmm(shares, pieces).unflatten(0, (images, cut)).sum(1)
        mean = mean.reshape(rows, self.heads, new, -1)
        out = mean @ folded.value.transpose(-1, -2) + text_weights @ value
        out = rearrange(out, "b h t d -> b t (h d)") + to_value.bias
        return _linear(out, to_out.weight, to_out.bias)


def _store_by_column(weight: Tensor) -> None:
    """Lay a weight [out, in] out so that [in, out] is contiguous: its values stay the same."""
    weight.data = weight.data.t().contiguous().t()


def _cores(tensor: Tensor, size: int, pieces: int = 1) -> int:
    """Into how many parts to cut an axis of this size, so many `pieces` a core at most."""
    on_cpu = tensor.device.type == "cpu"
    return math.gcd(size, pieces * torch.get_num_threads()) if on_cpu else 1


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """F.linear of x [b, t, in]. Writing one token is bound by reading the weights.

    A product with a single row runs on one core, and slowly if the weight lies by rows; cut along
    its inputs, it runs on all cores (see benchmarks/decode.py for what that gives).
    """
    parts = _cores(x, x.shape[-1])
    if x.device.type != "cpu" or x.shape[1] > 1:
        return F.linear(x, weight, bias)
    rows = x[:, 0].unflatten(-1, (parts, -1)).transpose(0, 1)  # [parts, b, in / parts]
    out = torch.bmm(rows, weight.t().unflatten(0, (parts, -1))).sum(0)
    return (out if bias is None else out + bias)[:, None]


def _split(x: Tensor, heads: int) -> Tensor:
    return rearrange(x, "b t (h d) -> b h t d", h=heads)


def _fold(attention: TextAttention, projection: nn.Module) -> FoldedAttention:
    def fold(linear: nn.Module) -> Tensor:
        weight = linear.weight
        if not isinstance(projection, nn.Identity):
            weight = weight @ projection.weight
        return rearrange(weight, "(h d) c -> h d c", h=attention.heads).contiguous()

    inputs = attention.linears[:3]
    text = torch.cat([linear.weight.t() for linear in inputs], 1)
    for linear, part in zip(inputs, text.chunk(3, 1), strict=True):
        linear.weight.data = part.t()
    return FoldedAttention(fold(inputs[1]), fold(inputs[2]), text, attention)
