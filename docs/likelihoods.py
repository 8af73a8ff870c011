"""Makes docs/likelihoods.md: bits per dimension of every shipped model that gives a likelihood, and of PNG and WebP.

Every model has ``--seconds`` of time; what it has done by then is in the table, with the number of pictures.
"""

from __future__ import annotations

import argparse
import io
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from genplay import api, data
from genplay.contract import card as cards
from genplay.contract import paths
from genplay.contract.capability import Capability
from genplay.contract.requests import EstimateLikelihood
from genplay.core.dataset import Dataset, to_plain
from genplay.core.gaussian import GaussianModel
from genplay.core.probe import ask
from genplay.probes.likelihood import EstimateLikelihood as Estimate

HERE = Path(__file__).resolve().parent
SETS = ("faces16", "fashion28")
MOST = {"bound": 512, "exact": 1024}
ALONG_THE_FLOW = 64
FORMATS: dict[str, dict[str, Any]] = {
    "PNG": {"format": "PNG", "optimize": True},
    "WebP, lossless": {"format": "WEBP", "lossless": True, "quality": 100, "method": 6},
}
INTRODUCTION = """# Likelihoods

Bits per dimension of held-out pictures: how many bits a model spends on a colour value of a pixel, where 8 is what it
takes without any knowledge. Made by `make tables`, which asks what `genplay evaluate CHECKPOINT --likelihood` asks. The
error is the standard error of the mean over n pictures. Models that take labels are given those of each picture. Every
model has a limited time, so that those whose density takes the solution of an equation for each picture are measured on
fewer.

- *exact*: the model gives log p(x) itself.
- *flow*: log p(x) of a diffusion or flow-matching model by the probability-flow equation, its divergence estimated
  without bias, of pictures with uniform noise of one level added.
- *bound*: a lower bound on log p(x), so that the true number of bits is lower; with importance samples where told.

A density of bare pixels, such as a VAE's, is no code length: a model of continuous values can be as dense as it likes
on the 256 values that occur. PNG and WebP are without loss and stand here for scale: first a file a picture, where on
pictures this small the header weighs, then all pictures in one file.
"""


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="for each model")
    parser.add_argument("--out", type=Path, default=HERE / "likelihoods.md")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parts = [INTRODUCTION]
    for name in SETS:
        source = data.load(name)
        rows = sorted((of_checkpoint(path, chosen.seconds) for path in shipped(name)), key=lambda row: row[3])
        rows += [row for title, options in FORMATS.items() for row in of_format(source, title, options)]
        parts.append(table(f"{source.title} ({name})", source, rows))
    chosen.out.write_text("\n".join(parts))
    print(chosen.out)


def shipped(name: str) -> list[Path]:
    """The shipped checkpoints of a data set that give a likelihood."""
    from genplay import families

    found = sorted(paths.shipped("checkpoints").glob("*.safetensors"))
    of_set = [path for path in found if cards.read(path).data == name]
    return [path for path in of_set if gives_likelihood(families.named(cards.read(path).family), path)]


def gives_likelihood(family: Any, path: Path) -> bool:
    """Whether the model of a checkpoint does; asked of the class first, since opening takes time.

    A density that is known up to a factor only, as of energies, gives no bits.
    """
    offered = Capability.LOG_DENSITY in family.offers and family.density_kind != "unnormalised"
    return offered and Capability.LOG_DENSITY in api.load(path).model.capabilities


Row = tuple[str, str, int, float, float]


def of_checkpoint(path: Path, seconds: float) -> Row:
    """Name, kind, n, bits and error of a checkpoint, as far as it comes in the time."""
    opened = api.load(path)
    flow = isinstance(opened.model, GaussianModel)
    n = ALONG_THE_FLOW if flow else MOST[opened.model.density_kind]
    begun, found = time.perf_counter(), None
    for part in ask(Estimate, opened.model, opened.data, EstimateLikelihood(n)):
        found = part.value or found
        if time.perf_counter() - begun > seconds:
            break
    assert found is not None
    error = found.error / (opened.model.spec.size * math.log(2))
    kind = "flow" if flow else found.kind
    more = f", {found.importance_samples} importance samples" if found.importance_samples > 1 else ""
    print(f"{path.stem}: {found.bits_per_dim:.3f} ± {error:.3f} ({found.n})", flush=True)
    return f"`{path.stem}` ({opened.model.title})", kind + more, found.n, found.bits_per_dim, error


def of_format(source: Dataset, title: str, options: dict[str, Any], n: int = 1024) -> list[Row]:
    """The size of files of held-out pictures, one each, and of one that holds all."""
    x = to_plain(source.heldout[:n], source.spec)
    size = source.spec.size
    bits = np.array([8 * len(encoded(picture, options)) / size for picture in x])
    columns = math.isqrt(len(x))
    x = x[: columns * (len(x) // columns)]
    whole = x.reshape(-1, columns, *x.shape[1:]).swapaxes(1, 2).reshape(-1, columns * x.shape[2], x.shape[3])
    together = 8 * len(encoded(whole, options)) / (len(x) * size)
    error = float(bits.std(ddof=1) / math.sqrt(len(bits)))
    return [
        (f"{title}, a file each", "file", len(bits), float(bits.mean()), error),
        (f"{title}, one file", "file", len(x), together, math.nan),
    ]


def encoded(picture: np.ndarray, options: dict[str, Any]) -> bytes:
    """A picture (H, W, C) as a file."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(buffer, **options)
    return buffer.getvalue()


def table(title: str, source: Dataset, rows: list[Row]) -> str:
    """Rows as Markdown."""
    shape = " x ".join(map(str, (*source.spec.shape[1:], source.spec.shape[0])))
    lines = [f"## {title}, {shape}", "", "| what | kind | n | bits per dimension |", "|---|---|--:|--:|"]
    for name, kind, n, bits, error in rows:
        spread = "" if math.isnan(error) else f" ± {error:.3f}"
        lines.append(f"| {name} | {kind} | {n:,} | {bits:.3f}{spread} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
