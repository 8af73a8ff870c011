"""Colours, fonts, icons and the style sheet of the window, dark and light.

Custom-painted widgets read :func:`colour` when they paint; a switch of theme repaints every widget, so they follow by
themselves. What keeps colours (plots) listens to ``signals().changed``.
"""

from __future__ import annotations

import json
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit

from genplay.contract import paths

TOKENS: dict[str, dict[str, str]] = {
    "dark": {
        "background": "#0f1115",
        "panel": "#161920",
        "card": "#1d212a",
        "line": "#2a2f3a",
        "text": "#e6e9ef",
        "dim": "#98a1b3",
        "accent": "#7aa2f7",
        "accent_text": "#0f1115",
        "good": "#9ece6a",
        "warn": "#e0af68",
        "bad": "#f7768e",
        "hover": "#262b36",
        "selected": "#212a3e",
        "handle": "#e6e9ef",
        "disabled": "#596172",
    },
    "light": {
        "background": "#f6f7f9",
        "panel": "#ffffff",
        "card": "#eef0f4",
        "line": "#d9dde5",
        "text": "#1b1f27",
        "dim": "#5a6374",
        "accent": "#2f5fd0",
        "accent_text": "#ffffff",
        "good": "#336d18",
        "warn": "#825600",
        "bad": "#b82743",
        "hover": "#e3e7ee",
        "selected": "#e1e9fb",
        "handle": "#ffffff",
        "disabled": "#a4abb9",
    },
}
FAMILIES = {
    "vae": "#56B4E9",
    "hierarchical_vae": "#8FB8DE",
    "adversarial_autoencoder": "#7FC8A9",
    "vqvae": "#8FBC5A",
    "vq_prior": "#5F8F3A",
    "flow_matching": "#B39DDB",
    "latent_diffusion": "#B0568A",
    "gan": "#E69F00",
    "diffusion": "#CC79A7",
    "flow": "#009E73",
    "autoregressive": "#F0E442",
    "energy": "#D55E00",
    "score": "#0072B2",
    "discrete_diffusion": "#999999",
}
MODES = ("system", "dark", "light")
WEIGHTS = ("Regular", "Medium", "SemiBold", "Bold")


class ThemeSignals(QObject):
    """``changed`` is emitted after a switch of theme."""

    changed = Signal()


class _Theme:
    mode = "dark"  # of MODES
    shown = "dark"  # a key of TOKENS
    styled: QCoreApplication | None = None  # the application that has been given its style
    signals: ThemeSignals | None = None


def signals() -> ThemeSignals:
    """The signals of the theme."""
    if _Theme.signals is None:
        _Theme.signals = ThemeSignals()
    return _Theme.signals


def __getattr__(name: str) -> ThemeSignals:
    if name == "themed":
        return signals()
    raise AttributeError(name)


def mode() -> str:
    """The chosen mode: "system", "dark" or "light"."""
    return _Theme.mode


def shown() -> str:
    """The theme on screen: "dark" or "light"."""
    return _Theme.shown


def colour(token: str) -> QColor:
    """The colour of a token in the theme on screen."""
    return QColor(TOKENS[_Theme.shown][token])


def family_colour(name: str) -> QColor:
    """The colour of a model family, the same in both themes; grey for one that is not listed."""
    return QColor(FAMILIES.get(name, "#999999"))


def learn_colours(colours: dict[str, str]) -> None:
    """Take the colours of families that are not among those known before the engine is there."""
    for name, colour in colours.items():
        FAMILIES.setdefault(name, colour)


def set_mode(mode: str) -> None:
    """Show "dark", "light" or what the "system" prefers, and style the application."""
    _Theme.mode = mode if mode in MODES else "system"
    shown = _system() if _Theme.mode == "system" else _Theme.mode
    app = QApplication.instance()
    if shown == _Theme.shown and _Theme.styled is app:
        return
    _Theme.shown, _Theme.styled = shown, app
    if isinstance(app, QApplication):
        _style(app)
    signals().changed.emit()


