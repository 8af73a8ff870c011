"""Training steps a second: in the window, without one, and by others, each against a bare loop in the same run.

    python benchmarks/train.py [--rounds 5] [--seconds 4] [--only image points diffusion game] [--json FILE]

For each of two VAEs (convolutions on faces16 pictures; dense layers on the ring of Gaussians) the contestants take
turns of some seconds, round after round, and the medians of the ratios within the rounds are reported:

bare     a loop of twenty lines: the same network, data, batch size, threads and precision, torch.optim.AdamW over
         ordinary parameters (fused for the pictures, by default settings for the points), nothing logged
window   the whole program, its window visible (offscreen), Latent panel in front, curves and filmstrip live
headless what ``genplay train`` runs
bare32, headless32, pythae
         the same in fp32, which is all that pythae's trainer knows, with its loss and optimiser (needs the extra
         ``peers``); pictures only

A third case is ``diffusion``: ``genplay train diffusion`` with the quick preset on faces16, in batches of 64, against
the smallest U-Net of denoising-diffusion-pytorch (extra ``peers``) trained on the same pictures as its trainer does it.

The fourth, ``game``, is a GAN: the healthy preset on the ring with the canvas of the GAN lab live, against a bare loop
of the same networks and losses.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from figures import Report, denoising, playing, say
from torch import Tensor

IMAGE_IN_WINDOW, POINTS_IN_WINDOW, HEADLESS, PEER, DENOISING, GAME = 0.92, 1.0, 0.98, 1.2, 8.0, 0.85
Turn = Callable[[float], float]  # seconds to steps a second


@dataclass(frozen=True)
class Case:
    """A model, by default a VAE, and its data."""

    name: str
    data: str
    config: dict[str, Any]
    training: dict[str, Any]
    fused: bool
    family: str = "vae"


IMAGE = Case(
    "image", "faces16", {"network": "conv", "posterior": "normal", "kl_warmup": "none"}, {"batch_size": 64}, True
)
POINTS = Case(
    "points", "ring", {"latent_size": 2, "sigma": 0.05, "posterior": "normal", "kl_warmup": "none"},
    {"batch_size": 64}, False,
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Let the contestants take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="a turn")
    cases = ("image", "points", "diffusion", "game")
    parser.add_argument("--only", nargs="+", choices=cases, default=list(cases))
    parser.add_argument("--posterior", choices=("normal", "flow"), default="normal", help="of the VAEs")
    parser.add_argument("--threads", type=int, default=0, help="of torch (default: all cores but one)")
    parser.add_argument("--no-window", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", help="write the results to this file, - for standard output")
    chosen = parser.parse_args(arguments)
    from genplay.engine.device import set_threads

    report = Report("train")
    report.results["threads"] = set_threads(chosen.threads)
    with tempfile.TemporaryDirectory(prefix="genplay-") as home:
        os.environ["GENPLAY_HOME"] = home
        for case in (IMAGE, POINTS):
            if case.name in chosen.only:
                changed = replace(case, config=case.config | {"posterior": chosen.posterior})
                report.results[case.name] = _compete(changed, chosen, home)
        if "diffusion" in chosen.only and not chosen.no_peers:
            _denoise(chosen, report)
        if "game" in chosen.only and not chosen.no_window:
            _play(chosen, report)
    _check(report)
    report.finish(chosen.json)
    return 0


def _check(report: Report) -> None:
    for name, target in (("image", IMAGE_IN_WINDOW), ("points", POINTS_IN_WINDOW)):
        found = report.results.get(name)
        if found is None:
            continue
        if "window" in found["ratios"]:
            report.at_least(f"{name}: in the window against the bare loop", found["ratios"]["window"], target, "x")
        report.at_least(f"{name}: headless against the bare loop", found["ratios"]["headless"], HEADLESS, "x")
        if "pythae" in found["rates"]:
            report.at_least(f"{name}: genplay train against pythae", found["against pythae"], PEER, "x")
            report.at_least(f"{name}: the same with both in fp32", found["against pythae in fp32"], PEER, "x")


def _compete(case: Case, chosen: argparse.Namespace, home: str) -> dict[str, Any]:
    """Rates (medians) and ratios (medians within rounds) of all contestants of a case."""
    with contextlib.ExitStack() as stack:
        turns: dict[str, Turn] = {"bare": _bare(case), "headless": _headless(case)}
        if not chosen.no_window:
            turns["window"] = stack.enter_context(_window(case))
        if case.name == "image" and not chosen.no_peers and case.config["posterior"] == "normal":
            turns |= _peers(case, home)
        return _summary(_rates(case.name, turns, chosen))


def _rates(name: str, turns: dict[str, Turn], chosen: argparse.Namespace) -> dict[str, list[float]]:
    """Steps a second of every contestant in every round."""
    for contestant, turn in turns.items():
        say(f"{name}: warming {contestant}")
        turn(min(1.0, chosen.seconds))
    rates: dict[str, list[float]] = {contestant: [] for contestant in turns}
    for round_ in range(chosen.rounds):
        for contestant, turn in _in_turn(turns, round_):
            rates[contestant].append(turn(chosen.seconds))
        say(f"{name} {round_ + 1}: " + "  ".join(f"{n} {r[-1]:.1f}/s" for n, r in rates.items()))
    return rates


def _in_turn(turns: dict[str, Turn], round_: int) -> list[tuple[str, Turn]]:
    """Forwards and backwards by turns, so that a drift of the machine favours nobody."""
    order = list(turns.items())
    return order[::-1] if round_ % 2 else order


def _summary(rates: dict[str, list[float]]) -> dict[str, Any]:
    def against(name: str, other: str) -> float:
        return median(a / b for a, b in zip(rates[name], rates[other], strict=True))

    summary: dict[str, Any] = {
        "rates": {name: median(values) for name, values in rates.items()},
        "all rates": rates,
        "ratios": {name: against(name, "bare") for name in rates if name != "bare"},
    }
    if "pythae" in rates:
        summary["against pythae"] = against("headless", "pythae")
        summary["against pythae in fp32"] = against("headless32", "pythae")
    return summary


def _timed(steps: Iterator[object], seconds: float) -> float:
    """Steps a second of a generator."""
    begun = perf_counter()
    for count, _ in enumerate(steps, 1):
        now = perf_counter()
        if now - begun >= seconds:
            return count / (now - begun)
    raise SystemExit("The training ended by itself.")


# ---- the bare loop ------------------------------------------------------------------------------------------------


def _bare(case: Case) -> Turn:
    steps = _bare_steps(case)
    return lambda seconds: _timed(steps, seconds)


def _bare_steps(case: Case, precision: str = "auto") -> Iterator[None]:
    """What one would write by hand."""
    from genplay.core.dataset import to_float
    from genplay.core.training import uses_bf16

    model, data = _model(case)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, fused=case.fused or None)
    bf16 = uses_bf16(model, precision)
    size = case.training["batch_size"]
    while True:
        order = torch.randperm(len(data))
        for start in range(0, len(data) - size + 1, size):
            x = to_float(data[order[start : start + size]])
            with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
                loss = _loss(model, x)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            yield


def _loss(model: Any, x: Tensor) -> Tensor:
    """-ELBO of a Gaussian VAE with a normal posterior; for a flow posterior the family's own objective."""
    if model.bends:
        return _own_loss(model, x)
    mu, logvar = model.encoder(x).float().chunk(2, 1)
    z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
    sigma, size = model.config.sigma, model.spec.size
    squares = (x - model.decoder(z).float()).flatten(1).square().sum(1)
    reconstruction = 0.5 * squares / sigma**2 + size * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
    return (reconstruction + kl).mean()


