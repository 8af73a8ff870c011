"""The models that a new run may build on, in the dialog and in the menu of a run."""

from dataclasses import replace

import pytest

from genplay.contract import fake_engine as fake
from genplay.contract import requests as rq
from genplay.contract.catalogue import Preset
from genplay.contract.knob import Knob
from genplay.contract.results import RunState
from genplay.ui.bridge import Bridge
from genplay.ui.library import read as read_library
from genplay.ui.new_run import NewRunDialog
from genplay.ui.reflow import reflow
from genplay.ui.settings import Settings
from genplay.ui.sidebar import RunCard
from genplay.ui.stage_models import stage_models

ENCODER = Knob(
    "autoencoder", "", "autoencoder", "the VAE", control="model", families=("vae",), refused=("tied",), required=True
)
TEACHER = Knob("teacher", "", "teacher", "a run to straighten", control="model", families=("vae", "gan"))
SETTLED = Knob("latent", 4, "latent", "numbers in a code", low=1, high=64, control="settled")


def run(run_id="r", family="vae", step=1200, **facts):
    return RunState(run_id, f"run {run_id}", family, "faces16", "Faces", fake.FACES, "paused", step=step, **facts)


@pytest.fixture
def library(tmp_path):
    fake.write_checkpoint(tmp_path / "vae-faces16.safetensors", "Faces · VAE")
    fake.write_checkpoint(tmp_path / "gan-faces.safetensors", "Faces · GAN", "gan")
    fake.write_checkpoint(tmp_path / "a-ring.safetensors", "Ring · VAE", "vae", "ring", fake.RING)
    (tmp_path / "broken.safetensors").write_bytes(b"no checkpoint")
    return read_library(tmp_path)


@pytest.fixture
def make(qtbot, tmp_path):
    """A dialog whose catalogue has a family with these knobs: ``make(knobs, library, *runs)``."""
    made = []

    def build(knobs, library=(), *runs, presets=()):
        bridge = Bridge(fake.FakeEngine(first_run=False))
        bridge.drain()
        two_stage = replace(
            bridge.catalogue.families[0], name="two_stage", title="Two stages", knobs=knobs, presets=presets
        )
        bridge.catalogue = replace(bridge.catalogue, families=(*bridge.catalogue.families, two_stage))
        bridge.runs = {r.run_id: r for r in runs}
        dialog = NewRunDialog(bridge, Settings(tmp_path / "settings.json"), None, library)
        qtbot.addWidget(dialog)
        dialog.browser.select("faces16")
        qtbot.waitUntil(lambda: dialog.browser.spec is not None)
        dialog.families.setCurrentIndex(dialog.families.findData("two_stage"))
        made.append((dialog, bridge))
        return dialog

    yield build
    for dialog, bridge in made:
        dialog.reject()
        bridge.close()


def entries(dialog, name):
    combo = dialog.models.combos[name]
    return [(combo.itemData(i), combo.itemText(i)) for i in range(combo.count())]


def test_trained_models_of_the_family_on_the_same_data_are_offered_shipped_ones_first(library):
    runs = [
        run("old"),
        run("untrained", step=0),
        run("gan", family="gan"),
        replace(run("elsewhere"), data="faces32"),
        replace(run("other shape"), spec=fake.DIGITS),
        run("refused", config={"tied": True}),
        run("opened", digest="abc", path=str(library[0].path)),
        run("trained on", path=str(library[0].path)),
    ]
    found = stage_models(ENCODER, "faces16", fake.FACES, runs, library)
    assert [m.value for m in found] == [str(library[0].path), "run:trained on", "run:old"]
    assert found[0].text == "Faces · VAE · shipped"
    assert found[2].text == "run old · 1.2k steps"


def test_a_checkpoint_of_the_shipped_folder_goes_by_its_name(library, monkeypatch):
    from genplay.contract import paths

    monkeypatch.setattr(paths, "shipped", lambda folder: library[0].path.parent)
    (found,) = stage_models(ENCODER, "faces16", fake.FACES, [], library)
    assert found.value == "vae-faces16"


def test_the_first_model_is_chosen_and_another_may_be(make, library):
    dialog = make((ENCODER, SETTLED), library, run("mine"))
    assert [value for value, _ in entries(dialog, "autoencoder")] == [str(library[0].path), "run:mine"]
    assert dialog.request().config == {"autoencoder": str(library[0].path)}
    assert dialog.knobs.knobs == {}, "what has a control of its own, or is filled in, is no row of the form"
    dialog.models.combos["autoencoder"].setCurrentIndex(1)
    assert dialog.request().config == {"autoencoder": "run:mine"}
    assert dialog.models.combos["autoencoder"].accessibleName() == "autoencoder"


def test_without_a_model_to_build_on_the_dialog_says_what_to_do(make, library, qtbot):
    dialog = make((ENCODER,))
    sentence = "Train or open a VAE of Faces first."
    assert dialog.models.missing == {"autoencoder": sentence}
    for button in (dialog.create_button, dialog.train_button):
        assert not button.isEnabled()
        assert button.toolTip() == sentence
    assert dialog.request() is None
    dialog.families.setCurrentIndex(dialog.families.findData("vae"))
    assert dialog.train_button.isEnabled()
    assert dialog.train_button.toolTip() == ""
    assert dialog.request() is not None


def test_a_model_that_is_not_required_may_be_left_out(make):
    dialog = make((TEACHER,), (), run("mine"))
    assert entries(dialog, "teacher") == [("", "none"), ("run:mine", "run mine · 1.2k steps")]
    assert dialog.request().config == {"teacher": ""}


def test_a_preset_may_name_a_model_and_what_has_no_row(make):
    preset = Preset("p", "P", "", {"teacher": "run:b", "latent": 9})
    dialog = make((TEACHER, SETTLED), (), run("a"), run("b"), presets=(preset,))
    assert dialog.request().config == {"teacher": "run:b", "latent": 9}


def test_a_flow_can_be_straightened_from_its_menu(qtbot):
    flow = run("f", family="flow_matching", config={"width": 8}, training={"rate": 0.1}, data_options={"k": 3})
    wanted = []
    for shown, offered in ((flow, True), (run("v"), False), (replace(flow, step=0), False)):
        card = RunCard(shown)
        qtbot.addWidget(card)
        card.wanted.connect(wanted.append)
        actions = [a for a in card.menu().actions() if a.text().startswith("Straighten")]
        assert len(actions) == offered
        for action in actions:
            action.trigger()
    assert wanted == ["reflow"]
    request = reflow(flow)
    assert isinstance(request, rq.CreateRun)
    assert request.config == {"width": 8, "teacher": "run:f"}
    assert (request.family, request.data, request.data_options) == ("flow_matching", "faces16", {"k": 3})
    assert request.name == "run f reflow"
    assert request.run_id != "f"
