"""The tour: the whole program offscreen, driven through its real widgets, with a screenshot a stop.

It is what ``make run`` shows where there is no display, the end-to-end test, and the source of the README's pictures.
A stop that does not do what it should raises ``BadInput`` saying what did not come about.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from genplay.contract.errors import BadInput
from genplay.shooting import live, offscreen_window, open_run, panel, settle, shoot, wait

if TYPE_CHECKING:
    import numpy as np

    from genplay.ui.window import MainWindow

SIZE = (1440, 900)
TRAIN_SECONDS = 4.0
CLICKED = (0.1, 0.75)  # where chains are started by a click


def tour(folder: Path, theme: str = "dark", checkpoint: Path | None = None) -> list[Path]:
    """Walk through the program; returns the screenshots, in order. Files in ``folder`` are replaced."""
    from genplay.contract.paths import shipped

    guide = _Guide(folder, theme)
    with offscreen_window(SIZE, theme) as window:
        guide.window = window
        open_run(window, checkpoint or shipped("checkpoints") / "vae-faces16.safetensors")
        guide.drag_the_latent_space()
        guide.tiles_and_matrix()
        exported, shown = guide.export_the_picture()
        guide.path()
        guide.samples()
        guide.train()
        guide.draw_a_new_run()
        guide.density()
        guide.reopen(exported, shown)
        guide.likelihoods()
        open_run(window, shipped("checkpoints") / "diffusion-faces16.safetensors")
        guide.unfold()
        guide.parts_of_unfold()
        guide.guidance()
        open_run(window, shipped("checkpoints") / "autoregressive-faces16.safetensors")
        guide.paint()
        open_run(window, shipped("checkpoints") / "autoregressive-text.safetensors")
        guide.write()
        open_run(window, shipped("checkpoints") / "energy-moons.safetensors")
        guide.chains()
        open_run(window, shipped("checkpoints") / "gan-ring8-collapsed.safetensors")
        guide.rescue()
    return guide.shots


class _Guide:
    """Drives one window. Each method is a stop."""

    def __init__(self, folder: Path, theme: str) -> None:
        self.folder, self.theme = folder, theme
        self.window: MainWindow
        self.shots: list[Path] = []
        self.folder.mkdir(parents=True, exist_ok=True)

    def _shoot(self, name: str) -> None:
        path = self.folder / f"{len(self.shots) + 1:02}-{name}-{self.theme}.png"
        shoot(self.window, path)
        self.shots.append(path)
        print(path)

    def drag_the_latent_space(self) -> None:
        """A face follows a slider and the cursor on the plane."""
        from genplay.ui.views.slider import ValueSlider

        latent: Any = panel(self.window, "latent")
        before = self._picture()
        sliders = latent.inspector().findChildren(ValueSlider)
        slider = next(s for s in sliders if s.isVisible() and s.accessibleName().startswith("z"))
        track = slider.track()
        drag(slider, (track.center().x(), track.center().y()), (track.right() - 20, track.center().y()))
        settle(self.window)
        _expect((self._picture() != before).any(), "the face to follow the slider")
        before = self._picture()
        plane = latent.stage.plane.view
        here = plane.to_view(*plane.cursor_at)
        drag(plane, (here.x(), here.y()), (here.x() + 0.12 * plane.width(), here.y() - 0.1 * plane.height()))
        settle(self.window)
        _expect((self._picture() != before).any(), "the face to follow the plane")
        self._shoot("latent")

    def _picture(self) -> np.ndarray:
        exhibit = self.window.stage.exhibit()
        if exhibit is None:
            raise BadInput("There is no picture on the stage.")
        return exhibit.x

    def tiles_and_matrix(self) -> None:
        """The plane as decoded tiles, and every dimension varied by itself."""
        latent: Any = panel(self.window, "latent")
        for name in ("tiles", "matrix"):
            click(latent.stage.views.buttons[name])
            settle(self.window)
            self._shoot(name)
        click(latent.stage.views.buttons["plane"])
        settle(self.window)

    def export_the_picture(self) -> tuple[Path, np.ndarray]:
        """The picture on the stage becomes a PNG through the export dialog."""
        from genplay.ui.export_dialog import ExportDialog

        shown = self._picture()
        out = self.folder / "exported-face.png"
        out.unlink(missing_ok=True)
        click(self.window.stage.export)
        dialog = self._dialog(ExportDialog)
        saved: list[Path] = []
        dialog.saved.connect(saved.append)
        live(0.2)
        shoot_dialog(dialog, self.folder / f"export-{self.theme}.png")
        dialog.save_as(out)
        wait(lambda: saved, "the export to be written")
        dialog.close()
        return out, shown

    def _dialog(self, kind: type[Any]) -> Any:
        def found() -> list[Any]:
            return [d for d in self.window.findChildren(kind) if d.isVisible()]

        wait(found, f"the {kind.__name__} to open", 10)
        return found()[0]

    def path(self) -> None:
        """Keyframes and the path between them."""
        latent: Any = panel(self.window, "latent")
        for _ in range(4):
            click(latent.inspector().random)
            settle(self.window)
            click(latent.bottom.path.add)
        settle(self.window)
        self._shoot("path")

    def samples(self) -> None:
        """A grid of samples, and one of them large with its nearest training faces."""
        samples: Any = panel(self.window, "samples")
        self._shoot("samples")
        click(samples.grid, samples.grid.cell_rect(5).center())
        settle(self.window)
        self._shoot("sample")

    def train(self) -> None:
        """Play: curves grow, the filmstrip fills."""
        run = self.window.run()
        assert run is not None
        before = run.step
        click(self.window.transport.play)
        live(TRAIN_SECONDS)
        wait(lambda: _run(self.window).step > before + 5, "training to go on")
        self._shoot("training")
        click(self.window.transport.play)
        wait(lambda: _run(self.window).status == "paused", "training to pause")
        settle(self.window)

    def draw_a_new_run(self) -> None:
        """The dialog for a new run; a VAE on the ring, trained for some seconds."""
        from genplay.ui.new_run import NewRunDialog

        click(self.window.sidebar.plus)
        dialog = self._dialog(NewRunDialog)
        live(0.5)
        settle(self.window)
        dialog.browser.select("ring")
        live(0.5)
        settle(self.window)
        shoot_dialog(dialog, self.folder / f"new-run-{self.theme}.png")
        click(dialog.train_button)
        wait(lambda: _data(self.window) == "ring", "the new run to appear")
        live(TRAIN_SECONDS)
        panel(self.window, "samples")
        self._shoot("points")
        click(self.window.transport.play)
        wait(lambda: _run(self.window).status == "paused", "training to pause")

    def density(self) -> None:
        """What the new run makes of the plane, beside the truth."""
        density: Any = panel(self.window, "density")
        wait(lambda: density.session.answer is not None and density.session.answer.last, "the density", 60)
        _expect(density.session.density.kl < 20, "a density that is near the truth")
        settle(self.window)
        self._shoot("density")

    def likelihoods(self) -> None:
        """Which pictures a model finds likely, and where in one of them its bits go."""
        density: Any = panel(self.window, "density")
        part = density.pictures
        wait(lambda: part.answer is not None and part.answer.last, "the likelihoods", 120)
        wait(lambda: part.map is not None, "the map", 60)
        settle(self.window)
        self._shoot("likelihoods")

    def reopen(self, exported: Path, shown: np.ndarray) -> None:
        """Dropping the exported picture brings back the run, the tab, the code, and the same pixels."""
        drop(self.window, exported)
        wait(lambda: _data(self.window) == "faces16", "the face's run to come back")
        settle(self.window)
        wait(lambda: (self._picture() == shown).all(), "the same face to come back", 20)
        self._shoot("reopened")

    def unfold(self) -> None:
        """Scrub a tape from noise to faces, and branch off on the way with another sampler."""
        unfold: Any = panel(self.window, "unfold")
        session, strip = unfold.session, unfold.timeline.strip
        wait(lambda: session.shots and not session.sampling, "the tape to be recorded")
        middle = len(session.shots) // 2
        y = strip.height() - 12
        drag(strip, (strip.x_of(len(session.shots) - 1), y), (strip.x_of(middle), y))
        settle(self.window)
        _expect(session.position == middle, "the tape to follow the hand")
        self._shoot("unfold")
        click(unfold.fork)
        live(0.2)
        click(unfold.fork_box.go)
        wait(lambda: len(session.all_tapes()) > 1 and not session.sampling, "the branch to be drawn")
        settle(self.window)
        self._shoot("branch")

    def parts_of_unfold(self) -> None:
        """What else the tab does: samplers in a duel, and the way to noise."""
        unfold: Any = panel(self.window, "unfold")
        for name in ("forward", "duel"):
            click(unfold.below.chips.buttons[name])
            live(0.5)
            if name == "duel":
                self._run_the_duel(unfold.below.stack.currentWidget().work)
            settle(self.window)
            self._shoot(name)
        click(unfold.below.chips.buttons["branches"])

    @staticmethod
    def _run_the_duel(work: Any) -> None:
        click(work.button)
        wait(lambda: not work.running, "the duel to end", 120)

    def guidance(self) -> None:
        """The scale dragged up, and every look at it."""
        guidance: Any = panel(self.window, "guidance")
        slider = guidance.picture.slider
        before = guidance.picture.grid.images.copy()
        track = slider.track()
        y, here = track.center().y(), track.left() + slider.value() / slider.high * track.width()
        drag(slider, (here, y), (track.left() + 0.4 * track.width(), y))
        settle(self.window)
        _expect((guidance.picture.grid.images != before).any(), "the faces to follow the scale")
        for name in ("scales", "microscope", "curve"):
            click(guidance.chips.buttons[name])
            live(0.5)
            settle(self.window)
            self._shoot(f"guidance-{name}")

    def paint(self) -> None:
        """The lower half of a picture is erased and drawn anew in several ways, pixel by pixel."""
        painting: Any = panel(self.window, "painting")
        made = painting.completer
        wait(lambda: made.frames and not made.running, "a picture to be drawn", 60)
        painting.source.keep_half()
        settle(self.window)
        click(painting.complete)
        wait(lambda: not made.running, "the picture to be completed", 60)
        _expect(painting.variants.grid.images is not None, "the ways to complete it")
        settle(self.window)
        self._shoot("painting")

    def write(self) -> None:
        """A beginning is completed in several ways, one of them changed in the middle and written on."""
        from genplay.ui.writing.state import WAYS

        writing: Any = panel(self.window, "writing")
        desk = writing.desk
        desk.field.setText("")
        _type(desk.field, "Mar")
        _press_enter(desk.field)
        settle(self.window)
        ways = writing.ways.texts
        _expect(
            len(ways) == WAYS[2] and all(text.startswith("Mar") for text in ways), "texts that begin as they were to"
        )
        click(desk.line, desk.line.cell_rect(3).center().toPoint())
        settle(self.window)
        drawn = writing.bars.rows[0]
        click(writing.bars, writing.bars.row_rect(0).center().toPoint())
        settle(self.window)
        wanted = "Mar" + writing.spec.vocabulary[drawn]
        _expect(writing.writing.text.startswith(wanted), "the likeliest character in the text")
        self._shoot("writing")
        samples: Any = panel(self.window, "samples")
        _expect(samples.writings.novelty is not None, "samples that are looked up in the data")
        self._shoot("texts")
        unfold: Any = panel(self.window, "unfold")
        unfold.session.seek(4)
        settle(self.window)
        _expect(any("▒" in text for text in unfold.cards.strings.texts), "texts on their way")
        self._shoot("tape-of-texts")

    def chains(self) -> None:
        """Chains walk on the energy landscape; a click starts them all at one place."""
        lab: Any = panel(self.window, "chains")
        lab.walker.pause()
        wait(lambda: lab.walker.recording.length > 200 and not lab.walker.running, "chains to walk", 60)
        canvas, before = lab.points.canvas, lab.walker.recording
        place = canvas.plane().place(CLICKED)
        drag(canvas, (place[0], place[1]), (place[0], place[1]))
        wait(lambda: lab.walker.recording is not before and not lab.walker.running, "chains from the click", 60)
        lab.walker.pause()
        lab.walker.seek(60)
        settle(self.window)
        far = abs(lab.walker.recording.x[0] - CLICKED).max()
        _expect(far < 0.05, "all chains to start where the click was")
        self._shoot("chains")

    def rescue(self) -> None:
        """A GAN that has collapsed goes on, raises its alarm, and is forked with a remedy."""
        lab: Any = panel(self.window, "gan")
        self.window.act("play")
        wait(lambda: lab.alarms[0].isVisible(), "the alarm")
        live(1)
        self._shoot("collapse")
        click(lab.alarms[0].fork)
        wait(lambda: lab.session.rival is not None, "the fork")
        live(3)
        self._shoot("rescue")
        self.window.act("stop")


def _run(window: MainWindow) -> Any:
    run = window.run()
    if run is None:
        raise BadInput("No run is selected.")
    return run


def _data(window: MainWindow) -> str:
    run = window.run()
    return run.data if run else ""


def _expect(condition: object, what: str) -> None:
    if not condition:
        raise BadInput(f"Waited in vain for {what}.")


# ---- a person's hand --------------------------------------------------------------------------------------------


def _type(widget: Any, text: str) -> None:
    """Keys on a widget."""
    from PySide6.QtTest import QTest

    widget.setFocus()
    QTest.keyClicks(widget, text)


def _press_enter(widget: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    QTest.keyClick(widget, Qt.Key.Key_Return)


def click(widget: Any, at: Any = None) -> None:
    """Press and release the left button in the middle of a widget, or at a point of it."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    place = widget.rect().center() if at is None else QPoint(round(at.x()), round(at.y()))
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def drag(widget: Any, start: tuple[float, float], end: tuple[float, float], moves: int = 24) -> None:
    """Press at ``start``, move in small steps to ``end`` and let go, as a hand does."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    def at(share: float) -> QPoint:
        return QPoint(*(round(a + share * (b - a)) for a, b in zip(start, end)))

    button = Qt.MouseButton.LeftButton
    QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, at(0))
    for i in range(1, moves + 1):
        move(widget, at(i / moves))
        live(0.01)
    QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, at(1))


def move(widget: Any, to: Any) -> None:
    """Move the mouse with the left button held (QTest's own move holds none)."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    local = QPointF(to)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        local,
        QPointF(widget.mapToGlobal(to)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def drop(window: MainWindow, path: Path) -> None:
    """Carry a file over the window and drop it there."""
    from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDropEvent
    from PySide6.QtWidgets import QApplication

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path.resolve()))])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), action, data, button, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), action, data, button, none))


def shoot_dialog(dialog: Any, path: Path) -> None:
    """Save what a dialog shows."""
    if not dialog.grab().save(str(path)):
        raise BadInput(f"{path.name} could not be written.")
    print(path)
