"""The GAN lab's column: the console, what can be set while it trains, and the remedies."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from genplay.ui.form import LABEL_WIDTH
from genplay.ui.gan.console import Console
from genplay.ui.gan.remedy_box import RemedyBox
from genplay.ui.gan.session import GanSession
from genplay.ui.gan.state import AHEAD, MOST_AHEAD
from genplay.ui.sidebar import section
from genplay.ui.views.slider import ValueSlider

CRITIC = "critic_steps"


class GanInspector(QWidget):
    """Console, critic steps, how far the ghosts look ahead, remedies."""

    def __init__(self, session: GanSession) -> None:
        super().__init__()
        self.session = session
        self.console, self.remedies = Console(session), RemedyBox(session)
        self.critic = self._critic_slider()
        self.ahead = self._ahead_slider()
        self.critic_row, self.ahead_row = _row("critic steps", self.critic), _row("ghosts ahead", self.ahead)
        self.remedy_head = section("Remedies")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 8)
        whole.setSpacing(8)
        for widget in (self.console, self.critic_row, self.ahead_row, self.remedy_head, self.remedies):
            whole.addWidget(widget)
        for signal in (session.run_changed, session.news, session.knobs_changed):
            signal.connect(self._follow)
        session.changed.connect(lambda _: self._follow())
        session.run_changed.connect(self._fit_knob)
        self._fit_knob()
        self._follow()

    def _critic_slider(self) -> ValueSlider:
        slider = ValueSlider(1, 20, 1, 1, integer=True)
        slider.setAccessibleName("Critic steps")
        slider.setToolTip(f"Steps of the discriminator before each one of the generator\n{slider.toolTip()}")
        slider.moved.connect(lambda value: self.session.slide_knob(CRITIC, round(value)))
        slider.released.connect(lambda _: self.session.end_slide("change the critic steps"))
        return slider

    def _ahead_slider(self) -> ValueSlider:
        slider = ValueSlider(1, MOST_AHEAD, AHEAD, AHEAD, integer=True, unit="steps")
        slider.setAccessibleName("Steps that the ghosts are ahead")
        slider.setToolTip(
            f"The dotted line is where D will not be able to tell after so many steps\n{slider.toolTip()}"
        )
        slider.released.connect(lambda value: self.session.set("look further ahead", ahead=round(value)))
        return slider

    def _fit_knob(self) -> None:
        knob = self.session.knob(CRITIC)
        if knob is not None and knob.high is not None:
            self.critic.low, self.critic.high = float(knob.low or 1), float(knob.high)

    def _follow(self) -> None:
        critic = self.session.value(CRITIC)
        if self.session.knob(CRITIC) is not None:
            self.critic.set_value(critic)
        self.ahead.set_value(self.session.state.ahead)
        shown = (
            (self.critic_row, self.session.knob(CRITIC) is not None),
            (self.ahead_row, self.session.points and self.session.state.shows("ghosts")),
            (self.remedy_head, bool(self.remedies.boxes)),
            (self.remedies, bool(self.remedies.boxes)),
        )
        for widget, wanted in shown:
            if widget.isHidden() == wanted:
                widget.setVisible(wanted)


def _row(name: str, slider: ValueSlider) -> QWidget:
    row, label = QWidget(), QLabel(name)
    label.setProperty("role", "dim")
    label.setFixedWidth(LABEL_WIDTH)
    label.setBuddy(slider)
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label)
    layout.addWidget(slider, 1)
    return row
