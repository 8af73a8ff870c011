"""The settings dialog: theme, device, threads, autosave, reset."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from genplay.contract.requests import SetDevice
from genplay.ui import files, theme
from genplay.ui.bridge import Bridge
from genplay.ui.settings import Settings
from genplay.ui.sidebar import section

THEMES = (("system", "As the system"), ("dark", "Dark"), ("light", "Light"))
DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA (NVIDIA)", "mps": "MPS (Apple)"}


class SettingsDialog(QDialog):
    """Theme and device take effect at once; threads and autosave count from the next start, as is said beside them."""

    was_reset = Signal()  # the layout is to be that of a first start

    def __init__(self, settings: Settings, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings, self.bridge = settings, bridge
        self.setWindowTitle("Settings")
        self.setMinimumWidth(520)
        self.theme, self.device = QComboBox(), QComboBox()
        self.threads, self.autosave = QSpinBox(), QSpinBox()
        self.layout_reset = QPushButton("Reset the layout")
        self.reset = QPushButton("Reset all settings…")
        self._fill()
        self._lay_out()
        self.finished.connect(lambda _: self.settings.save())

    def _fill(self) -> None:
        for name, title in THEMES:
            self.theme.addItem(title, name)
        self.theme.setCurrentIndex(self.theme.findData(self.settings["theme"]))
        self.theme.activated.connect(self._set_theme)
        known = self.bridge.catalogue.devices if self.bridge.catalogue else ()
        for name in dict.fromkeys(("auto", *known, self.settings["device"])):
            self.device.addItem(DEVICES.get(name, name), name)
        self.device.setCurrentIndex(self.device.findData(self.settings["device"]))
        self.device.activated.connect(self._set_device)
        self._number(self.threads, 0, 256, "threads")
        self.threads.setSpecialValueText("All cores but one")
        self._number(self.autosave, 1, 120, "autosave_minutes")
        self.autosave.setSuffix(" min")
        self.reset.clicked.connect(self._ask_reset)
        self.layout_reset.clicked.connect(self._reset_layout)

    def _number(self, spin: QSpinBox, low: int, high: int, name: str) -> None:
        theme.padded(spin)
        spin.setRange(low, high)
        spin.setValue(self.settings[name])
        spin.valueChanged.connect(lambda value: self.settings.__setitem__(name, value))

    def _lay_out(self) -> None:
        title = QLabel("Settings")
        title.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 24)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addWidget(section("Look"))
        layout.addLayout(_rows([("Theme", self.theme, "Dark, light, or as the system has it.")]))
        layout.addWidget(section("Training"))
        rows: list[tuple[str, QWidget, str]] = [
            ("Device", self.device, "Where models run. Takes effect at once: training moves there and goes on."),
            ("Threads", self.threads, "CPU threads of the engine. Counts from the next start."),
            ("Autosave every", self.autosave, "What a crash can cost at most. Counts from the next start."),
        ]
        layout.addLayout(_rows(rows))
        note = QLabel(f"Kept in {self.settings.path}", wordWrap=True)
        note.setProperty("role", "dim")
        layout.addSpacing(8)
        layout.addWidget(note)
        foot = QHBoxLayout()
        for button in (self.layout_reset, self.reset):
            button.setAutoDefault(False)
            foot.addWidget(button)
        foot.addStretch(1)
        close = QPushButton("Close")
        close.setProperty("role", "primary")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        foot.addWidget(close)
        layout.addLayout(foot)

    def _set_theme(self, index: int) -> None:
        self.settings["theme"] = self.theme.itemData(index)
        theme.set_mode(self.settings["theme"])

    def _set_device(self, index: int) -> None:
        self.settings["device"] = self.device.itemData(index)
        self.bridge.send(SetDevice(self.settings["device"]))

    def _ask_reset(self) -> None:
        detail = "Theme, device, layout and recent files go back to their defaults. Runs are kept."
        files.confirm(self, "Reset all settings?", detail, "Reset", self._reset)

    def _reset_layout(self) -> None:
        for name in ("window", "columns", "rows"):
            self.settings[name] = []
        self.settings["maximised"] = False
        self.was_reset.emit()

    def _reset(self) -> None:
        self.settings.reset()
        theme.set_mode(self.settings["theme"])
        self.bridge.send(SetDevice(self.settings["device"]))
        self.was_reset.emit()
        self.accept()


def _rows(rows: list[tuple[str, QWidget, str]]) -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(4)
    for text, control, hint in rows:
        label = QLabel(text)
        label.setMinimumWidth(170)
        note = QLabel(hint, wordWrap=True)
        note.setProperty("role", "dim")
        control.setToolTip(hint)
        control.setAccessibleName(text)
        control.setAccessibleDescription(hint)
        form.addRow(label, control)
        form.addRow("", note)
    return form