def _own_loss(model: Any, x: Tensor) -> Tensor:
    from genplay.core.dataset import Batch

    batch = Batch(x, torch.zeros(len(x), 0, dtype=torch.int64), 1)
    return next(iter(model.objectives(batch, torch.default_generator))).loss


def _model(case: Case) -> tuple[Any, Tensor]:
    from genplay import data, families
    from genplay.contract import knob
    from genplay.core.training import new_model

    family, dataset = families.named("vae"), data.load(case.data, {})
    return new_model(family, knob.build(family.Config, case.config), dataset.spec).train(), dataset.train


# ---- genplay ------------------------------------------------------------------------------------------------------


def _headless(case: Case, precision: str = "auto") -> Turn:
    from genplay.engine import headless
    from genplay.engine.run import Run

    training = case.training | {"precision": precision}
    run = Run.create("headless", "Headless", case.family, case.data, config=case.config, training=training)
    steps = headless.train(run, None, math.inf)
    return lambda seconds: _timed(steps, seconds)


@contextlib.contextmanager
def _window(case: Case) -> Iterator[Turn]:
    """A run in the window, playing during its turns and paused between them."""
    from genplay import shooting
    from genplay.contract.requests import CreateRun

    with shooting.offscreen_window((1440, 900), "dark") as window:
        config, training = dict(case.config), dict(case.training)
        window.bridge.send(CreateRun("window", "Window", "vae", case.data, config=config, training=training))
        shooting.wait(lambda: "window" in window.bridge.runs, "the run")
        window.select("window")
        shooting.panel(window, "latent")
        yield _turn(window, "window")


def _turn(window: Any, run_id: str) -> Turn:
    """Steps a second of a run in the window, which plays during the turn only."""
    from genplay import shooting
    from genplay.contract.requests import Control

    def turn(seconds: float) -> float:
        begun = window.bridge.runs[run_id].step
        window.bridge.send(Control(run_id, Control.PLAY))
        shooting.wait(lambda: window.bridge.runs[run_id].step > begun + 2, "the training to begin")
        rate = _rate_in_window(window, run_id, seconds)
        window.bridge.send(Control(run_id, Control.PAUSE))
        shooting.wait(lambda: window.bridge.runs[run_id].status == "paused", "the training to pause")
        shooting.settle(window)
        return rate

    return turn


