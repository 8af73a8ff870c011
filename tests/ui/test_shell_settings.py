"""Settings survive anything that may be in their file."""

from __future__ import annotations

import json
import os
import random

import pytest

from genplay.contract.errors import BadInput
from genplay.ui import settings as settings_file
from genplay.ui.settings import KNOWN, Settings, load, reset


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.json"


def test_what_is_set_comes_back(path):
    first = load(path)
    first["theme"] = "light"
    first["columns"] = [250, 900, 290]
    first["panels"] = {"latent": {"dims": [0, 1]}}
    first.save()
    second = load(path)
    assert (second["theme"], second["columns"], second["panels"]) == (
        "light",
        [250, 900, 290],
        {"latent": {"dims": [0, 1]}},
    )
    assert second.problem == ""


def test_without_a_file_there_are_defaults_and_nothing_to_report(path):
    assert load(path)["theme"] == "system"
    assert load(path).problem == ""


def test_a_default_is_never_shared(path):
    settings = load(path)
    settings["recent"].append("x")
    assert settings["recent"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1]", b"[" * 100_000, b"1" * (2 << 20), b'"text"'])
def test_a_corrupt_file_is_set_aside_and_reported(path, content):
    path.write_bytes(content)
    settings = load(path)
    assert settings["theme"] == "system"
    assert "settings.json.broken-1" in settings.problem
    assert not path.exists()
    assert path.with_name("settings.json.broken-1").read_bytes() == content


def test_files_set_aside_do_not_replace_each_other(path):
    for _ in range(3):
        path.write_text("{")
        load(path)
    assert sorted(p.name for p in path.parent.iterdir()) == [f"settings.json.broken-{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "pink"), ("threads", -1), ("threads", True), ("window", ["a"]), ("recent", "x"), ("panels", {"a": 1})],
)
def test_a_value_of_the_wrong_type_falls_back_alone(path, name, value):
    path.write_text(json.dumps({name: value, "device": "cpu", "unknown": 1}))
    settings = load(path)
    assert settings[name] == KNOWN[name][0]
    assert settings["device"] == "cpu"
    with pytest.raises(BadInput):
        settings[name] = value


def test_three_hundred_mangled_files_never_stop_the_start(path):
    whole = Settings(path)
    whole["recent"] = ["/a", "/b"]
    whole["window"] = [0, 0, 1440, 900]
    whole.save()
    good = path.read_bytes()
    chance = random.Random(3)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data) + 1)])
        settings = load(path)
        assert all(fits(settings[name]) for name, (_, fits) in KNOWN.items())


def test_reset_forgets_all_but_keeps_the_old_file(path):
    settings = load(path)
    settings["theme"] = "dark"
    settings.save()
    reset(path)
    assert load(path)["theme"] == "system"
    assert path.with_name("settings.json.broken-1").exists()
    reset(path)


def test_a_folder_that_cannot_be_written_is_reported_not_fatal(tmp_path):
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings["theme"] = "dark"
    settings.save()
    assert settings.problem.startswith("The settings could not be saved")


def test_recent_files_are_newest_first_without_repeats(path):
    settings = load(path)
    for name in ["a", "b", "a", *(str(n) for n in range(20))]:
        settings.remember_file(name)
    assert settings["recent"][0] == "19"
    assert len(settings["recent"]) == settings_file.MAX_RECENT == len(set(settings["recent"]))


def test_the_place_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GENPLAY_HOME", os.fspath(tmp_path))
    assert settings_file.location() == tmp_path / "settings.json"
