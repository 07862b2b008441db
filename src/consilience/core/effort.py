"""Encoder options by effort, as data: what one dial changes inside the encoders. No torch here.

A name or option left out keeps the default of the encoder's own `Config`, which is tuned for effort 3.
"""

from __future__ import annotations

from typing import Any

ENCODER_OPTIONS: dict[str, dict[int, dict[str, Any]]] = {
    "category_embed": {1: {"width": 16}, 2: {"width": 32}, 4: {"width": 96}, 5: {"width": 128}},
    "category_steps": {1: {"width": 16, "embedding": 4}, 2: {"width": 32}, 4: {"width": 96}, 5: {"width": 128}},
    "conv_image": {
        1: {"channels": 16, "blocks": (0, 0)},
        2: {"channels": 24, "blocks": (0, 0, 0)},
        4: {"channels": 48, "blocks": (0, 1, 1, 1)},
        5: {"channels": 64, "blocks": (1, 1, 2, 2)},
    },
    "conv_series": {
        1: {"filters": 16, "width": 32, "kernel": 3},
        2: {"filters": 32, "width": 64},
        4: {"filters": 96, "width": 128},
        5: {"filters": 128, "width": 192},
    },
    "conv_sequence": {
        1: {"letter": 16, "filters": 16, "kernels": (6,), "placed": 32, "bag": 64},
        2: {"letter": 16, "filters": 32, "placed": 48, "bag": 64},
        4: {"letter": 48, "filters": 64, "kernels": (4, 8, 12), "placed": 96, "bag": 128, "longest": 512, "rank": 192},
        5: {
            "letter": 64,
            "filters": 128,
            "kernels": (4, 8, 12, 16),
            "placed": 128,
            "bag": 192,
            "longest": 1_024,
            "rank": 256,
        },
    },
    "conv_text": {
        1: {"embedding": 48, "filters": 24, "kernels": (2,)},
        2: {"embedding": 64, "filters": 48},
        4: {"embedding": 192, "filters": 96, "kernels": (1, 2, 3)},
        5: {"embedding": 384, "filters": 128, "kernels": (1, 2, 3, 4, 5)},
    },
    "conv3d_video": {
        1: {"channels": (12, 24)},
        2: {"channels": (16, 32, 48)},
        4: {"channels": (32, 64, 96, 128)},
        5: {"channels": (48, 96, 144, 192)},
    },
    "cyclic_date": {1: {"width": 16}, 2: {"width": 32}, 4: {"width": 96}, 5: {"width": 128}},
    "graph_series": {
        1: {"width": 16, "identity": 8, "depth": 1},
        2: {"width": 32, "identity": 16},
        4: {"width": 96, "depth": 3},
        5: {"width": 128, "identity": 64, "depth": 3},
    },
    "linear_series": {1: {"width": 16}, 2: {"width": 48}, 4: {"width": 128}, 5: {"width": 192}},
    "kmer_sequence": {
        1: {"width": 32},
        2: {"width": 64},
        4: {"width": 128, "rank": 192},
        5: {"width": 192, "rank": 256, "sketch": 512, "kmers": (1, 2, 3, 4, 5, 6)},
    },
    "frames_video": {
        1: {"channels": 8, "blocks": (0, 0)},
        2: {"channels": 12, "blocks": (0, 0, 0)},
        4: {"channels": 24, "blocks": (0, 1, 1, 1)},
        5: {"channels": 32, "blocks": (1, 1, 2, 2)},
    },
    "mel_audio": {
        1: {"channels": (8, 16, 32), "width": 64, "mels": 40},
        2: {"channels": (12, 24, 48), "width": 96, "mels": 40},
        4: {"channels": (24, 48, 96), "width": 192, "mels": 64},
        5: {"channels": (32, 64, 128, 192), "width": 256, "mels": 80},
    },
    "ngram_text": {
        1: {"embedding": 32, "largest": 2, "buckets": 5_000},
        2: {"embedding": 48, "largest": 2, "buckets": 10_000},
        4: {"embedding": 96, "buckets": 50_000},
        5: {"embedding": 128, "buckets": 200_000},
    },
    "number_linear": {1: {"width": 16}, 2: {"width": 32}, 4: {"width": 96}, 5: {"width": 128}},
    "number_periodic": {
        1: {"width": 16, "frequencies": 8},
        2: {"width": 32},
        4: {"width": 96, "frequencies": 24},
        5: {"width": 128, "frequencies": 32},
    },
    "number_piecewise": {
        1: {"width": 16, "bins": 8},
        2: {"width": 32},
        4: {"width": 96, "bins": 24},
        5: {"width": 128, "bins": 32},
    },
    "patch_series": {
        1: {"width": 16, "depth": 1, "heads": 2},
        2: {"width": 32},
        4: {"width": 96, "depth": 3},
        5: {"width": 128, "depth": 3, "heads": 8},
    },
    "plain_cnn": {},
    "rocket_series": {
        1: {"features": 500, "width": 32},
        2: {"features": 1_000, "width": 64},
        4: {"features": 4_000, "width": 128},
        5: {"features": 10_000, "width": 192},
    },
    "transformer_sequence": {
        1: {"width": 32, "depth": 1},
        2: {"width": 48},
        4: {"width": 128, "depth": 3, "positions": 256},
        5: {"width": 192, "depth": 4, "heads": 6, "positions": 256},
    },
    "pyramid_image": {
        1: {"channels": 16, "width": 32, "blocks": (0, 1, 1, 0)},
        2: {"channels": 24, "width": 48, "blocks": (0, 1, 1, 1)},
        4: {"channels": 48, "width": 96, "blocks": (1, 2, 2, 1)},
        5: {"channels": 64, "width": 128, "blocks": (1, 2, 3, 2)},
    },
    "token_history": {1: {"width": 32}, 2: {"width": 48}, 4: {"width": 96}, 5: {"width": 128}},
    "transformer_text": {
        1: {"width": 32, "depth": 1},
        2: {"width": 64},
        4: {"width": 128, "depth": 3},
        5: {"width": 192, "depth": 4, "heads": 6},
    },
    "wave_audio": {
        1: {"channels": (16, 16, 32, 32)},
        2: {"channels": (32, 32, 64, 64)},
        4: {"channels": (64, 64, 128, 128)},
        5: {"channels": (96, 96, 192, 192, 256)},
    },
}

TASK_OPTIONS: dict[str, dict[int, dict[str, Any]]] = {
    "detection": {1: {"width": 32}, 2: {"width": 64}, 4: {"width": 128}, 5: {"width": 128}},
    "generation": {
        1: {"width": 64, "depth": 1},
        2: {"width": 96},
        4: {"width": 192, "depth": 3},
        5: {"width": 256, "depth": 4},
    },
}
"""The same of tasks: the size of a decoder trained from scratch."""
