"""The look: contrast, icons, fonts and the switch of theme."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QApplication, QLabel

from genplay.ui import theme

GROUNDS = ("background", "panel", "card", "hover", "selected")
WRITTEN = ("text", "dim", "accent", "good", "warn", "bad")


@pytest.fixture(autouse=True)
def _styled(qapp):
    theme.start(qapp, "dark")
    yield
    theme.set_mode("dark")


def luminance(colour: QColor) -> float:
    """Relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: QColor, b: QColor) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula_knows_black_on_white():
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", WRITTEN)
def test_all_text_is_readable_on_all_grounds(mode, ground, ink):
    theme.set_mode(mode)
    assert contrast(theme.colour(ink), theme.colour(ground)) >= 4.5


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_text_on_the_accent_is_readable(mode):
    theme.set_mode(mode)
    assert contrast(theme.colour("accent_text"), theme.colour("accent")) >= 4.5


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_every_icon_is_drawn_in_the_theme_s_colour(mode):
    theme.set_mode(mode)
    for name in theme.icon_names():
        image = theme.icon(name, "accent").pixmap(32, 32).toImage()
        seen = {
            image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
        }
        assert theme.colour("accent").name() in seen, name


def test_an_icon_follows_a_switch_of_theme():
    icon = theme.icon("play")
    theme.set_mode("dark")
    dark = icon.pixmap(24, 24).toImage()
    theme.set_mode("light")
    assert icon.pixmap(24, 24).toImage() != dark


def test_an_unknown_icon_is_a_mistake():
    with pytest.raises(KeyError):
        theme.icon("no such icon")


def test_the_bundled_font_is_used_with_figures_of_one_width(qapp):
    assert QFontInfo(qapp.font()).family() == "Inter"
    label = QLabel()
    widths = {label.fontMetrics().horizontalAdvance(digit * 8) for digit in "0123456789"}
    assert len(widths) == 1


def test_a_switch_is_told_once_and_changes_the_palette(qtbot):
    with qtbot.waitSignal(theme.signals().changed):
        theme.set_mode("light")
    assert theme.shown() == "light"
    assert QApplication.palette().window().color() == theme.colour("background")
    assert "@" not in theme.style_sheet()


def test_families_keep_their_colour_in_both_themes():
    theme.set_mode("dark")
    dark = [theme.family_colour(name).name() for name in theme.FAMILIES]
    theme.set_mode("light")
    assert [theme.family_colour(name).name() for name in theme.FAMILIES] == dark
    assert len(set(dark)) == len(dark)