def start(app: QApplication, mode: str = "system") -> None:
    """Load the fonts, follow the system's scheme, and style the application. Once; later calls only set the mode."""
    if app.property("genplay theme"):
        set_mode(mode)
        return
    app.setProperty("genplay theme", True)
    app.setStyle("fusion")
    load_fonts()
    font = QFont("Inter")
    font.setPixelSize(13)
    font.setFeature(QFont.Tag("tnum"), 1)  # figures of one width, so that changing numbers keep still
    app.setFont(font)
    app.styleHints().colorSchemeChanged.connect(_follow)
    set_mode(mode)


def _follow() -> None:
    if _Theme.mode == "system":
        set_mode("system")


def _system() -> str:
    hints = QGuiApplication.styleHints() if QGuiApplication.instance() else None
    return "light" if hints and hints.colorScheme() == Qt.ColorScheme.Light else "dark"


def _style(app: QApplication) -> None:
    app.setPalette(palette())
    app.setStyleSheet(style_sheet())
    for widget in app.allWidgets():
        widget.update()


# ---- fonts and icons ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def load_fonts() -> None:
    """Register the bundled fonts, once."""
    folder = paths.shipped("assets") / "fonts"
    for weight in WEIGHTS:
        QFontDatabase.addApplicationFont(str(folder / f"Inter-{weight}.otf"))


@lru_cache(maxsize=1)
def _icon_font() -> tuple[str, dict[str, str]]:
    folder = paths.shipped("assets") / "fonts"
    number = QFontDatabase.addApplicationFont(str(folder / "genplay-icons.ttf"))
    families = QFontDatabase.applicationFontFamilies(number)
    points = json.loads((folder / "icons.json").read_text())
    return families[0], {name: chr(int(point, 16)) for name, point in points.items()}


def font(pixels: int = 13, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The interface's font in another size or weight, for custom-painted widgets."""
    made = QFont(QApplication.font())
    made.setPixelSize(pixels)
    made.setWeight(weight)
    return made


@lru_cache(maxsize=1)
def _mono_family() -> str:
    number = QFontDatabase.addApplicationFont(str(paths.shipped("assets") / "fonts" / "JetBrainsMono-Regular.ttf"))
    return QFontDatabase.applicationFontFamilies(number)[0]


def mono(pixels: int = 13) -> QFont:
    """The font of texts that models write: every character is as wide as every other."""
    made = QFont(_mono_family())
    made.setPixelSize(pixels)
    return made


class _GlyphEngine(QIconEngine):
    """Draws one glyph of the icon font in a theme colour, at any size and pixel ratio."""

    def __init__(self, glyph: str, token: str) -> None:
        super().__init__()
        self.glyph, self.token = glyph, token

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = "disabled" if mode == QIcon.Mode.Disabled else self.token
        draw_glyph(painter, QRectF(rect), self.glyph, colour(token))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self.glyph, self.token)


def draw_glyph(painter: QPainter, rect: QRectF, glyph: str, tint: QColor) -> None:
    """Draw one glyph of the icon font centred in ``rect``."""
    face = QFont(_icon_font()[0])
    face.setPixelSize(max(1, round(min(rect.width(), rect.height()))))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setFont(face)
    painter.setPen(tint)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, glyph)
    painter.restore()


def draw_icon(painter: QPainter, rect: QRectF, name: str, tint: QColor) -> None:
    """Draw a named icon centred in ``rect``, for custom-painted widgets."""
    draw_glyph(painter, rect, _icon_font()[1][name], tint)


def icon(name: str, token: str = "text") -> QIcon:
    """A named icon that follows the theme; ``KeyError`` for a name that assets/fonts/icons.json does not list."""
    return QIcon(_GlyphEngine(_icon_font()[1][name], token))


def icon_names() -> list[str]:
    """The names that :func:`icon` takes."""
    return sorted(_icon_font()[1])


