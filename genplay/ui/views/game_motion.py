"""One training step of a game in slow motion, drawn: codes, points, scores, then each player's update."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from genplay.contract.results import Game
from genplay.ui import theme
from genplay.ui.views import game_layers as layers
from genplay.ui.views.game_layers import Plane

STAGES = ("codes", "points", "scores", "discriminator", "generator")
REACH = 3.2  # standard deviations from the middle of the box of codes to its edge
CALLED = {"real": "#7fd1ff", "generated": "#ff6f7d"}
LAG = 0.6  # share of a stage by which the last point is behind the first


@dataclass(frozen=True)
class Motion:
    """How far a stage is, ``share`` in [0, 1]; ``before`` is the game before the update that the stage shows."""

    stage: str
    share: float
    before: Game | None = None


def box(area: QRectF) -> QRectF:
    """Where the codes are drawn."""
    side = min(132.0, 0.34 * area.height())
    return QRectF(area.left() + 14, area.top() + 56, side, side)


def draw_codes(painter: QPainter, area: QRectF, game: Game, motion: Motion) -> None:
    """The latent codes drawn so far, in a box of their own."""
    frame = box(area)
    ground = theme.colour("background")
    ground.setAlpha(220)
    painter.setPen(QPen(theme.colour("accent" if motion.stage == "codes" else "line"), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(frame, 6, 6)
    shown = _count(len(game.z), motion.share) if motion.stage == "codes" else len(game.z)
    painter.setClipRect(frame)
    layers.draw_points(painter, code_places(game.z, frame)[:shown], layers.faded(theme.colour("text").name(), 0.75), 3)
    painter.setClipping(False)
    painter.setFont(theme.font(11))
    painter.setPen(theme.colour("dim"))
    painter.drawText(frame.adjusted(0, -20, 60, 0), Qt.AlignmentFlag.AlignTop, "latent codes z")


def code_places(z: np.ndarray, frame: QRectF) -> np.ndarray:
    """Where codes (N, D) are in the box (N, 2): by their first two numbers."""
    flat = z[:, :2] if z.shape[1] > 1 else np.stack([z[:, 0], np.zeros(len(z))], axis=1)
    middle = [frame.center().x(), frame.center().y()]
    return np.asarray(flat * [1, -1] / REACH * frame.width() / 2 + middle)


def generated_places(plane: Plane, area: QRectF, game: Game, motion: Motion) -> np.ndarray:
    """Where the generated points are by now (N, 2), in pixels."""
    goal = plane.place(game.x)
    if motion.stage == "codes":
        return goal[:0]
    if motion.stage == "points":
        return _between(code_places(game.z, box(area)), goal, motion.share, LAG)
    if motion.stage == "generator" and motion.before is not None and motion.before.x.shape == game.x.shape:
        return _between(plane.place(motion.before.x), goal, motion.share, 0.0)
    return goal


def _between(start: np.ndarray, goal: np.ndarray, share: float, lag: float) -> np.ndarray:
    """Points on their ways, the last one ``lag`` behind; those that have not left yet are still at the start."""
    order = np.linspace(0, lag, len(goal))[:, None]
    own = np.clip((share - order) / (1 - lag), 0, 1)
    eased = own * own * (3 - 2 * own)
    return np.asarray(start + (goal - start) * eased)


def draw_scored(painter: QPainter, places: np.ndarray, scores: np.ndarray, threshold: float, share: float) -> None:
    """Rings round the points that have been scored so far, in the colour of what they are called."""
    upto = _count(len(places), share)
    real = scores[:upto] > threshold
    for called, name in ((real, "real"), (~real, "generated")):
        layers.draw_points(painter, places[:upto][called], layers.faded(CALLED[name], 0.95), 5.4)


def draw_update(painter: QPainter, plane: Plane, game: Game, motion: Motion, scale: float) -> None:
    """The field as it changes from the one before the discriminator's step to the one after."""
    before = motion.before
    if before is None or motion.stage != "discriminator":
        layers.draw_field(painter, plane, game, scale)
        return
    layers.draw_field(painter, plane, before, scale)
    painter.setOpacity(motion.share)
    layers.draw_field(painter, plane, game, scale)
    painter.setOpacity(1.0)


def draw_frame(painter: QPainter, plane: Plane, area: QRectF, game: Game) -> None:
    """A frame round the field: it is what changes now."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("accent"), 2))
    painter.drawRect(plane.square(game.extent).intersected(area).adjusted(1, 1, -1, -1))


def _count(n: int, share: float) -> int:
    return min(n, int(np.ceil(n * share)))