def _rate_in_window(window: Any, run_id: str, seconds: float) -> float:
    """Steps a second while the window's event loop runs as it does in use."""
    from PySide6.QtCore import QEventLoop, QTimer

    trainer = window.engine._workshop.runs[run_id].trainer  # its own count: the window hears of it only now and then
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    first, begun = trainer.step, perf_counter()
    loop.exec()
    return (trainer.step - first) / (perf_counter() - begun)


# ---- pythae -------------------------------------------------------------------------------------------------------


def _peers(case: Case, home: str) -> dict[str, Turn]:
    """pythae's trainer, and ours in fp32; nothing where pythae is not installed."""
    try:
        import pythae  # noqa: F401
    except ImportError:
        say("pythae is not installed (pip install genplay[peers]), so there is nothing to compare with.")
        return {}
    fp32 = _bare_steps(case, "fp32")
    bare32: Turn = lambda seconds: _timed(fp32, seconds)  # noqa: E731
    return {"bare32": bare32, "headless32": _headless(case, "fp32"), "pythae": _pythae(case, home)}


def _pythae(case: Case, home: str) -> Turn:
    """Its ``BaseTrainer`` on its ``VAE`` around the same encoder and decoder: an epoch a turn, as long as needed."""
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    model, x = _pythae_model(case)
    size = case.training["batch_size"]
    rate = 0.0

    def turn(seconds: float) -> float:
        nonlocal rate
        steps = max(10, round(seconds * (rate or 50.0)))
        settings = BaseTrainerConfig(
            output_dir=home, num_epochs=1, per_device_train_batch_size=size, learning_rate=2e-3, no_cuda=True,
            optimizer_cls="AdamW",
        )  # fmt: skip
        trainer = BaseTrainer(model, _pythae_data(x, steps * size), None, settings)
        with _quiet():
            trainer.prepare_training()
            trainer.callback_handler.on_train_begin(training_config=settings, model_config=model.model_config)
            begun = perf_counter()
            trainer.train_step(1)
        rate = steps / (perf_counter() - begun)
        return rate

    return turn


def _pythae_data(x: Tensor, rows: int) -> Any:
    from pythae.data.datasets import BaseDataset

    chosen = torch.arange(rows) % len(x)
    return BaseDataset(x[chosen], torch.zeros(rows))


def _pythae_model(case: Case) -> tuple[Any, Tensor]:
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    from genplay.core.dataset import to_float

    model, data = _model(case)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.encoder

        def forward(self, x: Tensor) -> Any:
            mu, logvar = self.inner(x).chunk(2, 1)
            return ModelOutput(embedding=mu, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.decoder

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.inner(z))

    config = VAEConfig(input_dim=model.spec.shape, latent_dim=model.latent_size, reconstruction_loss="mse")
    return VAE(config, Encoder(), Decoder()), to_float(data)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bar, whose drawing should not count."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


# ---- denoising-diffusion-pytorch ----------------------------------------------------------------------------------


def _denoise(chosen: argparse.Namespace, report: Report) -> None:
    """The quick preset of ``diffusion`` against the smallest U-Net of the other library."""
    found = denoising.library()
    if found is None:
        say("denoising-diffusion-pytorch is not installed (pip install genplay[peers]): nothing is compared with it.")
        return
    from genplay import data, families

    preset = next(p for p in families.named("diffusion").presets if p.name == "quick")
    case = Case("diffusion", "faces16", preset.config, {"batch_size": 64, **preset.training}, True, "diffusion")
    steps = denoising.training(found, data.load(case.data, {}).train, case.training["batch_size"])
    rates = _rates(case.name, {"headless": _headless(case), "denoising": lambda s: _timed(steps, s)}, chosen)
    ratio = median(a / b for a, b in zip(rates["headless"], rates["denoising"], strict=True))
    report.results["diffusion"] = {
        "rates": {n: median(r) for n, r in rates.items()},
        "all rates": rates,
        "ratio": ratio,
    }
    report.at_least("genplay train diffusion against denoising-diffusion-pytorch", ratio, DENOISING, "x")


# ---- the adversarial game -----------------------------------------------------------------------------------------


def _play(chosen: argparse.Namespace, report: Report) -> None:
    """A GAN on the ring in front of its canvas, against a loop of one's own."""
    from genplay import shooting

    steps = playing.bare_game()
    with shooting.offscreen_window((1440, 900), "dark") as window:
        playing.open_game(window, all_layers=False)
        turns: dict[str, Turn] = {"bare": lambda s: _timed(steps, s), "window": _turn(window, playing.RUN)}
        found = report.results["game"] = _summary(_rates("game", turns, chosen))
    report.at_least("game: in the window against the bare loop", found["ratios"]["window"], GAME, "x")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