def padded(spin: QAbstractSpinBox) -> QAbstractSpinBox:
    """The same number field, its text as far from the edge as that of other fields (style sheets cannot do it)."""
    line = spin.findChild(QLineEdit)
    if line is not None:
        line.setTextMargins(6, 0, 6, 0)
    return spin


def dot(token_or_colour: str | QColor, size: int = 10) -> QPixmap:
    """A filled circle, as the family dot of a run."""
    tint = colour(token_or_colour) if isinstance(token_or_colour, str) else token_or_colour
    ratio = QGuiApplication.primaryScreen().devicePixelRatio() if QGuiApplication.primaryScreen() else 1.0
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    painter.drawEllipse(QPointF(size / 2, size / 2), size / 2 - 0.5, size / 2 - 0.5)
    painter.end()
    return pixmap


# ---- palette and style sheet --------------------------------------------------------------------------------------


def palette() -> QPalette:
    """The palette of the theme on screen."""
    made = QPalette()
    role = QPalette.ColorRole
    tokens = {
        role.Window: "background",
        role.WindowText: "text",
        role.Base: "card",
        role.AlternateBase: "panel",
        role.Text: "text",
        role.Button: "card",
        role.ButtonText: "text",
        role.BrightText: "bad",
        role.Highlight: "accent",
        role.HighlightedText: "accent_text",
        role.ToolTipBase: "card",
        role.ToolTipText: "text",
        role.PlaceholderText: "dim",
        role.Link: "accent",
        role.Accent: "accent",
        role.Mid: "line",
        role.Midlight: "line",
        role.Light: "line",
        role.Dark: "line",
        role.Shadow: "background",
    }
    for where, token in tokens.items():
        made.setColor(where, colour(token))
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, colour("disabled"))
    return made


def style_sheet() -> str:
    """The style sheet of the theme on screen."""
    sheet = _SHEET
    sheet = sheet.replace("@folder", (paths.shipped("assets") / "fonts").as_posix()).replace("@mode", _Theme.shown)
    for token in sorted(TOKENS[_Theme.shown], key=len, reverse=True):
        sheet = sheet.replace(f"@{token}", TOKENS[_Theme.shown][token])
    return sheet


