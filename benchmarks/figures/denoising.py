"""The training step of denoising-diffusion-pytorch, for comparison: its smallest U-Net on the same pictures."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

WIDTH = 16  # of its ``Unet``: the least that its attention is used with
RATE, CLIP = 1e-4, 1.0  # of its ``Trainer``


def library() -> Any | None:
    """The module with its U-Net and its process, or None where it is not installed.

    It imports torchvision for loading and saving files, neither of which happens here; where torchvision does not fit
    the torch there is, an empty module takes its place.
    """
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        empty = types.ModuleType("torchvision")
        empty.transforms = empty.utils = empty  # type: ignore[attr-defined]
        sys.modules["torchvision"] = empty
    try:
        return importlib.import_module("denoising_diffusion_pytorch.denoising_diffusion_pytorch")
    except ImportError:
        return None


def training(found: Any, pictures: Tensor, size: int) -> Iterator[None]:
    """What its ``Trainer`` does in a step, its own average included, with batches cut from uint8 ``pictures``."""
    process = found.GaussianDiffusion(found.Unet(dim=WIDTH, channels=pictures.shape[1]), image_size=pictures.shape[-1])
    optimiser = torch.optim.Adam(process.parameters(), lr=RATE, betas=(0.9, 0.99))
    average = found.EMA(process, beta=0.995, update_every=10)
    while True:
        order = torch.randperm(len(pictures))
        for start in range(0, len(order) - size + 1, size):
            process(pictures[order[start : start + size]] / 255).backward()
            torch.nn.utils.clip_grad_norm_(process.parameters(), CLIP)
            optimiser.step()
            optimiser.zero_grad()
            average.update()
            yield
