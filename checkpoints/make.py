"""Trains the shipped checkpoints again: ``make checkpoints``, or ``python checkpoints/make.py [NAME ...]``.

Each is the outcome of one ``genplay train`` command with a fixed number of steps and one torch thread, so the same
versions on the same machine give the same file. The command is kept in the file's card.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

FOLDER = Path(__file__).resolve().parent

LONG = ["--set", "learning_rate=0.001", "ema=0.9995"]
BLOCKS = ["--set", "stem=4", "width=48"]  # for pictures of more pixels
COOL = ["--set", "cooldown=0.3"]
HALF = ["--set", "cooldown=0.5"]
SLOW_END = [*HALF, "ema=0.995"]
RECIPES: dict[str, list[str]] = {
    "vae-faces16": ["vae", "--data", "faces16", "--steps", "30000", *LONG],
    "vae-fashion28": ["vae", "--data", "fashion28", "--steps", "5000", "--set", "sigma=0.25"],
    "vae-glyphs28": ["vae", "--data", "glyphs28", "--steps", "5000", "--set", "sigma=0.25"],
    "vae-ring8": ["vae", "--data", "ring", "--preset", "points", "--steps", "20000", *LONG],
    "diffusion-faces16": ["diffusion", "--data", "faces16", "--preset", "best", "--steps", "22000"],
    "flow-faces16": ["flow_matching", "--data", "faces16", "--preset", "best", "--steps", "6000"],
    "flow-fashion28": ["flow_matching", "--data", "fashion28", "--preset", "best", "--steps", "4000", *BLOCKS],
    "flow-emoji32": ["flow_matching", "--data", "emoji32", "--preset", "quick", "--set", "blocks=2", "--steps", "900"],
    "diffusion-ring8": ["diffusion", "--data", "ring", "--preset", "points", "--steps", "10000", *COOL],
    "flow-moons": ["flow_matching", "--data", "moons", "--preset", "points", "--steps", "10000", *COOL],
    "diffusion-checkerboard": ["diffusion", "--data", "checkerboard", "--preset", "points", "--steps", "15000", *COOL],
    "score-spirals": ["score", "--data", "spirals", "--preset", "points", "--steps", "15000", *COOL],
    "latent-diffusion-faces16": [
        "latent_diffusion",
        "--data",
        "faces16",
        "--set",
        "autoencoder=vae-faces16",
        "cooldown=0.3",
        "--steps",
        "6000",
    ],
    "vqvae-faces16": [
        "vqvae",
        "--data",
        "faces16",
        "--preset",
        "pictures",
        "--set",
        "cooldown=0.5",
        "--steps",
        "3500",
    ],
    "vq-prior-faces16": [
        "vq_prior",
        "--data",
        "faces16",
        "--preset",
        "codes",
        "--set",
        "autoencoder=vqvae-faces16",
        "width=96",
        "batch_size=16",
        "cooldown=0.6",
        "--steps",
        "9600",
    ],
    "gan-ring8": ["gan", "--data", "ring", "--preset", "healthy", "--steps", "8000"],
    "gan-ring8-collapsed": ["gan", "--data", "ring", "--preset", "collapses", "--steps", "4000"],
    "gan-grid25": ["gan", "--data", "grid", "--preset", "healthy", "--steps", "12000"],
    "gan-grid25-collapsed": ["gan", "--data", "grid", "--preset", "collapses", "--steps", "4000"],
    "gan-faces16": ["gan", "--data", "faces16", "--preset", "pictures", "--steps", "3000"],
    "gan-faces16-style": ["gan", "--data", "faces16", "--preset", "style", "--steps", "5000"],
    "gan-fashion28": [
        "gan",
        "--data",
        "fashion28",
        "--preset",
        "pictures",
        "--set",
        "conditional=true",
        "width=16",
        "--steps",
        "4000",
    ],
    "gan-faces16-collapsed": ["gan", "--data", "faces16", "--preset", "collapsing pictures", "--steps", "1200"],
    "nsf-ring8": ["flow", "--data", "ring", "--preset", "points", "--steps", "2000"],
    "nsf-moons": ["flow", "--data", "moons", "--preset", "points", "--steps", "2000"],
    "nsf-checkerboard": ["flow", "--data", "checkerboard", "--preset", "points", "--steps", "2500"],
    "autoregressive-faces16": [
        "autoregressive",
        "--data",
        "faces16",
        "--preset",
        "quick",
        "--steps",
        "1630",
        *SLOW_END,
    ],
    "autoregressive-ring8": ["autoregressive", "--data", "ring", "--preset", "points", "--steps", "2500", *HALF],
    "autoregressive-text": [
        "autoregressive",
        "--data",
        "names",
        "--preset",
        "text",
        "--set",
        "width=96",
        "dropout=0.1",
        "learning_rate=0.004",
        "weight_decay=0.1",
        "--steps",
        "10000",
    ],
    "glow-faces16": ["flow", "--data", "faces16", "--preset", "best", "--steps", "1600"],
    "pix2pix-faces16": ["pix2pix", "--data", "faces16", "--preset", "quick", "--steps", "3677"],
    "cycle-gan-faces16": [
        "cycle_gan",
        "--data",
        "faces16",
        "--preset",
        "quick",
        "--set",
        "attribute=hair_color",
        "source=black",
        "target=blond",
        "--steps",
        "1563",
    ],
    "hierarchical-vae-faces16": ["hierarchical_vae", "--data", "faces16", "--preset", "best", "--steps", "8313"],
    "aae-faces16": ["adversarial_autoencoder", "--data", "faces16", "--preset", "best", "--steps", "11194"],
    "aae-moons": ["adversarial_autoencoder", "--data", "moons", "--preset", "ring", "--steps", "3000"],
    "energy-ring8": ["energy", "--data", "ring", "--preset", "points", "--steps", "2000"],
    "energy-moons": ["energy", "--data", "moons", "--preset", "points", "--steps", "2000"],
    "energy-faces16": [
        "energy",
        "--data",
        "faces16",
        "--preset",
        "best",
        "--set",
        "batch_size=256",
        "--steps",
        "3987",
    ],
    "discrete-diffusion-faces16": ["discrete_diffusion", "--data", "faces16", "--preset", "best", "--steps", "3675"],
    "discrete-diffusion-codes-faces16": [
        "code_diffusion",
        "--data",
        "faces16",
        "--preset",
        "codes",
        "--set",
        "autoencoder=vqvae-faces16",
        "cooldown=0.5",
        "--steps",
        "9156",
    ],
    "discrete-diffusion-text": [
        "discrete_diffusion",
        "--data",
        "names",
        "--preset",
        "text",
        "--set",
        "cooldown=0.5",
        "--steps",
        "11701",
    ],
    "rbm-digits8": ["rbm", "--data", "digits8", "--preset", "quick", "--set", "cooldown=0.6", "--steps", "8000"],
    "rbm-glyphs28": ["rbm", "--data", "glyphs28", "--preset", "large", "--set", "cooldown=0.6", "--steps", "9000"],
    "dbn-digits8": ["dbn", "--data", "digits8", "--preset", "quick", "--set", "cooldown=0.6", "--steps", "6000"],
}
NAMES = {  # where the data and the family do not tell two of them apart
    "gan-ring8": "Ring · GAN, healthy",
    "gan-ring8-collapsed": "Ring · GAN, collapsed",
    "gan-grid25": "Grid · GAN, healthy",
    "gan-grid25-collapsed": "Grid · GAN, collapsed",
    "gan-faces16": "Faces · GAN, healthy",
    "gan-faces16-style": "Faces · GAN with styles",
    "gan-fashion28": "Fashion · GAN, told what to draw",
    "gan-faces16-collapsed": "Faces · GAN, collapsed",
    "nsf-ring8": "Ring · Spline flow",
    "nsf-moons": "Moons · Spline flow",
    "nsf-checkerboard": "Checkerboard · Spline flow",
    "glow-faces16": "Faces · Glow",
    "pix2pix-faces16": "Faces · Pix2Pix, grey to colour",
    "cycle-gan-faces16": "Faces · CycleGAN, black hair to blond",
    "hierarchical-vae-faces16": "Faces · VAE with three levels",
    "aae-faces16": "Faces · Adversarial autoencoder",
    "aae-moons": "Moons · Codes on a ring",
    "energy-faces16": "Faces · Energy, by denoising",
    "dbn-digits8": "Digits · DBN",
}


def main(names: list[str]) -> int:
    """Make the named checkpoints, or all; the exit status of the first that fails, else 0."""
    from genplay.cli import main as genplay

    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        print(f"There is no recipe {unknown[0]!r}; known: {', '.join(RECIPES)}.", file=sys.stderr)
        return 2
    for name in names or RECIPES:
        out = FOLDER / f"{name}.safetensors"
        title = ["--name", NAMES[name]] if name in NAMES else []
        status = genplay(["train", *RECIPES[name], *title, "--out", str(out), "--overwrite", "--quiet"])
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
