"""One plot of the curves dock. The only file that imports pyqtgraph, and only when a plot is first shown."""

from __future__ import annotations

import html
import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsItem, QLabel, QSizePolicy, QVBoxLayout, QWidget

from genplay.ui import theme
from genplay.ui.views.series import Series, averaged, robust_range, thinned

POLL_MS = 15
LOOSE = 0.6  # a range of values is kept while this share of it, or more, is in use
SPARSE, FEW = 4, 300  # a curve with so many times fewer points than another, and no more than these, is drawn with dots
DOT = 5  # pixels
ABBREVIATIONS = {"elbo": "ELBO", "kl": "KL"}


@dataclass(frozen=True)
class Curve:
    """One curve to be drawn: its series, name and colour. Those of a pinned ``owner`` are dashed."""

    name: str
    series: Series
    colour: QColor
    owner: str = ""  # name of the pinned run it belongs to; "" for the selected run
    label: str = ""  # in the legend; "" for the name

    @property
    def pinned(self) -> bool:
        """Whether it is another run's."""
        return bool(self.owner)


class Library(QObject):
    """Imports pyqtgraph in a thread, so that the window does not stutter, and tells when it is there.

    Importing makes no Qt object; nothing else is done in the thread.
    """

    ready = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.loaded = False
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._look)

    def load(self) -> None:
        """Start importing, once."""
        if self._thread is None and not self.loaded:
            self._thread = threading.Thread(target=_import, name="import pyqtgraph")
            self._thread.start()
            self._timer.start()

    def wait(self) -> None:
        """Have it imported when this returns."""
        self.load()
        if self._thread is not None:
            self._thread.join()
        self._look()

    def _look(self) -> None:
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            self._timer.stop()
            self.loaded = True
            _configure()
            self.ready.emit()


def _import() -> None:
    import pyqtgraph  # noqa: F401


def _configure() -> None:
    import pyqtgraph

    pyqtgraph.setConfigOptions(imageAxisOrder="row-major", antialias=True)


