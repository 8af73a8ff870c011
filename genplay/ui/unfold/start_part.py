"""Start from a picture: paint or take one, noise it to some time and denoise it, or make only a masked part anew."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from genplay.contract.requests import Trajectory
from genplay.ui import theme
from genplay.ui.unfold import stored_painting
from genplay.ui.unfold.part import Part, dim_label, number_in, whole_in
from genplay.ui.unfold.session import UnfoldSession
from genplay.ui.unfold.source_bar import SourceBar
from genplay.ui.unfold.state import UnfoldState
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.paint import PaintCanvas
from genplay.ui.views.paint_tools import PaintTools
from genplay.ui.views.painting import Painting
from genplay.ui.views.point_pad import PointPad
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.slider import ValueSlider

STRENGTH, FORGET = 0.6, 1.0  # the usual times for a whole picture, and for the masked part of one
OF_TEXTS = "To begin with a part of a text, and have the rest written, go to the Writing tab."
REACH = 1.4  # half the side of the plane on which points are placed
TRIES = 400  # samples from all placed points together
TIGHT = 12  # pixels between the columns: all must stand side by side in the smallest window
WAITING = "The result appears here, and as a tape above."


class StartPart(Part):
    """A canvas with its tools, how strongly to noise, the button that denoises, and the result beside it."""

    name: ClassVar[str] = "start"
    title: ClassVar[str] = "Start from…"
    icon: ClassVar[str] = "image-plus"
    height_wanted: ClassVar[int] = 240
    lacks: ClassVar[str] = "does not denoise, so it cannot begin with a picture"

    def __init__(self, session: UnfoldSession) -> None:
        super().__init__(session)
        self.tape_id = -1  # of the tape that was started last
        self._original: np.ndarray | None = None
        self.source = SourceBar(session, "start.data")
        self.canvas = PaintCanvas()
        self.canvas.placeholder = "Take an example of the data, open a file, or begin with a blank canvas."
        self.tools = PaintTools(self.canvas)
        self.pad = PointPad()
        self.pad.fit(-REACH, -REACH, REACH, REACH, margin=0.0)
        self.pad.placeholder = "Click to place points to start from."
        self.blank = QPushButton()
        self.blank.clicked.connect(self.clear_all)
        self.strength = ValueSlider(0.02, 1.0, STRENGTH, STRENGTH)
        self.strength.setAccessibleName("Time t to which it is noised")
        self.resample = ValueSlider(1, 20, 4, 4, integer=True)
        self.resample.setAccessibleName("Resampling: how often each step is repeated so that both parts agree")
        self.words = dim_label(wrap=True)
        self.button = QPushButton(theme.icon("play", "accent_text"), "Denoise")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self.start)
        self.grid, self.cloud = ImageGrid(gap=3), Scatter()
        self.grid.setAccessibleName("Result")
        self.cloud.setMinimumSize(48, 48)
        self.cloud.fit(-REACH, -REACH, REACH, REACH, margin=0.0)
        self.result = dim_label(WAITING, wrap=True)
        self.result.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._show_kind()
        self._show()
        self._show_result()

    @property
    def completes_only(self) -> bool:
        """Whether the model can make a part of a picture anew, but begin at no noisy one."""
        run = self.session.run
        return run is not None and run.completes and self.session.pictures and not self.session.gaussian

    def closed_because(self) -> str:
        if self.session.texts:
            return OF_TEXTS
        return "" if self.completes_only else super().closed_because()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.blank)
        top.addWidget(self.source, 1)
        lower = QHBoxLayout()
        lower.setSpacing(TIGHT)
        lower.addWidget(self.canvas, 4)
        lower.addWidget(self.pad, 4)
        lower.addWidget(self.tools)
        lower.addLayout(self._knobs(), 3)
        self.results = QStackedWidget()
        for widget in (self.result, self.grid, self.cloud):
            self.results.addWidget(widget)
        lower.addWidget(self.results, 4)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(lower, 1)

    def _knobs(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        self._strength_row = QWidget()
        self._strength_row.setLayout(_labelled("time t", self.strength))
        column.addWidget(self._strength_row)
        self._resample_row = QWidget()
        self._resample_row.setLayout(_labelled("repeats", self.resample))
        column.addWidget(self._resample_row)
        column.addWidget(self.words)
        column.addWidget(self.button)
        column.addStretch(1)
        return column

    def _connect(self) -> None:
        session = self.session
        self.source.chosen.connect(self._take)
        self.canvas.stroke_done.connect(self._painted)
        self.canvas.painted.connect(self._show_words)
        self.pad.placed_changed.connect(self._placed)
        for slider, name in ((self.strength, "strength"), (self.resample, "resampling")):
            slider.pressed.connect(session.begin)
            slider.released.connect(lambda _, n=name: session.commit(f"change the {n}"))
        self.strength.moved.connect(lambda t: self._store({"t_mask" if self.inpainting else "t": t}))
        self.resample.moved.connect(lambda n: self._store({"resample": round(n)}))
        session.changed.connect(self._changed)
        session.branches_changed.connect(self._show_result)

    # ---- what it starts from

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Height, width and channels of the model's pictures; None for points."""
        run = self.session.run
        if run is None or not self.session.pictures:
            return None
        channels, height, width = run.spec.shape
        return height, width, channels

    @property
    def inpainting(self) -> bool:
        """Whether a part is masked: then only this is made anew."""
        painting = self.canvas.painting
        return self.session.pictures and painting is not None and painting.masked

    @property
    def t(self) -> float:
        """The time to which it is noised."""
        if self.completes_only:
            return FORGET
        plain, usual = self.settings(), FORGET if self.inpainting else STRENGTH
        return number_in(plain.get("t_mask" if self.inpainting else "t"), 0.02, 1.0, usual)

    def _store(self, values: dict[str, object]) -> None:
        self.session.apply(self.session.state.with_part(self.name, values))

    def _take(self, x: np.ndarray, title: str, row: int) -> None:
        """A source was chosen; the very first one, which nobody asked for, is no step of undo."""
        if self.session.pictures:
            plain: dict[str, object] = dict(stored_painting.to_plain(Painting.of(x[0]), x[0]))
        else:
            plain = {"points": np.round(x[: stored_painting.MOST_POINTS].astype(float), 4).tolist()}
        if self.canvas.painting is None and self.session.pictures:
            self._store(plain)
        else:
            self.session.set_part(self.name, plain, "take " + ("a picture" if self.session.pictures else "points"))

    def _painted(self, before: Painting, after: Painting) -> None:
        original = after.picture if self._original is None else self._original
        layer = "mask" if np.array_equal(before.picture, after.picture) else "picture"
        self.session.set_part(self.name, stored_painting.to_plain(after, original), f"paint the {layer}")

    def _placed(self, points: np.ndarray) -> None:
        plain = np.round(points[: stored_painting.MOST_POINTS].astype(float), 4).tolist()
        self.session.set_part(self.name, {"points": plain}, "place points")

    def clear_all(self) -> None:
        """A blank canvas, or no points."""
        if self.shape is None:
            self._placed(np.zeros((0, 2), np.float32))
            return
        blank = np.full(self.shape, 255, np.uint8)
        self.session.set_part(self.name, stored_painting.to_plain(Painting.of(blank), blank), "clear the canvas")
        self.source.say("a blank canvas")

    # ---- starting

    def question(self) -> Trajectory | None:
        """The trajectory to be started; None while there is nothing to start from."""
        session, painting = self.session, self.canvas.painting
        config = {k: v for k, v in session.config.items() if k != "resample"}
        asked = Trajectory(session.state.n, session.condition, config, self.t, seed=session.state.seed)
        if self.shape is None:
            points = self.pad.placed
            each = max(1, TRIES // max(1, len(points)))
            source = np.repeat(points, each, axis=0)
            return replace(asked, n=len(source), source=source) if len(points) else None
        if painting is None:
            return None
        if self.completes_only:
            return replace(asked, source=painting.picture[None], mask=painting.mask) if self.inpainting else None
        if not self.inpainting:
            return replace(asked, source=painting.picture[None])
        config["resample"] = round(self.resample.value())
        return replace(asked, config=config, source=painting.picture[None], mask=painting.mask)

    def start(self) -> None:
        """Noise it and denoise it: the tape comes on show."""
        question = self.question()
        if question is None or not self.session.ready:
            return
        what = "inpainted" if self.inpainting else "from a picture" if self.shape else "from points"
        title = what if self.completes_only else f"{what}, t = {self.t:.2f}"
        self.session.start_trajectory(question, title)
        self.tape_id = self.session.state.tape
        self._show_result()

    # ---- showing

    def run_selected(self) -> None:
        self.tape_id = -1
        self.canvas.set_painting(None)
        self._show_kind()
        self._show()
        self._show_result()

    def refresh(self) -> None:
        self._show()
        if self.session.pictures and self.canvas.painting is None:
            self.source.show_row(0)

    def _changed(self, before: UnfoldState) -> None:
        if self.session.state.parts.get(self.name) != before.parts.get(self.name):
            self._show()

    def _show_kind(self) -> None:
        pictures = self.session.pictures
        for widget in (self.canvas, self.tools):
            widget.setVisible(pictures)
        self.pad.setVisible(not pictures)
        self.blank.setText("Blank" if pictures else "Clear")
        self.blank.setToolTip("Begin with a blank canvas" if pictures else "Take all points away")

    def _show(self) -> None:
        plain = self.settings()
        if self.shape is None:
            self.pad.set_placed(stored_painting.points_of(plain.get("points")))
        else:
            self._show_painting(stored_painting.from_plain(plain, self.shape))
        self.resample.set_value(whole_in(plain.get("resample"), 1, 20, 4))
        self._show_words()

    def _show_painting(self, found: tuple[Painting, np.ndarray] | None) -> None:
        shown, before = self.canvas.painting, self._original
        painting, self._original = found if found is not None else (None, None)
        self.canvas.original = self._original
        if painting is None or shown is None or not painting.same(shown):
            self.canvas.set_painting(painting)
        other = before is None or self._original is None or not np.array_equal(self._original, before)
        if painting is not None and other:
            self.tools.offer(painting)

    def _show_words(self) -> None:
        inpainting = self.inpainting
        only = self.completes_only
        self._strength_row.setVisible(not only)
        self._resample_row.setVisible(inpainting and not only)
        self.strength.default = FORGET if inpainting else STRENGTH
        self.strength.set_value(self.t)
        ready = self.canvas.painting is not None if self.shape else len(self.pad.placed) > 0
        self.button.setEnabled(ready and (inpainting or not only))
        self.button.setText("Inpaint" if inpainting or only else "Denoise")
        tip = "Make the masked part anew" if inpainting or only else "Noise it to this time and denoise it from there"
        self.button.setToolTip(tip)
        if inpainting:
            text = "Only the masked part is made anew; the rest is kept."
        elif only:
            text = "Mask a part of the picture to have it made anew."
        elif self.shape:
            text = "A low t keeps the picture, a high one forgets it. Mask a part to inpaint."
        else:
            n = len(self.pad.placed)
            text = f"{n} point{'' if n == 1 else 's'}, {TRIES // n} tries each." if n else "Click to place points."
        self.words.setText(text)

    def _show_result(self) -> None:
        tape = self.session.find(self.tape_id)
        final = tape.final if tape is not None and tape.take is not None and tape.take.complete else None
        pictures = final is not None and final.dtype == np.uint8
        self.results.setCurrentWidget(self.result if final is None else self.grid if pictures else self.cloud)
        if final is None:
            self.result.setText(WAITING if tape is None else "Denoising…")
        elif pictures:
            self.grid.set_images(final)
        else:
            self.cloud.set_layer("result", final, size=4.0)


def _labelled(text: str, slider: ValueSlider) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    label = dim_label(text)
    label.setFixedWidth(48)
    label.setBuddy(slider)
    row.addWidget(label)
    row.addWidget(slider, 1)
    return row
