"""Dessurt, from top to bottom.

Davis, Morse, Price, Tensmeyer, Wigington, Morariu: End-to-end Document Recognition and
Understanding with Dessurt, arXiv 2203.16618. Submodules are named as in the original research
code (herobd/dessurt), so that its checkpoints load as they are.

Shapes: B batch, H, W image, r, c rows and columns of image tokens, N = r c, C image width, Q query
tokens (task token included), A answer tokens, T = Q + A, D text width, h heads, V vocabulary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from dessurt.model.config import TASK_ROWS, DessurtConfig
from dessurt.model.swin import ConvPatchEmbed, PatchEmbed, PatchMerging, SwinBlock, attended

PAD = 1  # <pad>; <s> is 0 and </s> is 2, as in BART


class TaskEmbedding(nn.Module):
    """A learned vector for every row of the task table."""

    def __init__(self, width: int) -> None:
        """`width` D of a vector."""
        super().__init__()
        self.emb = nn.Embedding(TASK_ROWS, width)

    def forward(self, task_index: Tensor) -> Tensor:
        """[B] -> [B, D]."""
        return self.emb(task_index)


class TextAttention(nn.Module):
    """Multi-head attention whose four projections are kept in one list: q, k, v, out."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        """`width` D of a token; `dropout` on the attention probabilities."""
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.linears = nn.ModuleList(nn.Linear(width, width) for _ in range(4))

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor, watch: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from x [B, T, D] to memory [B, M, D] where mask [T, M] is true.

        Returns:
            The tokens [B, T, D], and if `watch` the shares [B, h, T, M] of the attention.
        """
        q, k, v = (
            rearrange(linear(tokens), "b t (h d) -> b h t d", h=self.heads)
            for linear, tokens in zip(self.linears, (x, memory, memory), strict=False)
        )
        rate = self.dropout if self.training else 0.0
        shares = None
        if watch:
            scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
            hidden = torch.zeros(mask.shape, device=x.device).masked_fill(~mask, -1e4)
            shares = scores.add_(hidden.to(scores)).softmax(-1).to(v)
            out = F.dropout(shares, rate) @ v
        else:
            out = attended(q, k, v, mask, rate)
        return self.linears[3](rearrange(out, "b h t d -> b t (h d)")), shares


class TextLayer(nn.Module):
    """Post-norm transformer layer of the text tokens."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        """`hidden`: width of the feed-forward part."""
        super().__init__()
        self.self_attn = TextAttention(width, heads, dropout)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, image: Tensor, mask: Tensor, watch: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Update x [B, T, D] from [image ‖ x], image [B, N, D]; mask [T, N + T] true = look.

        Returns:
            The tokens, and if `watch` the shares of `TextAttention`.
        """
        attended, shares = self.self_attn(x, torch.cat([image, x], 1), mask, watch)
        return self.feed_forward(self.norm1(x + self.dropout(attended))), shares

    def feed_forward(self, x: Tensor) -> Tensor:
        """The second half of the layer: [B, T, D] -> [B, T, D]."""
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))


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


