"""The models that the benchmarks look at: the shipped ones, or quickly trained ones where there are none."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genplay.contract.paths import shipped

FIRST = "vae-faces16"


@contextmanager
def checkpoint_folder(given: str | None, seconds: float = 3.0) -> Iterator[Path]:
    """A folder with the one checkpoint to open: the given, the shipped faces16 VAE, or one trained for a moment."""
    source = Path(given) if given else shipped("checkpoints") / f"{FIRST}.safetensors"
    if given and not source.is_file():
        raise SystemExit(f"There is no checkpoint {given}.")
    with tempfile.TemporaryDirectory(prefix="genplay-") as home:
        target = Path(home) / f"{FIRST}.safetensors"
        if source.is_file():
            target.write_bytes(source.read_bytes())
        else:
            _train(target, seconds)
        yield Path(home)


@contextmanager
def checkpoint(given: str | None) -> Iterator[Path]:
    """As ``checkpoint_folder``, the file itself."""
    with checkpoint_folder(given) as folder:
        yield folder / f"{FIRST}.safetensors"


def diffusion(given: str | None) -> Path:
    """The checkpoint to unfold and guide: the given or the shipped faces16 diffusion."""
    source = Path(given) if given else shipped("checkpoints") / "diffusion-faces16.safetensors"
    if not source.is_file():
        raise SystemExit(f"There is no checkpoint {source}.")
    return source


def _train(target: Path, seconds: float) -> None:
    """In a process of its own, since a start that is measured must not have loaded torch."""
    words = ["train", "vae", "--data", "faces16", "--seconds", str(seconds), "--quiet", "--out", str(target)]
    code = "import sys; from genplay.cli import main; sys.exit(main(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=sys.stderr)