_SHEET = """
QWidget { color: @text; }
QMainWindow, QDialog, QWidget[role="background"] { background: @background; }
QWidget[role="panel"] { background: @panel; }
QWidget[role="clear"] { background: transparent; }
QFrame[role="card"] { background: @card; border-radius: 8px; }
QFrame[role="hairline"] { background: @line; border: none; }
QLabel { background: transparent; }
QLabel:disabled { color: @disabled; }
QLabel[role="section"] { color: @dim; font-size: 11px; font-weight: 600; letter-spacing: 1px; }
QLabel[role="title"] { font-size: 18px; font-weight: 600; }
QLabel[role="logo"] { font-size: 15px; font-weight: 700; }
QLabel[role="dim"] { color: @dim; font-size: 12px; }
QLabel[role="number"] { color: @text; }
QLabel[role="good"] { color: @good; }
QLabel[role="warn"] { color: @warn; }
QLabel[role="bad"] { color: @bad; }

QPushButton, QToolButton {
    background: @card; border: 1px solid @line; border-radius: 6px; padding: 0 12px; min-height: 28px;
    font-weight: 500; outline: none;
}
QToolButton { padding: 0 8px; }
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:pressed, QToolButton:pressed { background: @line; }
QPushButton:checked, QToolButton:checked { background: @selected; border-color: @accent; }
QPushButton:focus, QToolButton:focus { border-color: @accent; }
QPushButton:disabled, QToolButton:disabled { color: @disabled; background: transparent; }
QPushButton[role="primary"], QToolButton[role="primary"] {
    background: @accent; border-color: @accent; color: @accent_text;
}
QPushButton[role="primary"]:focus, QToolButton[role="primary"]:focus { border: 2px solid @text; }
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {
    background: transparent; border-color: @line; color: @disabled;
}
QPushButton[role="icon"], QToolButton[role="icon"] { padding: 0; min-width: 30px; }
QPushButton[role="icon"], QPushButton[role="wide-icon"], QPushButton[role="flat"] { padding-left: 4px; }
QPushButton[role="wide-icon"] { padding-right: 0; min-width: 38px; max-width: 38px; }
QPushButton[role="wide-icon"][on="true"] { background: @accent; border-color: @accent; }
QPushButton[role="wide-icon"][on="true"]:focus { border: 2px solid @text; }
QPushButton[role="wide-icon"][on="true"]:disabled { background: transparent; border-color: @line; }
QPushButton[role="flat"], QToolButton[role="flat"] {
    background: transparent; border-color: transparent; padding: 0; min-width: 26px; min-height: 24px;
}
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: @hover; }
QPushButton[role="flat"]:focus, QToolButton[role="flat"]:focus { border-color: @accent; }
QPushButton[role="chip"], QToolButton[role="chip"] { padding: 0 8px; min-height: 22px; font-size: 12px; }
QPushButton[role="tab"] {
    background: transparent; border-color: transparent; padding: 0 10px; min-height: 28px; text-align: center;
}
QPushButton[role="tab"]:hover { background: @card; }
QPushButton[role="tab"]:checked { background: @card; }
QPushButton[role="tab"]:focus { border-color: @accent; }
QPushButton[role="tab"]:disabled { color: @disabled; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: @card; border: 1px solid @line; border-radius: 6px; padding: 0 8px; min-height: 26px;
    selection-background-color: @accent; selection-color: @accent_text;
}
QPlainTextEdit, QTextEdit { padding: 8px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: @accent;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: @disabled; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
    width: 0; border: none;
}
QAbstractSpinBox QLineEdit { border: none; background: transparent; padding: 0; min-height: 0; }
QComboBox::drop-down { border: none; width: 20px; subcontrol-position: center right; }
QComboBox::down-arrow { image: url("@folder/chevron-@mode.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView {
    background: @card; border: 1px solid @line; padding: 4px; outline: none;
    selection-background-color: @hover; selection-color: @text;
}
QCheckBox, QRadioButton { spacing: 8px; min-height: 24px; background: transparent; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid @dim; border-radius: 4px; background: @card; }
QCheckBox::indicator:hover { border-color: @accent; }
QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url("@folder/check-@mode.svg"); }
QCheckBox:disabled { color: @disabled; }

QScrollArea, QScrollArea > QWidget > QWidget[role="panel"] { border: none; }
QScrollArea { background: transparent; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 8px; }
QScrollBar:horizontal { height: 8px; }
QScrollBar::handle { background: @line; border-radius: 3px; margin: 1px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: @disabled; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: none; border: none; width: 0; height: 0;
}
QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: @accent; }

QMenu { background: @card; border: 1px solid @line; border-radius: 8px; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: @hover; }
QMenu::item:disabled { color: @disabled; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }
QToolTip { background: @card; color: @text; border: 1px solid @line; padding: 4px 8px; }
QProgressBar { background: @line; border: none; border-radius: 1px; max-height: 2px; text-align: center; }
QProgressBar::chunk { background: @accent; border-radius: 1px; }
QListView, QListWidget, QTreeView, QTableView { background: transparent; border: none; outline: none; }
QListView::item, QListWidget::item { padding: 4px 8px; border-radius: 6px; }
QListView::item:hover { background: @card; }
QListView::item:selected { background: @selected; color: @text; }
QListView::item:disabled { color: @dim; background: transparent; }
QListView:focus { border: 1px solid @accent; border-radius: 6px; }
QListView { border: 1px solid transparent; }
QHeaderView::section { background: @panel; color: @dim; border: none; padding: 4px 8px; }
"""