class Dessurt(nn.Module):
    """The document transformer: page and question in, text and region out."""

    def __init__(self, config: DessurtConfig) -> None:
        """Build it with random weights."""
        super().__init__()
        self.config = config
        width, rate = config.decode_dim, 0.0 if config.no_dropout else 0.1
        self.text_embedding = nn.Embedding(config.vocab_size, width)
        self.query_special_token_embedder = TaskEmbedding(width)
        self.query_special_start_token_embedder = TaskEmbedding(width)
        self.pos_1d_enc = nn.Embedding(config.position_rows, config.position_width)
        self.pos_enc_adapter = _projection(config.position_width, width)
        self.patch_embed = (
            ConvPatchEmbed(config.conv_channels, config.im_embed_dim)
            if config.conv_patch_emb
            else PatchEmbed(config.im_embed_dim)
        )
        rows, columns = config.grid(0)
        self.absolute_2dpos_embed = nn.Parameter(
            torch.zeros(1, rows * columns, config.im_embed_dim)
        )
        for weight in (
            self.absolute_2dpos_embed,
            self.text_embedding.weight,
            self.pos_1d_enc.weight,
        ):
            nn.init.trunc_normal_(weight, std=0.02)
        # Each layer: [Swin block, text to image width, text layer, image to text width, merging].
        self.swin_layers = nn.ModuleList(self._layer(i, rate) for i in range(config.layers))
        self.upsample_net = (
            MaskHead(config.image_width(config.levels - 1), config.levels)
            if config.do_mask_output
            else None
        )
        if config.distillation_dim not in (None, width):
            # Kept so that such files load; only distillation training used it.
            self.ditillation_adapter = nn.Linear(width, config.distillation_dim)

    def _layer(self, i: int, rate: float) -> nn.ModuleList:
        c = self.config
        level = c.level_of_layer[i]
        image_width = c.image_width(level)
        cross, merges = c.swin_cross_attention[i], level != (c.level_of_layer + (level,))[i + 1]
        drop_path = rate * i / max(c.layers - 1, 1)
        swin = SwinBlock(
            image_width,
            c.grid(level),
            c.window_size[level],
            c.swin_nheads[level],
            shifted=i % 2 == 1,  # by the layer's number in the whole network
            cross=cross,
            drop_path=drop_path,
        )
        return nn.ModuleList(
            [
                swin if c.use_swin[i] else None,
                _projection(c.decode_dim, image_width) if cross else None,
                TextLayer(c.decode_dim, c.decode_num_heads, c.dim_ff, rate)
                if c.use_auto[i]
                else None,
                _projection(image_width, c.decode_dim) if c.use_auto[i] else None,
                PatchMerging(image_width) if merges else None,
            ]
        )

    def forward(
        self, image: Tensor, task_index: Tensor, query_ids: Tensor, answer_ids: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Teacher-forced pass.

        Args:
            image: [B, 2, H, W]; channel 0 is 1 - grey/128, channel 1 is +1 highlight, -1 mask.
            task_index: [B], rows of the task table.
            query_ids: [B, Q-1], `<s> … </s>` padded with `<pad>`.
            answer_ids: [B, A], beginning with `<s>`.

        Returns:
            Logits [B, A, V] of the token after each answer token, and the region [B, 1, H, W]
            (0..1), or None if the model has no mask head.
        """
        tokens, x = self.read(self.embed_image(image), task_index, query_ids, answer_ids)
        answer = x[:, query_ids.shape[1] + 1 :]
        return F.linear(answer, self.text_embedding.weight), self.region(tokens)

    def read(
        self,
        tokens: Tensor,
        task_index: Tensor,
        query_ids: Tensor,
        answer_ids: Tensor,
        watched: list[tuple[Tensor, Tensor]] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Pass image and text tokens through all layers.

        Args:
            tokens: [B, r, c, C] from `embed_image`.
            task_index, query_ids, answer_ids: see `forward`.
            watched: a list that takes, of every text layer, the text tokens [B, T, D] that come
                out of it and the shares [B, h, T, N + T] of its attention.

        Returns:
            The last image tokens and text tokens [B, T, D].
        """
        queries = query_ids.shape[1] + 1
        query = self.embed_query(task_index, query_ids)
        x = torch.cat([query, self.embed_answer(task_index, answer_ids, queries)], 1)
        query_bias = self.query_bias(query_ids)
        seen = None
        for i, (_, _, text, to_text, _) in enumerate(self.swin_layers):
            tokens, changed = self.update_image(i, tokens, x[:, :queries], query_bias)
            if text is not None:
                # A layer without a Swin block goes on with the projection of the last that had one.
                seen = to_text(tokens).flatten(1, 2) if changed or seen is None else seen
                mask = _text_mask(seen.shape[1], queries, x.shape[1], x.device)
                x, shares = text(x, seen, mask, watched is not None)
                if watched is not None:
                    watched.append((x, shares))
            tokens = self.merge_image(i, tokens)
        return tokens, x

    def embed_image(self, image: Tensor) -> Tensor:
        """[B, 2, H, W] -> image tokens [B, r, c, C]; they depend on page and marks only.

        A smaller image than the model was built for takes the middle of the position table.

        Raises:
            ValueError: the image has a size that the model cannot take.
        """
        height, width = self.config.image_size
        if not self.config.takes(image.shape[2:]) or image.shape[1] != 2:
            raise ValueError(
                f"image must be [B, 2, {height}, {width}] or smaller by whole windows, "
                f"not {list(image.shape)}: lay the page into a Frame of the model's size first"
            )
        tokens = self.patch_embed(image)
        table = self.absolute_2dpos_embed.unflatten(1, self.config.grid(0))
        r, c = tokens.shape[1:3]
        top, left = (table.shape[1] - r) // 2, (table.shape[2] - c) // 2
        return tokens + table[:, top : top + r, left : left + c]

    def embed_query(self, task_index: Tensor, query_ids: Tensor) -> Tensor:
        """[B], [B, Q-1] -> [B, Q, D]: the task token, then the query's own tokens."""
        task = self.query_special_token_embedder(task_index)[:, None]
        x = torch.cat([task, self.text_embedding(query_ids)], 1)
        return x + self._positions(0, x.shape[1])

    def embed_answer(self, task_index: Tensor, answer_ids: Tensor, start: int) -> Tensor:
        """[B], [B, A] -> [B, A, D]; `start` is the first token's position, Q for a whole answer."""
        x = self.text_embedding(answer_ids)
        task = self.query_special_start_token_embedder(task_index)[:, None]
        return torch.cat([x[:, :1] + task, x[:, 1:]], 1) + self._positions(start, x.shape[1])

    def embed_next(self, token_ids: Tensor, position: int) -> Tensor:
        """[B] -> [B, 1, D]: one later answer token at `position` (the first `<s>` is at Q)."""
        return self.text_embedding(token_ids)[:, None] + self._positions(position, 1)

    def _positions(self, start: int, count: int) -> Tensor:
        first = start + 2  # BART's table begins with two reserved rows
        if first + count > self.pos_1d_enc.num_embeddings:
            raise ValueError(
                f"query and answer of {start + count} tokens exceed the "
                f"{self.pos_1d_enc.num_embeddings - 2} positions of this model"
            )
        return self.pos_enc_adapter(self.pos_1d_enc.weight[first : first + count])

    @staticmethod
    def query_bias(query_ids: Tensor) -> Tensor:
        """[B, Q-1] -> [B, q]: -inf at the task token and at padding, which Swin never sees.

        The padding that ends all queries of a batch is left out: q <= Q.
        """
        hidden = F.pad(query_ids == PAD, (1, 0), value=True)
        hidden = hidden[:, : int((~hidden).any(0).nonzero().max()) + 1]
        return torch.zeros(hidden.shape, device=query_ids.device).masked_fill(hidden, -torch.inf)

    def update_image(
        self, i: int, tokens: Tensor, query: Tensor, query_bias: Tensor
    ) -> tuple[Tensor, bool]:
        """Layer i's Swin block: image tokens [B, r, c, C], and whether the layer has one."""
        swin, to_image = self.swin_layers[i][0], self.swin_layers[i][1]
        if swin is None:
            return tokens, False
        seen = None if to_image is None else to_image(query[:, : query_bias.shape[1]])
        return swin(tokens, seen, query_bias), True

    def merge_image(self, i: int, tokens: Tensor) -> Tensor:
        """Layer i's patch merging, where a level ends: [B, r, c, C] -> [B, r/2, c/2, 2C]."""
        merging = self.swin_layers[i][4]
        return tokens if merging is None else merging(tokens)

    def region(self, tokens: Tensor) -> Tensor | None:
        """The mask head on the last image tokens [B, r, c, C]: [B, 1, H, W], 0..1."""
        return None if self.upsample_net is None else self.upsample_net(tokens)


def _projection(before: int, after: int) -> nn.Module:
    return nn.Identity() if before == after else nn.Linear(before, after, bias=False)


def _text_mask(images: int, queries: int, total: int, device: torch.device) -> Tensor:
    """[T, N + T]: all see image and query; answer tokens also the answer up to themselves."""
    causal = torch.ones(total, total, dtype=torch.bool, device=device).tril()
    causal[:, :queries] = True
    return torch.cat([causal.new_ones(total, images), causal], 1)
