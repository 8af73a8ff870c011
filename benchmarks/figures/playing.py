"""A GAN that trains in the window with its canvas in front, and the same game in a loop of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from figures import loop

RUN = "game"


def open_game(window: Any, all_layers: bool = True) -> Any:
    """A new run of the healthy preset on the ring, selected, with every layer of its canvas on; returns the panel.

    Without ``all_layers`` the canvas shows what it shows at first.
    """
    from genplay import families, shooting
    from genplay.contract.requests import CreateRun

    preset = next(p for p in families.named("gan").presets if p.name == "healthy")
    config, training = dict(preset.config), dict(preset.training)
    window.bridge.send(CreateRun(RUN, "Game", "gan", "ring", config=config, training=training))
    shooting.wait(lambda: RUN in window.bridge.runs, "the run")
    window.select(RUN)
    panel: Any = shooting.panel(window, "gan")
    if all_layers:
        panel.session.set("show all layers", hidden=())
    shooting.settle(window)
    return panel


class Frames:
    """Counts the paints of the canvas that show another state of the game."""

    def __init__(self, panel: Any) -> None:
        self.seat, self.count, self._shown = panel.points.cards[0].seat, 0, None
        self.begun = perf_counter()
        self.paints = loop.Paints(panel.points.canvas, self._painted)

    def _painted(self) -> None:
        if self.seat.game is not self._shown:
            self._shown = self.seat.game
            self.count += 1

    def rate(self) -> float:
        """So many a second since the start; ends the counting."""
        self.paints.close()
        return self.count / (perf_counter() - self.begun)


def bare_game() -> Iterator[None]:
    """What one would write by hand for the same networks, data and losses."""
    import torch
    import torch.nn.functional as F

    from genplay import data, families
    from genplay.contract import knob
    from genplay.core.training import new_model

    family, dataset = families.named("gan"), data.load("ring", {})
    preset = next(p for p in family.presets if p.name == "healthy")
    model: Any = new_model(family, knob.build(family.Config, preset.config), dataset.spec).train()
    draw, tell = model.generator, model.discriminator
    players = {net: torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.0, 0.99)) for net in (draw, tell)}
    average = {name: value.detach().clone() for name, value in draw.named_parameters()}
    size, codes = preset.training["batch_size"], preset.config["latent_size"]
    while True:
        order = torch.randperm(len(dataset.train))
        for start in range(0, len(order) - size + 1, size):
            x = dataset.train[order[start : start + size]]
            with torch.no_grad():
                fake = draw(torch.randn(size, codes))
            loss = F.softplus(-tell(x, None)).mean() + F.softplus(tell(fake, None)).mean()
            _step(players[tell], loss)
            _step(players[draw], F.softplus(-tell(draw(torch.randn(size, codes)), None)).mean())
            with torch.no_grad():
                for name, value in draw.named_parameters():
                    average[name].lerp_(value, 1 - preset.training["ema"])
            yield


def _step(optimiser: Any, loss: Any) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
