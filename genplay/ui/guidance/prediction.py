"""What a guided model predicts at one step, as pictures: unconditional, conditional, their difference, and the result.

Predictions arrive as noise eps. Since x_t = alpha x_0 + sigma eps, each is also a guess at the clean picture,
x_0 = (x_t - sigma eps) / alpha, which is easier to read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genplay.contract.results import Frame

NAMES = ("unconditional", "conditional", "difference", "guided")
LEAST_ALPHA = 0.02  # below it nothing of the picture is left, and dividing would only show rounding
NOISE_RANGE = 2.5  # standard deviations of noise that the ends of grey stand for


@dataclass(frozen=True)
class Prediction:
    """Four predictions of every sample at one step, float32 (4, N, ...) in the order of ``NAMES``.

    ``index`` is the step's, of ``count`` (0 when unknown). ``noise`` holds them as eps, ``data`` as guesses at x_0. The
    third of each is the second less the first.
    """

    index: int
    count: int
    t: float
    scale: float
    x_t: np.ndarray
    noise: np.ndarray
    data: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """Norm of the noise difference of each sample, (N,)."""
        return np.asarray(np.linalg.norm(self.noise[2].reshape(len(self.x_t), -1), axis=1))

    @property
    def cosine(self) -> np.ndarray:
        """Cosine between the unconditional and the conditional prediction of each sample, (N,)."""
        a, b = (self.noise[i].reshape(len(self.x_t), -1) for i in (0, 1))
        return np.asarray((a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-12))


def prediction_of(frame: Frame) -> Prediction | None:
    """The predictions of a frame; None for one without guidance, such as the last."""
    extras = frame.extras
    if not {"conditional", "unconditional", "x_t", "eps"} <= set(extras):
        return None
    x_t, without, given, guided = (extras[n] for n in ("x_t", "unconditional", "conditional", "eps"))
    if not x_t.shape == without.shape == given.shape == guided.shape:
        return None
    alpha, sigma = max(frame.facts.get("alpha", 1.0), LEAST_ALPHA), frame.facts.get("sigma", 0.0)
    noise = np.stack([without, given, given - without, guided]).astype(np.float32)
    data = (x_t - sigma * noise) / alpha
    data[2] = -sigma / alpha * noise[2]
    data[3] = extras.get("x_0", data[3])
    scale = frame.facts.get("guidance", np.nan)
    return Prediction(frame.index, frame.count, frame.t, scale, x_t, noise, data.astype(np.float32))


def pictures(found: Prediction, sample: int, as_noise: bool) -> tuple[np.ndarray, float]:
    """The four predictions of one sample as uint8 (4, H, W, C), and the greatest difference, which is black or white.

    The difference is drawn around mid-grey and scaled by its own greatest value.
    """
    four = np.array(found.noise[:, sample] / NOISE_RANGE if as_noise else found.data[:, sample])
    greatest = float(np.abs(four[2]).max())
    four[2] /= max(greatest, 1e-12)
    shown = np.clip(np.rint((four + 1) * 127.5), 0, 255).astype(np.uint8)
    return shown, greatest * (NOISE_RANGE if as_noise else 1.0)
