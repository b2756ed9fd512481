"""Decoding the way the original research code does it, for comparison only.

Every step projects every image token, query token and answer token to keys and values again, in
every layer; attention is written out; the mask head always runs; nothing is kept between questions.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from dessurt.model.model import Dessurt, TextLayer
from dessurt.model.tokenizer import START


class NaiveAnswer:
    """A running answer, with the interface of `dessurt.model.latent.Answer` for one beam."""

    @torch.inference_mode()
    def __init__(self, model: Dessurt, image: Tensor, task_index: Tensor, query_ids: Tensor):
        self.model = model
        self.queries = query_ids.shape[1] + 1
        patch = model.patch_embed
        tokens = patch.norm(patch.proj(patch.cnn(image)).permute(0, 2, 3, 1))
        tokens = tokens + model.absolute_2dpos_embed.view(tokens.shape)
        start = torch.full((1, 1), START)
        query = model.embed_query(task_index, query_ids)
        x = torch.cat([query, model.embed_answer(task_index, start, self.queries)], 1)
        query_bias = model.query_bias(query_ids)
        self.images: list[Tensor] = []  # projected to text width, kept for every layer
        self.texts: list[Tensor] = []  # what entered every text layer
        for i, (_, _, text, to_text, _) in enumerate(model.swin_layers):
            tokens, changed = model.update_image(i, tokens, x[:, : self.queries], query_bias)
            fresh = changed or i == 0
            self.images.append(to_text(tokens).flatten(1, 2) if fresh else self.images[-1])
            self.texts.append(x)
            memory = torch.cat([self.images[-1], x], 1)
            mask = torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool)
            mask[: self.queries, memory.shape[1] - 1 :] = False
            x = _layer(text, x, memory, mask)
            tokens = model.merge_image(i, tokens)
        self.region = model.region(tokens)
        self._predict(x)

    @torch.inference_mode()
    def append(self, token_ids: Tensor) -> None:
        """Write one token."""
        x = self.model.embed_next(token_ids, self.texts[0].shape[1])
        for i, (_, _, text, _, _) in enumerate(self.model.swin_layers):
            self.texts[i] = torch.cat([self.texts[i], x], 1)
            memory = torch.cat([self.images[i], self.texts[i]], 1)
            x = _layer(text, x, memory, torch.ones(1, memory.shape[1], dtype=torch.bool))
        self._predict(x)

    def _predict(self, x: Tensor) -> None:
        logits = F.linear(x[:, -1], self.model.text_embedding.weight)
        self.probabilities = logits.softmax(-1)


def _layer(layer: TextLayer, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
    attention = layer.self_attn
    query, key, value = (
        rearrange(linear(tokens), "b t (h d) -> b h t d", h=attention.heads)
        for linear, tokens in zip(attention.linears, (x, memory, memory), strict=False)
    )
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    weights = scores.masked_fill(~mask, -1e9).softmax(-1)
    attended = attention.linears[3](rearrange(weights @ value, "b h t d -> b t (h d)"))
    return layer.feed_forward(layer.norm1(x + attended))
