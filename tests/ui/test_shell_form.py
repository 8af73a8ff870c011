"""The slider and the form made from knobs, worked by mouse and keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox

from genplay.contract.knob import Knob
from genplay.ui import theme
from genplay.ui.form import Form
from genplay.ui.views.slider import ValueSlider

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture(autouse=True)
def _styled(qapp):
    theme.start(qapp, "dark")


def shown(qtbot, slider: ValueSlider) -> ValueSlider:
    qtbot.addWidget(slider)
    slider.resize(240, 28)
    slider.show()
    return slider


def place(slider: ValueSlider, fraction: float) -> QPoint:
    track = slider.track()
    return QPoint(round(track.left() + fraction * track.width()), round(track.center().y()))


def drag(slider: ValueSlider, start: float, end: float, modifiers=NONE) -> None:
    a, b = place(slider, start), place(slider, end)
    QTest.mousePress(slider, LEFT, modifiers, a)
    for step in range(1, 9):
        at = QPointF(a.x() + (b.x() - a.x()) * step / 8, a.y())
        _move(slider, at, modifiers)
    QTest.mouseRelease(slider, LEFT, modifiers, b)


def _move(slider: ValueSlider, at: QPointF, modifiers) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    event = QMouseEvent(QEvent.Type.MouseMove, at, slider.mapToGlobal(at), Qt.MouseButton.NoButton, LEFT, modifiers)
    QApplication.sendEvent(slider, event)


def wheel(slider: ValueSlider, notches: int) -> None:
    centre = QPointF(slider.rect().center())
    turn = QPoint(0, 120 * notches)
    event = QWheelEvent(
        centre,
        slider.mapToGlobal(centre),
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(slider, event)


def test_a_drag_moves_the_value_and_ends_once(qtbot):
    slider = shown(qtbot, ValueSlider(-3, 3, 0))
    moved, released = [], []
    slider.moved.connect(moved.append)
    slider.released.connect(released.append)
    drag(slider, 0.5, 0.75)
    assert slider.value() == pytest.approx(1.5, abs=0.1)
    assert moved == sorted(moved)
    assert len(moved) == 8
    assert released == [slider.value()]


def test_shift_slows_a_drag_tenfold(qtbot):
    fast, slow = (shown(qtbot, ValueSlider(0, 1, 0.5)) for _ in range(2))
    drag(fast, 0.5, 0.9)
    drag(slow, 0.5, 0.9, SHIFT)
    assert slow.value() - 0.5 == pytest.approx((fast.value() - 0.5) / 10, rel=0.05)


def test_a_press_on_the_track_brings_the_handle(qtbot):
    slider = shown(qtbot, ValueSlider(0, 100, 0, integer=True))
    QTest.mouseClick(slider, LEFT, NONE, place(slider, 0.8))
    assert slider.value() == pytest.approx(80, abs=2)


def test_double_click_resets(qtbot):
    slider = shown(qtbot, ValueSlider(0, 10, 7, 3))
    QTest.mouseDClick(slider, LEFT, NONE, place(slider, 0.7))
    assert slider.value() == 3


def test_a_turn_of_the_wheel_is_one_change(qtbot):
    slider = shown(qtbot, ValueSlider(0, 100, 50))
    with qtbot.waitSignal(slider.released, timeout=2000):
        for _ in range(3):
            wheel(slider, 1)
    assert slider.value() == pytest.approx(53)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Right, 51),
        (Qt.Key.Key_Left, 49),
        (Qt.Key.Key_PageUp, 60),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_End, 100),
        (Qt.Key.Key_Delete, 20),
    ],
)
def test_keys_step(qtbot, key, expected):
    slider = shown(qtbot, ValueSlider(0, 100, 50, 20, integer=True))
    QTest.keyClick(slider, key)
    assert slider.value() == expected


def test_a_log_scale_has_equal_factors_at_equal_distances(qtbot):
    slider = shown(qtbot, ValueSlider(1e-4, 1, 1e-4, scale="log"))
    QTest.mouseClick(slider, LEFT, NONE, place(slider, 0.5))
    assert slider.value() == pytest.approx(1e-2, rel=0.1)
    assert slider.text().startswith(("0.01", "1e", "0.009"))


def test_a_whole_number_on_a_log_scale_never_sticks(qtbot):
    slider = shown(qtbot, ValueSlider(1, 512, 1, integer=True, scale="log"))
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == 2


def test_numbers_are_written_with_a_true_minus_and_a_sign_where_wanted(qtbot):
    assert shown(qtbot, ValueSlider(-3, 3, -1.2)).text() == "−1.20"
    assert shown(qtbot, ValueSlider(-3, 3, 1.2, signed=True)).text() == "+1.20"
    assert shown(qtbot, ValueSlider(0, 50000, 12431, integer=True)).text() == "12,431"
    assert shown(qtbot, ValueSlider(-3, 3, -0.001)).text() == "0.00"
    assert shown(qtbot, ValueSlider(-3, 3, -0.001, signed=True)).text() == "+0.00"


def test_a_knob_whose_range_ends_just_below_one_shows_enough_places(qtbot):
    form = Form((Knob("decay", 0.999, "EMA decay", "how slowly", low=0.0, high=0.9999),), {"decay": 0.9998})
    qtbot.addWidget(form)
    assert form.control("decay").text() == "0.9998"


def test_the_text_of_a_number_field_keeps_off_the_edge(qtbot):
    form = Form((Knob("seed", 42, "seed", "of all randomness", low=0),), {})
    qtbot.addWidget(form)
    assert form.control("seed").findChild(QLineEdit).textMargins().left() >= 6


# ---- form

KNOBS = (
    Knob("beta", 1.0, "β", "weight", low=0.01, high=20.0, scale="log", live=True),
    Knob("size", 16, "size", "numbers", low=2, high=64),
    Knob("warmup", "none", "warm-up", "how", choices=("none", "linear")),
    Knob("steps", 100, "steps", "how long", low=0, high=1000, shown_if=("warmup", ("linear",))),
    Knob("clip", True, "clip", "or not", live=True),
    Knob("path", "", "folder", "where"),
    Knob("seed", 0, "seed", "of the noise"),
    Knob("offset", 0.5, "offset", "without ends"),
)


@pytest.fixture
def form(qtbot) -> Form:
    made = Form(KNOBS, {"size": 32, "beta": "nonsense"})
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    return made


def test_each_knob_has_the_control_that_suits_it(form):
    kinds = [type(form.control(k.name)) for k in KNOBS]
    assert kinds[0] is kinds[1] is kinds[3] is ValueSlider
    assert issubclass(kinds[2], QComboBox)
    assert kinds[4:] == [QCheckBox, QLineEdit, QSpinBox, QDoubleSpinBox]
    assert form.values()["size"] == 32
    assert form.values()["beta"] == 1.0
    assert all(form.control(k.name).accessibleName() == k.label for k in KNOBS)


def test_a_row_appears_when_the_knob_it_hangs_on_says_so(form):
    assert form.row("steps").isHidden()
    form.set_value("warmup", "linear")
    assert not form.row("steps").isHidden()


def test_only_live_knobs_when_asked(form):
    form.set_live_only(True)
    assert [k.name for k in KNOBS if not form.row(k.name).isHidden()] == ["beta", "clip"]


def test_a_drag_is_many_changes_and_one_edit(form):
    changed, edited = [], []
    form.changed.connect(lambda name, value: changed.append((name, value)))
    form.edited.connect(lambda *edit: edited.append(edit))
    drag(form.control("size"), 0.48, 0.9)
    assert len(changed) > 3
    assert all(type(value) is int for _, value in changed)
    assert edited == [("size", 32, form.values()["size"])]


def test_other_controls_tell_one_edit_each(form):
    edited = []
    form.edited.connect(lambda *edit: edited.append(edit))
    form.control("clip").click()
    QTest.keyClick(form.control("warmup"), Qt.Key.Key_Down)
    form.control("path").setFocus()
    QTest.keyClicks(form.control("path"), "/tmp")
    QTest.keyClick(form.control("path"), Qt.Key.Key_Return)
    assert ("clip", True, False) in edited
    assert ("warmup", "none", "linear") in edited
    assert ("path", "", "/tmp") in edited


def test_the_engine_does_not_fight_the_hand_that_drags(form):
    slider = form.control("beta")
    QTest.mousePress(slider, LEFT, NONE, place(slider, 0.9))
    held = form.values()["beta"]
    form.set_value("beta", 0.02)
    assert form.values()["beta"] == held
    QTest.mouseRelease(slider, LEFT, NONE, place(slider, 0.9))
    form.set_value("beta", 0.02)
    assert form.values()["beta"] == 0.02


def test_set_value_is_silent_and_ignores_what_cannot_be(form):
    changed = []
    form.changed.connect(lambda *change: changed.append(change))
    for name, value in [
        ("beta", 1e9),
        ("beta", None),
        ("nothing", 1),
        ("warmup", "magic"),
        ("seed", 9),
        ("clip", False),
    ]:
        form.set_value(name, value)
    assert changed == []
    assert (form.values()["beta"], form.values()["warmup"], form.values()["seed"]) == (1.0, "none", 9)
    assert form.control("seed").value() == 9


def test_an_empty_text_says_dimly_what_it_stands_for(qtbot):
    form = Form([Knob("of", "", "of", "whose", example="the first one")], {})
    qtbot.addWidget(form)
    line = form.control("of")
    assert isinstance(line, QLineEdit)
    assert (line.text(), line.placeholderText()) == ("", "the first one")