class CurvePlot(QWidget):
    """A title with the legend, and under it the plot. The legend reads out the values at the hovered step.

    The wheel zooms the steps, a drag pans them, and a double click follows the training again. By default early spikes
    run off the edge (:func:`robust_range`); ``full`` shows every value.
    """

    step_hovered = Signal(float)  # training step under the pointer, NaN when it leaves
    range_chosen = Signal(object)  # (low, high) in plot units by the user, None to follow again

    def __init__(self, title: str, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg

        self.title, self.unit = title, unit
        self.curves: tuple[Curve, ...] = ()
        self.weight, self.log_x, self.log_y, self.full = 0.9, False, False, False
        self.head = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.head.setTextFormat(Qt.TextFormat.RichText)
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        axes = {side: _axis_class()(side) for side in ("left", "bottom")}
        for axis in axes.values():
            axis.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.widget = pg.PlotWidget(background=None, axisItems=axes)
        self.widget.setFrameShape(self.widget.Shape.NoFrame)
        self.widget.setStyleSheet("background: transparent; border: none;")
        self.widget.setMinimumHeight(70)
        self.widget.setAccessibleName(title)
        self.item = self.widget.getPlotItem()
        self._heights = (0.0, 0.0)
        self._shown: tuple[float, ...] = ()  # steps and values, and on which axes
        self._items: dict[tuple[int, str], Any] = {}
        self._hovered: float | None = None
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._step_label = QLabel("step", self.widget)
        self._step_label.setProperty("role", "dim")
        self._set_up(pg)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.widget, 1)
        theme.signals().changed.connect(self.restyle)
        self.restyle()

    def _set_up(self, pg: Any) -> None:
        self.item.hideButtons()
        self.item.setMenuEnabled(False)
        self.item.showGrid(y=True, alpha=0.12)
        box = self.item.getViewBox()
        box.setMouseEnabled(x=True, y=False)
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(lambda *_: self.range_chosen.emit(tuple(box.viewRange()[0])))
        box.setDefaultPadding(0)
        self._line.setVisible(False)
        self.item.addItem(self._line, ignoreBounds=True)
        self.widget.scene().sigMouseMoved.connect(self._hover)
        self.widget.viewport().installEventFilter(self)
        self.item.getAxis("bottom").setHeight(22)
        self.item.getAxis("left").setWidth(44)
        self.item.getAxis("left").enableAutoSIPrefix(False)
        self.item.getAxis("bottom").enableAutoSIPrefix(False)

    # ---- what is drawn ------------------------------------------------------------------------------------------

    def draw(
        self,
        curves: tuple[Curve, ...],
        weight: float,
        log_x: bool,
        log_y: bool,
        window: tuple[float, float] | None,
        full: bool = False,
    ) -> None:
        """Draw curves smoothed by ``weight``; ``window`` fixes the steps shown (in plot units), None shows all."""
        self.curves, self.weight = curves, weight
        self.log_x, self.log_y, self.full = log_x, log_y, full or log_x or log_y
        low, high = window or self.full_range()
        columns = max(50, int(self.widget.width() - 44))
        wanted = set()
        heights = []
        for index, curve in enumerate(curves):
            wanted |= {(index, part) for part in self._parts(curve)}
            heights += self._draw_curve(index, curve, low, high, columns)
        for key in set(self._items) - wanted:
            self.item.removeItem(self._items.pop(key))
        box = self.item.getViewBox()
        if window is None and not log_x:
            high = _rounded_up(low, high)
        bottom, top = self._steady(*_padded(heights))
        if (shown := (low, high, bottom, top, log_x, log_y)) != self._shown:
            self._shown = shown
            box.setXRange(low, high, padding=0)
            box.setYRange(bottom, top, padding=0)
            self.item.getAxis("bottom").setTicks([log_ticks(low, high)] if log_x else None)
            self.item.getAxis("left").setTicks([log_ticks(bottom, top)] if log_y else None)
        self.widget.scene().prepareForPaint()  # else the first paint moves things, which causes a second one
        self._tell()

    def _steady(self, bottom: float, top: float) -> tuple[float, float]:
        """The heights to show: those shown so far while they still fit, so that the axis is not drawn ever anew."""
        low, high = self._heights
        if not (low <= bottom and top <= high and top - bottom >= LOOSE * (high - low)):
            self._heights = bottom, top
        return self._heights

    def full_range(self) -> tuple[float, float]:
        """First and last step of all curves, in plot units."""
        ends = [self._x(curve.series.steps[[0, -1]]) for curve in self.curves if len(curve.series.steps)]
        if not ends:
            return 0.0, 1.0
        low, high = min(e[0] for e in ends), max(e[1] for e in ends)
        return (low, high) if high > low else (low, low + 1.0)

    def _x(self, steps: np.ndarray) -> np.ndarray:
        return np.log10(np.maximum(steps, 1.0)) if self.log_x else steps

    def _y(self, values: np.ndarray) -> np.ndarray:
        """Plot units of values; on a logarithmic axis what is not positive becomes a gap."""
        if not self.log_y:
            return values
        return np.log10(values, where=values > 0, out=np.full(len(values), np.nan))

    def _draw_curve(self, index: int, curve: Curve, low: float, high: float, columns: int) -> list[float]:
        x, smooth = self._x(curve.series.steps), curve.series.smooth(self.weight_of(curve))
        tint, heights = curve.colour, []
        if "dots" in self._parts(curve):
            self._set_dots(index, x, self._y(smooth), tint)
        if "raw" in self._parts(curve):
            raw_x, raw_y = thinned(x, curve.series.values, low, high, columns)
            faint = QColor(tint)
            faint.setAlpha(70)
            self._set(index, "raw", raw_x, self._y(raw_y), _pen(faint, 1))
            heights += _spread(self._y(raw_y), 0.02) if self.full else []
        smooth_x, smooth_y = averaged(x, smooth, low, high, columns // 3)
        style = Qt.PenStyle.DashLine if curve.pinned else Qt.PenStyle.SolidLine
        self._set(index, "smooth", smooth_x, self._y(smooth_y), _pen(tint, 2, style))
        return heights + (_spread(self._y(smooth_y), 0.0) if self.full else self._ruled(curve, smooth_y))

    def _ruled(self, curve: Curve, y: np.ndarray) -> list[float]:
        """The heights that a curve wants to be seen; of few points the last ones count, as they are what others do."""
        return [*(robust_range(y[-3:] if self._is_sparse(curve) else y) or ())]

    def weight_of(self, curve: Curve) -> float:
        """How much a curve is smoothed: one that is measured only now and then is not."""
        return 0.0 if self._is_sparse(curve) else self.weight

    def _is_sparse(self, curve: Curve) -> bool:
        n = len(curve.series.steps)
        return n <= FEW and SPARSE * n <= max(len(other.series.steps) for other in self.curves)

    def _parts(self, curve: Curve) -> tuple[str, ...]:
        if self._is_sparse(curve):
            return ("smooth",) if curve.pinned else ("smooth", "dots")
        return ("smooth",) if curve.pinned else ("smooth", "raw")

    def _set_dots(self, index: int, x: np.ndarray, y: np.ndarray, tint: QColor) -> None:
        import pyqtgraph as pg

        item = self._items.get((index, "dots"))
        if item is None:
            item = self._items[index, "dots"] = pg.ScatterPlotItem(size=DOT, pen=None)
            item.setZValue(3)
            self.item.addItem(item)
        item.setData(x=x, y=y, brush=tint)

    def _set(self, index: int, part: str, x: np.ndarray, y: np.ndarray, pen: QPen) -> None:
        item = self._items.get((index, part))
        if item is None:
            item = self._items[index, part] = _line_class()(connect="finite", antialias=part == "smooth")
            item.setZValue({"raw": 1, "smooth": 2}[part])
            self.item.addItem(item)
        item.setSegmentedLineMode(
            "off" if pen.style() == Qt.PenStyle.DashLine else "on"
        )  # "on" is several times faster
        item.setData(x=x, y=y, pen=pen, connect="finite")

    # ---- read-out -----------------------------------------------------------------------------------------------

    def hover(self, step: float | None) -> None:
        """Mark a training step and read out every curve there; None for no mark."""
        self._hovered = step
        self._line.setVisible(step is not None)
        if step is not None:
            self._line.setPos(float(self._x(np.array([step]))[0]))
        self._tell()

    def readout(self) -> list[tuple[str, float | None]]:
        """Name (with its owner) and smoothed value of each curve at the hovered step, or at the end."""
        step = float("inf") if self._hovered is None else self._hovered
        names = [f"{c.owner}: {c.name}" if c.owner else c.name for c in self.curves]
        return [(name, curve.series.at(step, self.weight_of(curve))) for name, curve in zip(names, self.curves)]

    def _tell(self) -> None:
        short = self._crowded() and sum(not curve.pinned for curve in self.curves) > 1
        title = f"{self.title}, {self.unit}" if self.unit and self.unit not in self.title else self.title
        parts = [] if short else [_span(title, "dim")]
        for curve in self.curves:
            if not curve.pinned:
                parts.append(self._told(curve))
        line = "&nbsp;&nbsp; ".join(parts)
        if line != self.head.text():
            self.head.setText(line)

    def _crowded(self) -> bool:
        return self._hovered is not None and any(curve.pinned for curve in self.curves)

    def _told(self, curve: Curve) -> str:
        """A curve's entry in the legend; while a step is hovered with its value and those of pinned runs there."""
        single = sum(not other.pinned for other in self.curves) == 1
        alone = single and len(self.curves) == 1
        dot = "" if alone else f'<span style="color:{curve.colour.name()}">●</span> '
        entry = dot + ("" if single else _span(_readable(curve.label or curve.name), "dim"))
        if self._hovered is None:
            return entry
        digits = 3 if self._crowded() else 4
        value = _told_number(curve.series.at(self._hovered, self.weight_of(curve)), digits)
        entry += f" <b>{_span(value, 'text')}</b>"
        for other in self.curves:
            if other.pinned and other.name == curve.name:
                value = _told_number(other.series.at(self._hovered, self.weight_of(other)), digits)
                entry += f' <span style="color:{other.colour.name()}">╌</span> {_span(value, "text")}'
        return entry

    def _hover(self, place: Any) -> None:
        box = self.item.getViewBox()
        if box.sceneBoundingRect().contains(place):
            x = box.mapSceneToView(place).x()
            self.step_hovered.emit(float(10**x if self.log_x else x))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._step_label.adjustSize()
            self._step_label.move(12, self.widget.height() - self._step_label.height() - 3)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.range_chosen.emit(None)
        elif event.type() == QEvent.Type.Leave:
            self.step_hovered.emit(float("nan"))
        return False

    def restyle(self) -> None:
        """Take the colours of the theme."""
        for name in ("left", "bottom"):
            axis = self.item.getAxis(name)
            axis.setPen(_pen(theme.colour("disabled"), 1))
            axis.setTextPen(theme.colour("dim"))
            axis.setStyle(tickFont=theme.font(11), tickLength=-4, maxTickLevel=1)
        self._step_label.setFont(theme.font(11))
        self._line.setPen(_pen(theme.colour("dim"), 1, Qt.PenStyle.DotLine))
        self._tell()


@lru_cache(maxsize=1)
def _axis_class() -> type[Any]:
    """pyqtgraph's axis, painted in half the time.

    It is painted at once instead of into a QPicture, which lays out every label anew when it is played, and its grid
    has the opaque colour that the translucent one gives on the panel: blending a thin line takes ten times as long.
    """
    import pyqtgraph as pg

    class Axis(pg.AxisItem):
        picture: Any  # what to draw; pyqtgraph forgets it whenever range, size or style change

        def paint(self, painter: Any, option: Any, widget: Any) -> None:
            if self.style["tickFont"]:
                painter.setFont(self.style["tickFont"])
            if self.picture is None:
                self.picture = self.generateDrawSpecs(painter) or ()
            if self.picture:
                axis, ticks, texts = self.picture
                self.drawPicture(painter, axis, [(opaque(pen), *ends) for pen, *ends in ticks], texts)

    return Axis


@lru_cache(maxsize=1)
def _line_class() -> type[Any]:
    """A curve that is taken to fill the view: to find out where it is takes longer than to draw it."""
    import pyqtgraph as pg

    class Line(pg.PlotCurveItem):
        def boundingRect(self) -> QRectF:
            box = self.getViewBox()
            return box.viewRect() if box is not None else super().boundingRect()

    return Line


def opaque(pen: QPen) -> QPen:
    """The pen with the colour that it gives on the panel, without translucency."""
    solid = QPen(pen)
    solid.setColor(_blended(pen.color().rgba(), theme.colour("panel").rgba()))
    return solid


@lru_cache(maxsize=256)
def _blended(over: int, ground: int) -> QColor:
    one, other = QColor.fromRgba(over), QColor.fromRgba(ground)
    share = one.alphaF()
    pairs = zip((one.red(), one.green(), one.blue()), (other.red(), other.green(), other.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in pairs))


def number(value: float, digits: int = 4) -> str:
    """A value in few characters: ``digits`` figures, or whole numbers where those would not do."""
    return f"{value:,.0f}" if abs(value) >= 10 ** min(digits, 4) else f"{value:.{digits}g}"


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks of a logarithmic axis from 10^low to 10^high: 1, 2, 5, 10 ... or powers of ten, at most about seven."""
    if not high > low:
        return []
    stride = max(1, math.ceil((high - low) / 7))
    steps = (1, 2, 5) if high - low <= 2 else (1,)
    decades = [k for k in range(math.floor(low), math.ceil(high) + 1) if k % stride == 0 or len(steps) > 1]
    places = [(k + math.log10(step), step * 10.0**k) for k in decades for step in steps]
    return [
        (at, f"{value:,.6g}" if 1e-4 < value < 1e6 else f"{value:.0e}") for at, value in places if low <= at <= high
    ]


def _readable(name: str) -> str:
    return " ".join(ABBREVIATIONS.get(word, word) for word in name.split(" "))


def _told_number(value: float | None, digits: int) -> str:
    return "–" if value is None else number(value, digits)


def _span(text: str, token: str) -> str:
    return f'<span style="color:{theme.colour(token).name()}">{html.escape(text)}</span>'


def _pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    return pen


def _spread(y: np.ndarray, tail: float) -> list[float]:
    finite = y[np.isfinite(y)]
    return [float(v) for v in np.quantile(finite, [tail, 1 - tail])] if len(finite) else []


def _rounded_up(low: float, high: float) -> float:
    """A little more room than steps have taken so far, by twentieths or so: an axis that moves is drawn anew."""
    span = high - low
    if not span > 20:
        return high
    unit = 10.0 ** math.floor(math.log10(span)) / 20
    return low + math.ceil(span / unit) * unit


def _padded(heights: list[float]) -> tuple[float, float]:
    low, high = (min(heights), max(heights)) if heights else (0.0, 1.0)
    margin = max(0.09 * (high - low), 0.01 * max(abs(low), abs(high))) or 0.5
    return low - margin, high + margin
