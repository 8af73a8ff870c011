"""Choosing a data set: the list, real samples, how often each attribute value occurs, a folder, a file, a download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.catalogue import DataInfo
from genplay.contract.requests import DownloadData, PreviewData
from genplay.contract.results import Answer, DataPreview, Downloaded, Failure, Loading
from genplay.contract.spec import DataSpec, Kind
from genplay.ui import files, theme
from genplay.ui.bridge import Bridge
from genplay.ui.form import Form
from genplay.ui.gan.drawing_choice import DrawingChoice
from genplay.ui.settings import Settings
from genplay.ui.sidebar import section
from genplay.ui.views.histogram import Histogram
from genplay.ui.views.image_grid import ImageGrid
from genplay.ui.views.scatter import Scatter
from genplay.ui.views.strings import Strings

GROUPS = {"bundled": "Bundled", "procedural": "Drawn by formula", "yours": "Yours", "download": "To download"}
DRAWN = "drawn"  # the data source of the user's drawings
PREVIEW, DOWNLOAD = "new_run.preview", "new_run.download"
COUNTS = {Kind.IMAGE: 48, Kind.POINTS: 1500, Kind.TOKENS: 120}  # real samples on show
TEXT_FILE = "text_file"  # the data source of the user's texts
MOST_BARS = 184  # pixels; more attributes are scrolled
PATH, FILE = "path", "file"  # the options of a folder or text of the user's, and of a drawing


class _Asking(NamedTuple):
    """How the user is asked for what a source of theirs reads."""

    words: str  # on the button
    invitation: str
    ask: Callable[[QWidget, str], str]


FOLDER = _Asking(
    "Choose a folder…",
    "Choose a folder of pictures. Its subfolders become classes; files that are no pictures are listed.",
    lambda parent, folder: files.ask_folder(parent, folder),
)
TEXT = _Asking(
    "Choose a text file…",
    "Choose a text file, or drop one on the window: a list with one text a line, or a book.",
    lambda parent, folder: files.ask_text(parent, folder),
)


class DataBrowser(QWidget):
    """The list of data sets beside a preview of the chosen one. ``chosen`` tells a set that can be trained on."""

    chosen = Signal(object)  # DataSpec, or None while there is nothing to train on

    def __init__(self, bridge: Bridge, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert bridge.catalogue is not None
        self.bridge, self.settings = bridge, settings
        self.sources = sorted(bridge.catalogue.data, key=_by_group)
        self.source: DataInfo | None = None
        self.spec: DataSpec | None = None
        self.form: Form | None = None
        self.given: dict[str, str] = {}  # source -> the folder or file that was chosen for it
        self.list = QListWidget()
        self._later = QTimer(self, singleShot=True, interval=120)
        self._later.timeout.connect(self.preview)
        self._build()
        self._fill_list()

    # ---- widgets

    def _build(self) -> None:
        self.list.setFixedWidth(190)
        self.list.setAccessibleName("data sets")
        self.list.currentItemChanged.connect(self._select)
        self.title, self.summary, self.facts = QLabel(), QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.title.setProperty("role", "title")
        self.summary.setProperty("role", "dim")
        self.facts.setProperty("role", "dim")
        self.grid, self.scatter, self.words = ImageGrid(ground="card"), Scatter(), self._words_page()
        self.grid.selectable = False
        self.grid.setAccessibleName("real samples")
        self.pages = QStackedWidget()
        self.pages.setMinimumHeight(220)
        self.strings = Strings("card")
        self.strings.selectable = False
        self.strings.setAccessibleName("real texts")
        for page in (self.grid, self.scatter, self.strings, self.words):
            self.pages.addWidget(page)
        self.histogram = Histogram()
        self._bars = QScrollArea(widgetResizable=True)
        self._bars.setWidget(self.histogram)
        self._histogram_head = section("Attributes in the training part")
        self.choose = QPushButton(theme.icon("folder"), "")
        self.choose.clicked.connect(self._choose_path)
        self.drawing = DrawingChoice()
        self.drawing.chosen.connect(lambda _: self.preview())
        self._options = QVBoxLayout()
        side = QVBoxLayout()
        side.setSpacing(8)
        for part in (self.title, self.summary):
            side.addWidget(part)
        side.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignLeft)
        side.addWidget(self.drawing)
        side.addLayout(self._options)
        side.addWidget(self.pages, 1)
        side.addWidget(self.facts)
        side.addWidget(self._histogram_head)
        side.addWidget(self._bars)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(16)
        whole.addWidget(self.list)
        whole.addLayout(side, 1)

    def _words_page(self) -> QWidget:
        page = QWidget()
        self.text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.text.setProperty("role", "dim")
        self.download = QPushButton(theme.icon("download", "accent_text"), "Download")
        self.download.setProperty("role", "primary")
        self.download.clicked.connect(self._start_download)
        self.bar = QProgressBar(textVisible=False, maximum=1000)
        self.bar.setFixedWidth(280)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self._cancel_download)
        column = QVBoxLayout(page)
        column.addStretch(1)
        column.addWidget(self.text)
        for part in (self.download, self.bar, self.cancel):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
            part.hide()
        column.addStretch(1)
        return page

    def _fill_list(self) -> None:
        group = ""
        for source in self.sources:
            if source.group != group:
                group = source.group
                head = QListWidgetItem(GROUPS.get(group, group).upper())
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                head.setFont(theme.font(11))
                head.setSizeHint(QSize(0, 32 if self.list.count() else 24))
                head.setTextAlignment(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)
                self.list.addItem(head)
            item = QListWidgetItem(source.title)
            item.setData(Qt.ItemDataRole.UserRole, source.name)
            item.setToolTip(source.summary)
            item.setSizeHint(QSize(0, 28))
            self.list.addItem(item)
        self.list.setCurrentRow(1)

    # ---- choosing

    def select(self, name: str) -> None:
        """Choose a data set by name."""
        for row in range(self.list.count()):
            if self.list.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self.list.setCurrentRow(row)

    def select_drawing(self, path: str) -> None:
        """Choose a drawing as the data."""
        self.drawing.refill(path)
        self.select(DRAWN)
        self.preview()

    def select_text(self, path: str) -> None:
        """Choose a text file as the data."""
        self.given[TEXT_FILE] = path
        self.select(TEXT_FILE)
        self._show_choice()
        self.preview()

    @property
    def folder(self) -> str:
        """The folder or file of the chosen source, "" while there is none."""
        return self.given.get(self.source.name, "") if self.source is not None else ""

    @property
    def _asking(self) -> _Asking:
        spec = self.source.spec if self.source is not None else None
        return TEXT if spec is not None and spec.kind is Kind.TOKENS else FOLDER

    @property
    def data_title(self) -> str:
        """What the chosen data is called: a drawing or a text by its own name."""
        title = self.source.title if self.source is not None else ""
        if self._wants(PATH) and self._asking is TEXT and self.folder:
            return Path(self.folder).stem
        return (self.drawing.title or title) if self._wants(FILE) else title

    def options(self) -> dict[str, Any]:
        """The options of the chosen set."""
        values: dict[str, Any] = self.form.values() if self.form else {}
        if self._wants(PATH):
            values[PATH] = self.folder
        if self._wants(FILE):
            values[FILE] = self.drawing.path
        return values

    def _wants(self, option: str) -> bool:
        return self.source is not None and any(knob.name == option for knob in self.source.knobs)

    def _select(self, item: QListWidgetItem | None) -> None:
        assert self.bridge.catalogue is not None
        self.bridge.cancel(PREVIEW)
        self._cancel_download()
        self.source = self.bridge.catalogue.source(item.data(Qt.ItemDataRole.UserRole) or "") if item else None
        if self.source is None:
            return
        self.title.setText(self.source.title)
        self.summary.setText(self.source.summary)
        self.choose.setVisible(self._wants(PATH))
        self._show_choice()
        self.drawing.setVisible(self._wants(FILE))
        if self._wants(FILE):
            self.drawing.refill()
        self._rebuild_options()
        self._set_spec(None)
        self.preview()

    def _rebuild_options(self) -> None:
        if self.form is not None:
            self._options.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        knobs = [knob for knob in self.source.knobs if knob.name not in (PATH, FILE)] if self.source else []
        if knobs:
            self.form = Form(knobs, {})
            self.form.changed.connect(lambda *_: self._later.start())
            self._options.addWidget(self.form)

    def _set_spec(self, spec: DataSpec | None) -> None:
        self.spec = spec
        self.chosen.emit(spec)

    def _choose_path(self) -> None:
        path = self._asking.ask(self, self.folder or self.settings["last_folder"])
        if path and self.source is not None:
            self.given[self.source.name] = path
            self._show_choice()
            self.preview()

    def _show_choice(self) -> None:
        path = self.folder
        self.choose.setText(f"{Path(path).name or path}  ·  change…" if path else self._asking.words)
        self.choose.setToolTip(path)

    # ---- looking

    def preview(self) -> None:
        """Ask for real samples of the chosen set."""
        if self.source is None:
            return
        if self._wants(FILE) and not self.drawing.path:
            self._say("Draw a distribution of points: any density on the plane, which every model can then learn.")
            return
        if self._wants(PATH) and not self.folder:
            self._say(self._asking.invitation)
            return
        known = self.source.spec
        unknown = Kind.POINTS if self._wants(FILE) else Kind.IMAGE
        question = PreviewData(self.source.name, self.options(), COUNTS[known.kind if known else unknown])
        self.bridge.ask(PREVIEW, "", question, self._show_preview, self._preview_failed)
        if self.pages.currentWidget() is self.words:
            self._say("Reading…")

    def _show_preview(self, answer: Answer) -> None:
        preview = answer.value
        if isinstance(preview, Loading):
            self._say(f"Reading file {preview.done:,} of {preview.total:,}…")
            return
        assert isinstance(preview, DataPreview)
        if preview.spec.kind == Kind.POINTS:
            self.scatter.set_layer("data", preview.x, size=3.0)
            self.pages.setCurrentWidget(self.scatter)
        elif preview.spec.kind == Kind.TOKENS:
            self.strings.set_texts(preview.spec.text(preview.x))
            self.pages.setCurrentWidget(self.strings)
        else:
            self.grid.set_images(preview.x)
            self.pages.setCurrentWidget(self.grid)
        self.facts.setText(self._facts(preview))
        self.facts.setToolTip("\n".join(preview.skipped[:40]) or _characters(preview.spec))
        self._show_histogram(preview)
        self._set_spec(preview.spec)

    def _facts(self, preview: DataPreview) -> str:
        parts = [_measure(preview.spec), f"{preview.train:,} to train on", f"{preview.heldout:,} held out"]
        if self.source is not None and self.source.licence:
            parts.append(f"licence: {self.source.licence}")
        if preview.log_density_grid is not None:
            parts.append("density known in closed form")
        if preview.skipped:
            n, what = len(preview.skipped), "line" if preview.spec.vocabulary else "file"
            parts.append(f"{n:,} {what if n == 1 else what + 's'} skipped (point here to see why)")
        return " · ".join(parts)

    def _show_histogram(self, preview: DataPreview | None) -> None:
        shown = preview is not None and bool(preview.counts)
        if preview is not None:
            self.histogram.set_counts(preview.spec.attributes, preview.counts)
            self._bars.setFixedHeight(min(self.histogram.sizeHint().height() + 2, MOST_BARS))
        self._histogram_head.setVisible(shown)
        self._bars.setVisible(shown)

    def _preview_failed(self, failure: Failure) -> None:
        downloadable = self.source is not None and self.source.group == "download"
        if self.source is not None and downloadable:
            self._say(f"{self.source.title} is fetched once: {_size(self.source.download_bytes)}.")
            self.download.show()
        else:
            self._say(failure.message)

    def _say(self, text: str) -> None:
        self.text.setText(text)
        for part in (self.download, self.bar, self.cancel):
            part.hide()
        self.pages.setCurrentWidget(self.words)
        self.facts.setText("")
        self._show_histogram(None)
        self._set_spec(None)

    # ---- download

    def _start_download(self) -> None:
        if self.source is None:
            return
        self._say(f"Downloading {self.source.title}…")
        self.bar.setValue(0)
        self.bar.show()
        self.cancel.show()
        self.bridge.ask(DOWNLOAD, "", DownloadData(self.source.name), self._show_download, self._download_failed)

    def _show_download(self, answer: Answer) -> None:
        got = answer.value
        assert isinstance(got, Downloaded)
        self.bar.setValue(round(1000 * got.received / max(got.total, 1)))
        self.text.setText(f"{_size(got.received)} of {_size(got.total)}")
        if answer.last:
            self.preview()

    def _download_failed(self, failure: Failure) -> None:
        self._say(failure.message)
        self.download.show()

    def _cancel_download(self) -> None:
        if self.bridge.is_waiting(DOWNLOAD):
            self.bridge.cancel(DOWNLOAD)
            self.preview()

    def stop(self) -> None:
        """The dialog is closing."""
        self._later.stop()
        self.bridge.cancel(PREVIEW)
        self.bridge.cancel(DOWNLOAD)


def _by_group(source: DataInfo) -> int:
    groups = list(GROUPS)
    return groups.index(source.group) if source.group in groups else len(groups)


def _measure(spec: DataSpec) -> str:
    """How large an example is, in words."""
    if spec.kind is Kind.IMAGE:
        return " x ".join(str(n) for n in spec.shape[1:]) + " px"
    if spec.kind is Kind.POINTS:
        return "2-D points"
    return f"up to {spec.size} characters, of {len(spec.vocabulary) - 1} different ones"


def _characters(spec: DataSpec) -> str:
    """All characters of a vocabulary, forty a line."""
    names = ["␣" if name == " " else name for name in spec.vocabulary[1:]]
    return "\n".join(" ".join(names[i : i + 40]) for i in range(0, len(names), 40))


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"
