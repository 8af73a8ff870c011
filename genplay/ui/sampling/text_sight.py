"""Samples that are texts: columns of strings, each marked as learnt by heart or new, with its bits per character."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from genplay.contract.results import Novelty, RunState
from genplay.ui import theme
from genplay.ui.sampling.sight import Sight
from genplay.ui.views.elided import ElidedLabel
from genplay.ui.views.strings import Mark, Strings

NEW = Mark("good", False, "New: it stands neither in the training set nor among the held-out texts")
TRAINED = Mark("warn", True, "In the training set, word for word")
HELD_OUT = Mark("accent", True, "Among the held-out texts, word for word: the model never saw it")
MARKS = {Novelty.NEW: NEW, Novelty.TRAINED: TRAINED, Novelty.HELD_OUT: HELD_OUT}
NAMES = {Novelty.TRAINED: "in the training set", Novelty.HELD_OUT: "held out", Novelty.NEW: "new"}
SEARCH_MS = 80
NARROW = 700  # pixels of width below which counts and search stand below each other


class TextSight(Sight):
    """Tokens int64 (N, L) of the run's vocabulary; a bar above them tells how many are new, searches and zooms."""

    unit = "texts"

    def __init__(self) -> None:
        self.strings, self.real_strings = Strings(), Strings()
        self.bar = NoveltyBar(self.strings)
        view = QWidget()
        column = QVBoxLayout(view)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self.strings, 1)
        super().__init__(view, self.real_strings)
        view.setFocusProxy(self.strings)
        self.strings.setAccessibleName("Sampled texts")
        self.real_strings.setAccessibleName("Real texts")
        self.real_strings.selectable = False
        self._x: np.ndarray | None = None
        self.novelty: Novelty | None = None
        self.strings.clicked.connect(lambda _: self.clicked.emit())
        self.strings.double_clicked.connect(lambda _: self.double_clicked.emit())
        self.strings.drag_out.connect(self.drag_out)

    def texts(self, x: np.ndarray) -> list[str]:
        """Tokens as strings."""
        return self.run.spec.text(x) if self.run is not None else []

    def enter(self, run: RunState) -> None:
        super().enter(run)
        self._x = self.novelty = None
        self.strings.set_texts(())
        self.real_strings.set_texts(())
        self.bar.forget()

    @property
    def selected(self) -> int:
        return self.strings.selected

    def select(self, index: int) -> None:
        self.strings.select(index)

    def shown(self) -> np.ndarray | None:
        return self._x

    def show(self, x: np.ndarray | None) -> None:
        if x is not self._x:
            self.novelty = None
        self._x = x
        self._fill()

    def show_partial(self, x: np.ndarray, n: int) -> None:
        old = self._x
        if old is not None and old.shape[1:] == x.shape[1:] and len(old) > len(x):
            x = np.concatenate([x, old[len(x) : n]])
        self.show(x)

    def show_real(self, x: np.ndarray | None, beside: bool) -> None:
        if x is not None:
            self.real_strings.set_texts(self.texts(x), slots=self._longest())

    def show_novelty(self, novelty: Novelty) -> None:
        """What of the samples stands in the data."""
        if self._x is not None and len(novelty.found) == len(self._x):
            self.novelty = novelty
            self._fill()

    def _longest(self) -> int:
        """Characters of the longest sample, for columns that stay where they are as long as it does."""
        return max((len(text) for text in self.strings.texts), default=0)

    def _fill(self) -> None:
        texts = [] if self._x is None else self.texts(self._x)
        known = self.novelty
        marks: list[Mark | None] = [None] * len(texts)
        notes: list[str] = []
        if known is not None:
            marks = [MARKS[int(found)] for found in known.found]
            notes = [f"{bits:.1f}" if np.isfinite(bits) else "" for bits in known.bits]
        self.strings.set_texts(texts, marks, notes if any(notes) else ())
        self.bar.show_counts(texts, known)

    def columns(self) -> int:
        return self.strings.layout_columns()


class NoveltyBar(QWidget):
    """Counts of the marks, which are their legend too; a field to search in, and buttons for the size of letters."""

    def __init__(self, strings: Strings) -> None:
        super().__init__()
        self.strings = strings
        self.counts = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.different = ElidedLabel()
        self.search = QLineEdit(placeholderText="Search")
        self.search.setAccessibleName("Search the texts")
        self.search.setToolTip("Show only texts that hold this (Ctrl+F)")
        self.search.setMinimumWidth(72)
        self.search.setMaximumWidth(160)
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # else it would have the keys of the panel when it opens
        self.matches = QLabel()
        self.matches.setProperty("role", "dim")
        self._soon = QTimer(self, singleShot=True, interval=SEARCH_MS)
        self._soon.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _: self._soon.start())
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)
        self._rows.addWidget(self.counts, 3)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._rows.addLayout(row, 4)
        row.addWidget(self.different, 1)
        row.addWidget(self.matches)
        row.addWidget(self.search)
        for by, icon, tip in ((-1, "minus", "Smaller letters (−)"), (1, "plus", "Larger letters (+)")):
            button = QPushButton(theme.icon(icon), "")
            button.setProperty("role", "icon")
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the texts take these keys
            button.clicked.connect(lambda _=False, by=by: strings.set_zoom(strings.zoom + by))
            row.addWidget(button)
        self._told: tuple[list[str], Novelty | None] = ([], None)
        theme.signals().changed.connect(self._recolour)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row, or two where there is no room for it."""
        way = QBoxLayout.Direction.TopToBottom if self.width() < NARROW else QBoxLayout.Direction.LeftToRight
        if self._rows.direction() != way:
            self._rows.setDirection(way)
            self.different.setVisible(way == QBoxLayout.Direction.LeftToRight)

    def forget(self) -> None:
        """Another run."""
        self.search.clear()
        self.show_counts([], None)

    def _recolour(self) -> None:
        self.show_counts(*self._told)

    def show_counts(self, texts: list[str], novelty: Novelty | None) -> None:
        """How many texts there are of each mark, and how many different ones."""
        self._told = texts, novelty
        parts = []
        if novelty is not None:
            for found, name in NAMES.items():
                mark, count = MARKS[found], int((novelty.found == found).sum())
                sign = "●" if mark.filled else "○"
                dot = f'<span style="color:{theme.colour(mark.token).name()}">{sign}</span>'
                parts.append(f"{dot}&nbsp;{count:,}&nbsp;{name.replace(' ', '&nbsp;')}")
        self.counts.setText("&nbsp;&nbsp; ".join(parts))
        self.counts.setToolTip(_share(novelty))
        alike = len(texts) - len(set(texts))
        bits = "" if novelty is None or not np.isfinite(novelty.bits).any() else "numbers: bits per character"
        self.different.setText("   ·   ".join(part for part in (f"{alike:,} repeated" if alike else "", bits) if part))
        self._search()

    def _search(self) -> None:
        query = self.search.text()
        found = self.strings.search(query)
        self.matches.setText(f"{found:,} of {len(self.strings):,}" if query else "")


def _share(novelty: Novelty | None) -> str:
    if novelty is None or not len(novelty.found):
        return ""
    share = float((novelty.found == Novelty.TRAINED).mean())
    return f"{share:.0%} of these texts stand in the training set word for word: the model may know them by heart"
