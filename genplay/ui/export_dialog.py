"""The export dialog: what is on show, as a file, on the clipboard, or as a script that makes it again."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from genplay import __version__
from genplay.contract.errors import BadInput
from genplay.contract.recipe import Recipe
from genplay.ui import theme
from genplay.ui.files import confirm, plain_name
from genplay.ui.panel import Exhibit
from genplay.ui.views import pixels
from genplay.ui.views.preview import Preview

WHATS = {
    "picture": "This picture",
    "grid": "All pictures, as a grid",
    "animation": "Animation",
    "arrays": "Arrays (numbers)",
    "text": "Text, a line each",
}
OF_TEXTS = {"grid": "A picture of all texts"}  # what it is called where there are no pictures
FORMATS = {
    "picture": ("png", "webp", "gif", "py"),
    "grid": ("png", "webp", "gif", "py"),
    "animation": ("gif", "apng", "webp", "py"),
    "arrays": ("npz", "py"),
    "text": ("txt", "py"),
}
TITLES = {
    "png": "PNG",
    "gif": "GIF (256 colours)",
    "apng": "APNG (lossless)",
    "webp": "WebP (lossless)",
    "npz": "npz (numpy)",
    "txt": "Text (UTF-8)",
    "py": "Python script",
}
SUFFIXES = {"apng": ".png"}
NUMBERS = "the numbers behind the picture, as npz; only the window draws it"
FRAMES = "frames"  # the array of an exhibit that holds all of a tape
GOOD_SIDE = 512  # pixels a new picture should have at least half of
PREVIEW_PIXELS = 1 << 22
POLL_MS = 30
NUMERIC = ("arrays", "text")  # what is not drawn


def whats_of(exhibit: Exhibit) -> tuple[str, ...]:
    """What an exhibit can be saved as, its own kind first."""
    if exhibit.vocabulary:
        return ("animation", "arrays") if exhibit.kind == "animation" else ("text", "grid", "arrays")
    still = "grid" if exhibit.x.dtype == np.uint8 and len(exhibit.x) > 1 else "picture"
    if exhibit.kind == "animation":
        return ("animation", *(("grid",) if exhibit.x.ndim == 4 else ()), "arrays")
    if exhibit.kind == "picture" and still == "grid":
        return ("picture", "grid", "arrays")  # one of several: ``exhibit.index``
    return (still, "arrays") if exhibit.x.dtype.kind in "uf" and exhibit.x.ndim in (2, 4) else ("arrays",)


class ExportDialog(QDialog):
    """Choices on the right, what becomes of them on the left. The work is done beside the window, never in it."""

    saved = Signal(object)  # Path

    def __init__(self, exhibit: Exhibit, recipe: Recipe, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exhibit, self.drawn = exhibit, exhibit.pictures
        self.recipe = dataclasses.replace(recipe, made_with=recipe.made_with or f"genplay {__version__}")
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="export")
        self._job: Future[Path] | None = None
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)
        self._film = QTimer(self)
        self._film.timeout.connect(self._next_frame)
        self._make_choices()
        self.preview = Preview()
        self.size_label, self.note = QLabel(), QLabel()
        self.size_label.setProperty("role", "dim")
        self.note.setWordWrap(True)
        self.note.setProperty("role", "warn")
        self._lay_out()
        self._what_chosen()

    # ---- widgets

    def _make_choices(self) -> None:
        self.what, self.format = QComboBox(), QComboBox()
        for what in whats_of(self.exhibit):
            self.what.addItem(OF_TEXTS.get(what, WHATS[what]) if self.exhibit.vocabulary else WHATS[what], what)
        self.scale = _spin(1, 64, self._good_scale(), " ×")
        self.spacing = _spin(0, 256, 0, " px")
        self.columns = _spin(1, 1000, max(1, min(self.exhibit.columns, self._cells())), "")
        self.fps = QDoubleSpinBox()
        theme.padded(self.fps)
        self.fps.setRange(0.1, 100.0)
        self.fps.setDecimals(1)
        self.fps.setSuffix(" frames/s")
        self.fps.setValue(1 / max(0.01, self.exhibit.seconds_per_frame))
        names = ("What", "Format", "Scale", "Spacing", "Columns", "Speed")
        widgets = (self.what, self.format, self.scale, self.spacing, self.columns, self.fps)
        self.choices = QFormLayout()
        self.choices.setVerticalSpacing(8)
        for name, widget in zip(names, widgets):
            widget.setAccessibleName(name)
            widget.setFixedWidth(200)
            self.choices.addRow(name, widget)
        self.what.currentIndexChanged.connect(self._what_chosen)
        self.format.currentIndexChanged.connect(self.refresh)
        for spin in (self.scale, self.spacing, self.columns):
            spin.valueChanged.connect(self.refresh)
        self.fps.valueChanged.connect(self.refresh)

    def _good_scale(self) -> int:
        x = self.drawn
        if x.dtype != np.uint8:
            return 4
        in_rows = self.exhibit.kind == "grid" or self._moves_as_grid()
        across = x.shape[-2] * (max(1, min(self.exhibit.columns, self._cells())) if in_rows else 1)
        return int(max(1, min(64, GOOD_SIDE // across)))

    def _moves_as_grid(self) -> bool:
        """Whether the exhibit is an animation of several pictures a frame."""
        return self.drawn.ndim == 5

    def _cells(self) -> int:
        """Pictures side by side in a grid, or in a frame that is one."""
        return self.drawn.shape[1] if self._moves_as_grid() else len(self.drawn)

    def _lay_out(self) -> None:
        self.save = QPushButton(theme.icon("save", "accent_text"), "Save…")
        self.save.setProperty("role", "primary")
        self.save.setDefault(True)
        self.save.clicked.connect(self.choose_file)
        self.copy = QPushButton(theme.icon("copy"), "Copy picture")
        self.copy.clicked.connect(self.copy_picture)
        self.script = QPushButton(theme.icon("code"), "Copy as Python")
        made = NUMBERS if self.exhibit.by_window else "the same file, byte for byte"
        self.script.setToolTip(f"A script that makes {made}")
        self.script.clicked.connect(self.copy_script)
        cancel = QPushButton("Close")
        cancel.clicked.connect(self.reject)
        left, right, whole, buttons = QVBoxLayout(), QVBoxLayout(), QVBoxLayout(self), QHBoxLayout()
        title = QLabel(self.exhibit.title)
        title.setProperty("role", "title")
        left.addWidget(self.preview, 1)
        left.addWidget(self.size_label)
        right.addLayout(self.choices)
        right.addWidget(self.note)
        right.addStretch(1)
        columns = QHBoxLayout()
        columns.setSpacing(24)
        columns.addLayout(left, 1)
        columns.addLayout(right)
        for button in (self.copy, self.script):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(title)
        whole.addLayout(columns, 1)
        whole.addLayout(buttons)
        self.resize(760, 480)

    # ---- choices

    def options(self) -> dict[str, Any]:
        """The choices as ``genplay.export`` takes them; a script is one of the file of the first format."""
        what = self.what.currentData()
        chosen = self.format.currentData()
        options: dict[str, Any] = {"format": FORMATS[what][0] if chosen == "py" else chosen, "what": what}
        if what not in NUMERIC:
            options["scale"] = self.scale.value()
        if self._has_columns(what):
            options |= {"spacing": self.spacing.value(), "columns": self.columns.value()}
            options["background"] = theme.colour("background").name()
        if what == "picture":
            options["index"] = self.exhibit.index
        if what == "animation":
            options["fps"] = self.fps.value()
        if self._named() and what == "arrays":
            options["names"] = list(self._arrays())
        if self.exhibit.vocabulary:
            options["vocabulary"] = self.exhibit.vocabulary
        return options | (self.exhibit.of_tape if what != "arrays" else {})

    def _has_columns(self, what: str) -> bool:
        return what == "grid" or (what == "animation" and self._moves_as_grid())

    def _arrays(self) -> dict[str, np.ndarray]:
        from genplay.export.answers import data_name

        held = self.exhibit.arrays
        x = self.exhibit.x
        return dict(held) if self._named() else {data_name(x): x, **held}

    def _named(self) -> bool:
        """Whether the arrays of the exhibit are all there is to save, each under its name in the answer."""
        return FRAMES in self.exhibit.arrays or self.exhibit.by_window

    def script_options(self) -> dict[str, Any]:
        """The file that a script makes: the chosen one, or the numbers behind a picture that only the window draws."""
        if not self.exhibit.by_window:
            return self.options()
        return {"format": "npz", "what": "arrays", "names": list(self._arrays())}

    def _what_chosen(self) -> None:
        what = self.what.currentData()
        self.format.blockSignals(True)
        self.format.clear()
        for name in FORMATS[what]:
            self.format.addItem(TITLES[name], name)
        self.format.blockSignals(False)
        self.choices.setRowVisible(self.scale, what not in NUMERIC)
        self.choices.setRowVisible(self.spacing, self._has_columns(what))
        self.choices.setRowVisible(self.columns, self._has_columns(what))
        self.choices.setRowVisible(self.fps, what == "animation")
        self.copy.setEnabled(what != "arrays")
        self.copy.setText("Copy text" if what == "text" else "Copy picture")
        self.refresh()

    # ---- preview

    def refresh(self) -> None:
        """Draw the preview anew and tell the size of the result."""
        self._film.stop()
        self.say("")
        try:
            self.size_label.setText(self._preview())
            self.save.setEnabled(True)
        except BadInput as error:
            self.preview.show_image(None)
            self.size_label.setText("")
            self.say(str(error), "bad")
            self.save.setEnabled(False)

    def _preview(self) -> str:
        what = self.what.currentData()
        if what == "arrays":
            self.preview.show_image(None)
            shapes = (f"{name} {' × '.join(map(str, a.shape))} {a.dtype}" for name, a in self._arrays().items())
            return "   ".join(shapes)
        if what == "text":
            self.preview.show_image(pixels.to_qimage(self._columns_of_text()))
            return f"{len(self.exhibit.texts):,} texts"
        if what == "animation":
            self._frame = 0
            self.preview.show_image(pixels.to_qimage(self._frame_picture(0)))
            self._film.start(max(10, round(1000 / self.fps.value())))
            seconds = len(self.drawn) / self.fps.value()
            size = self._measure(self._cells() if self._moves_as_grid() else 1)
            return f"{size} px   {len(self.drawn)} frames   {seconds:.1f} s"
        self.preview.show_image(pixels.to_qimage(self._still(self.drawn, what)))
        return f"{self._measure(1 if what == 'picture' else len(self.drawn))} px"

    def _columns_of_text(self) -> np.ndarray:
        """What the texts look like beside each other."""
        from genplay.export import png
        from genplay.export.options import checked

        ground = theme.colour("background").name()
        return png.picture(self.drawn, checked({"columns": self.columns.value(), "background": ground}))

    def _measure(self, n: int) -> str:
        """Width × height of the result in pixels."""
        from genplay.export import grid, scatter

        if self.drawn.dtype != np.uint8:
            side = scatter.side(self.scale.value())
            return f"{side} × {side}"
        height, width = self.drawn.shape[-3:-1]
        wanted = self._has_columns(self.what.currentData())
        columns, spacing = (self.columns.value(), self.spacing.value()) if wanted else (1, 0)
        high, wide = grid.size(n if wanted else 1, height, width, columns, self.scale.value(), spacing)
        grid.check_pixels(high, wide)
        return f"{wide:,} × {high:,}"

    def _still(self, x: np.ndarray, what: str) -> np.ndarray:
        from genplay.export import png
        from genplay.export.options import checked

        options = self.options() | {"format": "png", "what": what}
        if what == "picture" and len(x) == 1:
            options["index"] = 0
        if x.dtype == np.uint8:
            fits = max(1, int((PREVIEW_PIXELS / (x.size / x.shape[-1])) ** 0.5))
            if fits < options["scale"]:  # a smaller one looks the same in the preview
                options["spacing"] = options.get("spacing", 0) * fits // options["scale"]
                options["scale"] = fits
        return png.picture(x, checked(options))

    def _next_frame(self) -> None:
        self._frame = (self._frame + 1) % len(self.drawn)
        self.preview.show_image(pixels.to_qimage(self._frame_picture(self._frame)))

    def _frame_picture(self, index: int) -> np.ndarray:
        """One frame of an animation as the preview shows it."""
        x = self.drawn[index]
        if x.dtype == np.uint8 and x.ndim == 3:
            return x
        return self._still(x if x.ndim != 1 else x[None], "grid" if self._moves_as_grid() else "picture")

    # ---- saving

    def choose_file(self) -> None:
        """Ask where to save."""
        chosen = self.format.currentData()
        suffix = SUFFIXES.get(chosen, f".{chosen}")
        name = plain_name(self.exhibit.title) + suffix
        dialog = QFileDialog(self, "Export", "", f"{TITLES[chosen]} (*{suffix})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # save_as asks, whatever dialog the system has
        dialog.setDefaultSuffix(suffix[1:])
        dialog.selectFile(name)
        if dialog.exec():
            self.save_as(Path(dialog.selectedFiles()[0]))

    def save_as(self, path: Path) -> QMessageBox | None:
        """Save to ``path``; where a file is there already, only after a yes to the question this returns."""
        if not path.exists():
            self._start(path, overwrite=False)
            return None
        text = f"{path.name} exists already."
        return confirm(self, text, "Replace it?", "Replace", lambda: self._start(path, overwrite=True))

    def _start(self, path: Path, overwrite: bool) -> None:
        if self._job is not None:
            return
        options, recipe, x = self.options(), self.recipe, self.exhibit.x
        if self.format.currentData() == "py":
            self._job = self._pool.submit(_write_script, recipe, self.script_options(), path, overwrite)
        else:
            held = {"arrays": self._arrays()} if options["what"] == "arrays" else {}
            self._job = self._pool.submit(_write, x, path, recipe, options | held, overwrite)
        self.say("Saving…", "dim")
        self.save.setEnabled(False)
        self._poll.start()

    def _look(self) -> None:
        if self._job is None or not self._job.done():
            return
        job, self._job = self._job, None
        self._poll.stop()
        self.save.setEnabled(True)
        error = job.exception()
        if isinstance(error, BadInput):
            self.say(str(error), "bad")
        elif error is not None:
            raise error
        else:
            self.say(f"Saved {job.result().name}.", "good")
            self.saved.emit(job.result())

    # ---- clipboard

    def copy_picture(self) -> None:
        """The picture, the grid, or the frame on show of an animation, on the clipboard with its recipe."""
        from genplay.export import encode

        if self.what.currentData() == "text":
            QGuiApplication.clipboard().setText("\n".join(self.exhibit.texts))
            self.say("Copied the texts.", "good")
            return
        options = self.options() | {"format": "png"}
        options.pop("fps", None)
        x = self.drawn
        if options["what"] == "animation" and (self._moves_as_grid() or x.ndim == 3):
            x = x[self._frame]
            options |= {"what": "grid" if self._moves_as_grid() else "picture", "frame": self._frame}
        elif options["what"] == "animation":
            options |= {"what": "picture", "index": self._frame}
        try:
            data = encode(x, self.recipe, options)
        except BadInput as error:
            self.say(str(error), "bad")
            return
        image = QImage()
        image.loadFromData(data, "PNG")
        mime = QMimeData()
        mime.setImageData(image)
        mime.setData("image/png", data)
        QGuiApplication.clipboard().setMimeData(mime)
        self.say("Copied the picture.", "good")

    def copy_script(self) -> None:
        """The script that makes this file again, on the clipboard."""
        from genplay.export import python_script

        options = self.script_options()
        suffix = SUFFIXES.get(options["format"], f".{options['format']}")
        recipe = dataclasses.replace(self.recipe, export=options)
        try:
            QGuiApplication.clipboard().setText(python_script(recipe, plain_name(self.exhibit.title) + suffix))
        except BadInput as error:
            self.say(str(error), "warn")
            return
        what = f"It makes {NUMBERS}." if self.exhibit.by_window else ""
        self.say(f"Copied the script. {what}".strip(), "good")

    def say(self, text: str, role: str = "dim") -> None:
        """A sentence below the choices."""
        self.note.setProperty("role", role)
        self.note.style().polish(self.note)
        self.note.setText(text)

    # ---- the end

    def closeEvent(self, event: QCloseEvent) -> None:
        self._finish()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        """Close; what is being saved is finished first."""
        self._finish()
        super().done(result)

    def _finish(self) -> None:
        self._film.stop()
        self._poll.stop()
        self._pool.shutdown(wait=True)


def _write(x: np.ndarray, path: Path, recipe: Recipe, options: dict[str, Any], overwrite: bool) -> Path:
    from genplay.export import write

    return write(x, path, recipe, options, overwrite)


def _write_script(recipe: Recipe, options: dict[str, Any], path: Path, overwrite: bool) -> Path:
    from genplay.export import files, python_script

    suffix = SUFFIXES.get(options["format"], f".{options['format']}")
    text = python_script(dataclasses.replace(recipe, export=options), path.with_suffix(suffix).name)
    return files.save(path, text.encode(), overwrite)


def _spin(low: int, high: int, value: int, suffix: str) -> QSpinBox:
    spin = QSpinBox()
    theme.padded(spin)
    spin.setRange(low, high)
    spin.setSuffix(suffix)
    spin.setValue(value)
    return spin
