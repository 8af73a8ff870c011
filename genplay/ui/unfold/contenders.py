"""Who takes part in a duel: a sampler and a number of steps each, chosen in a table that a button opens."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget, QWidgetAction

from genplay.contract.sampling import SAMPLERS
from genplay.ui.unfold.part import dim_label

Contender = tuple[str, int]  # sampler and steps; 0 steps for one that finds its own
STEPS = (5, 10, 20, 50, 100)
ADAPTIVE = "rk45"
MOST = 40
USUAL: tuple[Contender, ...] = (
    *((sampler, steps) for sampler in ("ddim", "euler", "heun", "dpm++2m") for steps in (5, 10, 20, 50)),
    ("ddpm", 50),
)


def contenders_of(plain: object) -> tuple[Contender, ...]:
    """Contenders read from stored settings (lists of a name and a number); the usual ones where they are damaged."""
    if not isinstance(plain, list | tuple):
        return USUAL
    read = [tuple(pair) for pair in plain[:MOST] if isinstance(pair, list | tuple) and len(pair) == 2]
    known = [(s, n) for s, n in read if isinstance(s, str) and s in SAMPLERS and type(n) is int and 0 <= n <= 1000]
    return in_order(known) if len(known) == len(plain) else USUAL


def in_order(contenders: Iterable[Contender]) -> tuple[Contender, ...]:
    """Each once, sampler by sampler as they are listed, by steps."""
    names = list(SAMPLERS)
    return tuple(sorted(set(contenders), key=lambda pair: (names.index(pair[0]), pair[1])))


def settings_of(contender: Contender) -> dict[str, object]:
    """The sampler's settings in which a contender differs from the others."""
    sampler, steps = contender
    return {"sampler": sampler} if sampler == ADAPTIVE else {"sampler": sampler, "steps": steps}


def title_of(contender: Contender) -> str:
    """A contender in few words."""
    sampler, steps = contender
    return SAMPLERS[sampler] if sampler == ADAPTIVE else f"{SAMPLERS[sampler]} {steps}"


class ContenderChoice(QPushButton):
    """A button that says how many take part, and opens the table; ``chosen`` gives the contenders in order."""

    chosen = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.contenders: tuple[Contender, ...] = ()
        self.boxes: dict[Contender, QCheckBox] = {}
        self.setToolTip("Choose which samplers take part, with how many steps")
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(2)
        self._fill()
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(inside)
        menu.addAction(action)
        self.setMenu(menu)

    def _fill(self) -> None:
        for column, steps in enumerate(STEPS):
            head = dim_label(f"{steps} steps" if column == 0 else f"{steps}")
            self._grid.addWidget(head, 0, column + 1, Qt.AlignmentFlag.AlignLeft)
        for row, (sampler, title) in enumerate(SAMPLERS.items(), start=1):
            self._grid.addWidget(QLabel(title), row, 0)
            for column, steps in enumerate((0,) if sampler == ADAPTIVE else STEPS):
                self._add_box((sampler, steps), row, column + 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for text, tip, chosen in (
            ("None", "Take all out", ()),
            ("Usual", "DDIM, Euler, Heun and DPM-Solver++ with 5 to 50 steps, and DDPM with 50", USUAL),
        ):
            button = QPushButton(text)
            button.setProperty("role", "chip")
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, c=chosen: self.chosen.emit(c))
            buttons.addWidget(button)
        self._grid.addLayout(buttons, len(SAMPLERS) + 1, 0, 1, len(STEPS) + 1)

    def _add_box(self, contender: Contender, row: int, column: int) -> None:
        box = QCheckBox()
        box.setAccessibleName(title_of(contender))
        box.setToolTip(title_of(contender))
        box.clicked.connect(lambda on: self._toggle(contender, on))
        self.boxes[contender] = box
        self._grid.addWidget(box, row, column)

    def _toggle(self, contender: Contender, on: bool) -> None:
        left = {c for c in self.contenders if c != contender}
        self.chosen.emit(in_order({*left, contender} if on else left))

    def show_contenders(self, contenders: tuple[Contender, ...]) -> None:
        """Show which take part, without a signal."""
        self.contenders = contenders
        for contender, box in self.boxes.items():
            box.setChecked(contender in contenders)
        n = len(contenders)
        self.setText(f"{n} contender{'' if n == 1 else 's'}" if n else "Choose contenders")
