"""A fresh clone, its wheel and what the README promises."""

from __future__ import annotations

import ast
import configparser
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


# ---- the example family of the README -------------------------------------------------------------------------


@pytest.fixture
def example_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The README's family file, put where ``genplay.families`` looks; gives its name."""
    import genplay.families

    code = re.search(r"```python\n# (genplay/families/(\w+)\.py)\n(.*?)```", README, re.DOTALL)
    assert code, "the README shows no family file"
    (tmp_path / f"{code[2]}.py").write_text(code[3], encoding="utf-8")
    monkeypatch.setattr(genplay.families, "__path__", [*genplay.families.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield code[2]
    sys.modules.pop(f"genplay.families.{code[2]}", None)
    vars(genplay.families).pop(code[2], None)


@pytest.mark.parametrize("data_name", ["digits8", "ring"])
def test_the_family_of_the_readme_is_found_and_learns(example_family: str, data_name: str) -> None:
    import torch

    from genplay.contract.capability import Capability
    from genplay.core.dataset import DataSource, to_float
    from genplay.core.model import Model
    from genplay.core.registry import discover
    from genplay.core.training import Trainer, TrainingConfig, new_model

    family = discover("genplay.families", Model)[example_family]
    source = discover("genplay.data", DataSource)[data_name]
    data = source.load(source.Options())
    model = new_model(family, family.Config(), data.spec, seed=1)
    trainer = Trainer(model, data, TrainingConfig(learning_rate=0.02, warmup=0), seed=1)
    logged = [trainer.advance().terms["log density"] for _ in range(80)]
    assert sum(logged[-5:]) / 5 > logged[0] + 0.1 * data.spec.size

    assert {Capability.ENCODE, Capability.DECODE, Capability.LOG_DENSITY} <= model.capabilities
    with torch.no_grad():
        x = to_float(data.heldout[:7])
        code = model.encode(x, None)
        assert code.mu.shape == code.logvar.shape == (7, model.latent_size)
        assert model.decode(code.mu, None).shape == x.shape
        again = [model.sample(5, generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    assert again[0].shape == (5, *data.spec.shape)
    assert torch.equal(again[0], again[1])


def test_the_example_codes_are_the_exact_posterior(example_family: str) -> None:
    import torch

    from genplay.contract.spec import DataSpec, Kind

    family = importlib.import_module(f"genplay.families.{example_family}").PrincipalComponents
    torch.manual_seed(0)
    model = family(family.Config(latent=1), DataSpec(Kind.POINTS, (2,))).double()
    x = torch.randn(1, 2, dtype=torch.float64)
    grid = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        sigma = model.log_sigma.exp()
        log_joint = -(grid**2).sum(1) / 2 - ((x - model.decode(grid, None)) ** 2).sum(1) / (2 * sigma**2)
        weight = log_joint.softmax(0)
        mean = (weight * grid[:, 0]).sum()
        variance = (weight * (grid[:, 0] - mean) ** 2).sum()
        code = model.encode(x, None)
    assert torch.isclose(code.mu[0, 0], mean, atol=1e-6)
    assert torch.isclose(code.logvar[0, 0].exp(), variance, atol=1e-6)


@pytest.mark.slow
def test_the_example_family_passes_what_every_family_must(example_family: str, tmp_path: Path) -> None:
    plugin = f"import genplay.families\ngenplay.families.__path__.append({str(tmp_path)!r})\n"
    (tmp_path / "with_example.py").write_text(plugin, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    contract = ["tests/contract/test_families.py", "-k", example_family, "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-p", "with_example", *contract]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^\d\d+ passed", done.stdout, re.MULTILINE)


# ---- what the README refers to --------------------------------------------------------------------------------


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= targets


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            if target.startswith("docs/images/") and not (ROOT / "docs" / "images").is_dir():
                continue  # `make shots` has not been run yet
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_keys_of_the_readme_do_something() -> None:
    from genplay.ui import shortcuts

    table = README.split("## Keyboard")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \|", table, re.MULTILINE)
    named = [key for row in rows for key in re.findall(r"`([^`]+)`", row)]
    assert len(named) > 10
    assert set(named) <= {key for row in shortcuts.TABLE for key in row.keys}


@pytest.mark.slow
def test_the_command_lines_of_the_readme_work(tmp_path: Path) -> None:
    blocks = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    lines = re.findall(r"^genplay (.+)$", blocks, re.MULTILINE)
    assert {"list", "train", "sample", "reconstruct", "info"} <= {line.split()[0] for line in lines}
    for line in lines:
        words = line.replace("--seconds 60", "--steps 3").replace("-n 1000", "-n 5").split()
        _genplay(words, tmp_path)
        if "--out" in words:
            assert (tmp_path / words[words.index("--out") + 1]).stat().st_size > 100, line


def _genplay(words: list[str], folder: Path) -> None:
    env = os.environ | {"GENPLAY_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "genplay", *words]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{words}: {done.stderr}"


def test_desktop_file_and_icon() -> None:
    from PIL import Image

    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "assets" / "genplay.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert entry["Exec"].split()[0] in scripts
    assert entry["Categories"].endswith(";")
    for size in (16, 32, 48, 64, 128, 256, 512):
        with Image.open(ROOT / "assets" / "icons" / f"genplay-{size}.png") as image:
            assert image.size == (size, size)


def test_the_icon_is_what_its_script_draws(tmp_path: Path) -> None:
    from PIL import Image, ImageChops

    spec = importlib.util.spec_from_file_location("draw_icon", ROOT / "assets" / "draw_icon.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    assert (tmp_path / "icon.svg").read_text() == (ROOT / "assets" / "icon.svg").read_text()
    with (
        Image.open(tmp_path / "icons" / "genplay-64.png") as new,
        Image.open(ROOT / "assets/icons/genplay-64.png") as old,
    ):
        assert ImageChops.difference(new, old).getbbox(alpha_only=False) is None


# ---- rules that lint does not check ---------------------------------------------------------------------------


def test_runtime_imports_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]}
    packages = {"PIL": "pillow", "PySide6": "pyside6-essentials", "shiboken6": "pyside6-essentials"}
    for path in (ROOT / "genplay").rglob("*.py"):
        for name in _imported(path):
            if name != "genplay" and name not in sys.stdlib_module_names:
                assert packages.get(name, name.lower()) in declared, f"{path} imports {name}"


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_no_array_file_is_ever_unpickled() -> None:
    """``np.load(allow_pickle=True)``, which lint does not see."""
    for folder in ("genplay", "checkpoints", "benchmarks", "assets"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                    assert isinstance(node.value, ast.Constant), path
                    assert node.value.value is False, path


# ---- make run and the set-up script ---------------------------------------------------------------------------


def _copy_of_setup(folder: Path) -> None:
    for name in ("setup.sh", "pyproject.toml", "constraints.txt", "Makefile"):
        (folder / name).write_bytes((ROOT / name).read_bytes())


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def fake_clone(tmp_path: Path) -> Path:
    """A clone whose venv holds a stand-in Python that notes what it is asked to do and succeeds."""
    _copy_of_setup(tmp_path)
    _program(tmp_path / ".venv/bin/python", f'echo "$*" >> {tmp_path}/calls; test "$1" != -V || echo Python 3.11.2')
    _program(tmp_path / ".venv/bin/genplay", 'echo "genplay[$*] $QT_QPA_PLATFORM"')
    return tmp_path


def _make(clone: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {n: v for n, v in os.environ.items() if n not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    plain = {n: v for n, v in plain.items() if not n.startswith("MAKE") and n != "MFLAGS"}
    return subprocess.run(["make", *words], cwd=clone, env=plain | env, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="displays are found by variables on Linux only")
def test_make_run_without_a_display_gives_the_tour(fake_clone: Path) -> None:
    assert "no display" in _make(fake_clone, "run").stdout
    assert "genplay[tour] offscreen" in _make(fake_clone, "run").stdout
    assert "genplay[--reset] \n" in _make(fake_clone, "run", "ARGS=--reset", DISPLAY=":7").stdout
    assert "genplay[list data] \n" in _make(fake_clone, "run", "ARGS=list data").stdout


def test_setup_installs_once_and_again_when_the_requirements_change(fake_clone: Path) -> None:
    def installs() -> int:
        assert _make(fake_clone, "setup").returncode == 0
        calls = (fake_clone / "calls").read_text().splitlines()
        return sum("pip install" in call for call in calls)

    assert installs() == 1
    assert installs() == 1
    with (fake_clone / "constraints.txt").open("a") as file:
        file.write("numpy<9\n")
    assert installs() == 2


def test_setup_stops_with_one_line_when_python_is_too_old(tmp_path: Path) -> None:
    _copy_of_setup(tmp_path)
    _program(tmp_path / "old-python", "exit 1")
    done = _make(tmp_path, "setup", f"PYTHON={tmp_path}/old-python")
    assert done.returncode != 0
    assert "Python 3.11" in done.stderr.splitlines()[0]


def test_setup_names_the_missing_system_packages(fake_clone: Path) -> None:
    """A Python whose Qt does not load, for a user who may not install packages."""
    _program(
        fake_clone / ".venv/bin/python",
        'case "$*" in *PySide6*) exit 1;; -V) echo Python 3.11.2;; esac',
    )
    for name in ("sudo", "apt-get"):
        _program(fake_clone / "bin" / name, "exit 1")
    _program(fake_clone / "bin/id", "echo 1000")
    done = _make(fake_clone, "setup", PATH=f"{fake_clone}/bin:{os.environ['PATH']}")
    assert done.returncode != 0
    assert re.match(r".*sudo apt-get install .*libegl1.*", done.stderr.splitlines()[0])


# ---- the wheel ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=280)
    return folder


@pytest.mark.slow
def test_archives_hold_assets_and_checkpoints_but_no_scripts(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert "genplay/assets/icon.svg" in names
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    shipped = [n for n in tracked if n.startswith(("assets/", "checkpoints/", "genplay/")) and n]
    for name in shipped:
        inside = name if name.startswith("genplay/") else f"genplay/{name}"
        script = name.endswith(".py") and not name.startswith("genplay/")
        assert (inside in names) is not script, name
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/", "assets/", "checkpoints/"))]
    assert any(n.endswith("licenses/LICENSE") for n in names)
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        assert any(n.endswith("/tests/test_setup.py") for n in archive.getnames())


@pytest.mark.slow
def test_an_installed_wheel_starts_from_any_directory(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    target = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    wheel = next(built.glob("*.whl"))
    install = [python, "-m", "pip", "install", "--no-deps", "--no-index", "-q", wheel]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    # what genplay needs is found in the packages of the Python that runs the tests, after the venv's own
    (Path(target) / "parent.pth").write_text("\n".join(p for p in sys.path if p.endswith("site-packages")) + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def say(*command: str | Path) -> str:
        env = {n: v for n, v in os.environ.items() if n != "PYTHONPATH"}
        env |= {"GENPLAY_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    find = "from genplay.contract import paths; print(paths.shipped('assets')); print(paths.shipped('checkpoints'))"
    for line in say(python, "-c", find).split():
        assert line.startswith(target)
        assert Path(line).is_dir()
    for command in ((tmp_path / "venv/bin/genplay",), (python, "-m", "genplay")):
        assert "faces16" in say(*command, "list", "data")
