"""A density in the plane: the model's beside the true one, or beside how the two differ."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from genplay.contract.results import Density
from genplay.ui import theme
from genplay.ui.density import fields, words
from genplay.ui.density.field_canvas import Drawn, FieldCanvas, arrows
from genplay.ui.density.session import DensitySession
from genplay.ui.density.state import BESIDE, SCALES
from genplay.ui.panel import Exhibit
from genplay.ui.views.chips import Chips
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.sentence import Sentence

WAITING = "Working out the density…"
UNKNOWN = "The density of this data has no closed form."
ALONE = "There are no two densities to compare."
NOTHING = np.zeros((0, 2, 2))
WORDS = {"levels": "level lines", "arrows": "score arrows", "points": "held-out points"}
HELP = {
    "levels": "Lines of equal density that hold 50, 80 and 95 % of the mass; the truth's are dotted in the difference",
    "arrows": "The gradient of the log density: where it rises, and how steeply",
    "points": "Points that the model never saw, on which likelihood and KL are measured",
}
PIECES: tuple[str | tuple[str, str], ...] = (
    ("levels", "Level lines"),
    " hold 50, 80 and 95 % of the mass,",
    ("arrows", WORDS["arrows"]),
    " point uphill,",
    ("points", WORDS["points"]),
    " are measured on. Click a bold word to hide or show it.",
)
ARRAYS = ("field", "truth", "at", "score")


class PointsPart(QWidget):
    """What is seen of a run that makes points."""

    def __init__(self, session: DensitySession) -> None:
        super().__init__()
        self.session = session
        self.model, self.beside = FieldCanvas("The model's density"), FieldCanvas("The true density")
        self.titles, self.meanings = (QLabel(), QLabel()), (ElidedLabel(), ElidedLabel())
        tips = {"truth": "The density that the data is drawn from (T)", "difference": "Model less truth (T)"}
        self.chips = Chips(BESIDE, {"truth": "truth", "difference": "difference"}, tips)
        scales = {"log": "The logarithm of the density, in nats (L)", "linear": "The density itself (L)"}
        self.scales = Chips(SCALES, {"log": "log", "linear": "linear"}, scales)
        self.legend = Sentence(PIECES, {name: lambda: theme.colour("accent") for name in WORDS}, dim_from="Click")
        self._lay_out()
        self._connect()
        self.follow()

    def _lay_out(self) -> None:
        sides = QHBoxLayout()
        sides.setSpacing(12)
        choices, canvases = (self.scales, self.chips), (self.model, self.beside)
        for title, meaning, chips, canvas in zip(self.titles, self.meanings, choices, canvases):
            head = QHBoxLayout()
            head.setSpacing(8)
            head.addWidget(title)
            head.addWidget(meaning, 1)
            head.addWidget(chips, 0, Qt.AlignmentFlag.AlignRight)
            side = QWidget()
            side.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(6)
            column.addLayout(head)
            column.addWidget(canvas, 1)
            sides.addWidget(side, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(sides, 1)
        whole.addWidget(self.legend)

    def _connect(self) -> None:
        session = self.session
        for name, button in self.chips.buttons.items():
            button.clicked.connect(lambda _=False, n=name: session.set(f"show the {n}", beside=n))
        for name, button in self.scales.buttons.items():
            button.clicked.connect(lambda _=False, n=name: session.set(f"{n} densities", scale=n))
        for canvas in (self.model, self.beside):
            canvas.pointed.connect(session.pointed)
        self.legend.toggled.connect(lambda name: session.toggle(name, WORDS[name]))
        session.pointed.connect(self._point)
        session.changed.connect(lambda _: self.follow())
        session.density_changed.connect(self.draw)

    # ---- showing

    def follow(self) -> None:
        """Show the state: what is chosen and what is hidden."""
        state = self.session.state
        self.chips.choose(state.beside)
        self.scales.choose(state.scale)
        for name, button in self.legend.buttons.items():
            on = state.shows(name)
            self.legend.set_on(name, on)
            verb = "Hide" if on else "Show"
            button.setToolTip(f"{HELP[name]}\n{verb} it by a click or Enter")
            button.setAccessibleName(f"{verb} the {WORDS[name]}")
        self.draw()

    def draw(self) -> None:
        """Draw the newest density."""
        found, state, run = self.session.density, self.session.state, self.session.run
        self._title(found)
        if found is None or run is None:
            for canvas in (self.model, self.beside):
                canvas.placeholder = WAITING
                canvas.show_field(None)
            return
        known, true = found.field.size > 0, found.truth.size > 0
        self.model.placeholder = words.why_none(run)
        self.beside.placeholder = ALONE if true else UNKNOWN
        linear, (low, high) = state.scale == "linear", fields.ends(found)
        levels = state.shows("levels") and found.kind != "score"
        model = fields.level_pieces(found.field, found.extent) if levels and known else NOTHING
        truth = fields.level_pieces(found.truth, found.extent) if state.shows("levels") and true else NOTHING
        arrowed = arrows(found.at, found.score) if state.shows("arrows") and known else NOTHING
        points = found.x if state.shows("points") else np.zeros((0, 2))
        own = fields.picture(fields.shares(found.field, low, high, linear)) if known else None
        self.model.show_field(Drawn(own, found.extent, model, arrows=arrowed, points=points))
        if state.beside == "difference":
            both = known and true and found.kind != "score"
            image = fields.difference_picture(fields.differences(found, linear), linear) if both else None
            self.beside.show_field(Drawn(image, found.extent, model, truth if both else NOTHING))
        else:
            image = fields.picture(fields.shares(found.truth, *_own(found), linear)) if true else None
            self.beside.show_field(Drawn(image, found.extent, truth, points=points))

    def _title(self, found: Density | None) -> None:
        kind = words.TITLES[found.kind] if found is not None else ""
        beside = {"truth": ("Truth", "the data's density"), "difference": ("Difference", "model − truth")}
        said = (("Model", kind), beside[self.session.state.beside])
        for title, meaning, (name, more) in zip(self.titles, self.meanings, said):
            title.setText(f"<b>{name}</b>")
            meaning.setText(more)

    def _point(self, at: tuple[float, float] | None) -> None:
        """The same place in both, with what each says there."""
        found = self.session.density
        if found is None or at is None:
            for canvas in (self.model, self.beside):
                canvas.point_at(None, "")
            return
        model, truth = (fields.value_at(f, found.extent, *at) if f.size else np.nan for f in (found.field, found.truth))
        other = model - truth if self.session.state.beside == "difference" else truth
        unit = "" if found.kind == "score" else " nats"
        for canvas, value, own in ((self.model, model, unit), (self.beside, other, " nats")):
            canvas.point_at(at, f"{value:.2f}{own}".replace("-", "−") if np.isfinite(value) else words.NONE)

    # ---- exhibits

    def exhibit(self, name: str) -> Exhibit | None:
        """Both planes as a picture, with the numbers behind them."""
        answer, found = self.session.answer, self.session.density
        if answer is None or found is None or not answer.last:
            return None
        pictures = [canvas.picture() for canvas in (self.model, self.beside)]
        height = min(len(p) for p in pictures)
        x = np.concatenate([p[:height] for p in pictures], axis=1)[None]
        arrays = {"points": found.x, **{n: getattr(found, n) for n in ARRAYS if getattr(found, n).size}}
        title, question = f"{name} density".strip(), self.session.shown
        return Exhibit(title, "picture", x, question, answer.step, answer.digest, 1, arrays=arrays, by_window=True)


def _own(found: Density) -> tuple[float, float]:
    """The ends of the truth's colours: those of both, unless the model's field is no log density."""
    if found.kind not in ("score", "energy", "unnormalised"):
        return fields.ends(found)
    high = float(np.quantile(found.truth, fields.TOP))
    return high - fields.DEPTH, high
