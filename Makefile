# Every target sets itself up: it makes .venv and installs what is missing, once.
#   make run ARGS="..."    PYTHON=python3.12    PIP_ARGS="more options for pip"

export PYTHON PIP_ARGS

BIN := .venv/bin
OFFSCREEN := QT_QPA_PLATFORM=offscreen
# One process a core, each with one thread; a file's tests stay together, since they share what is slow to make.
PYTEST := $(OFFSCREEN) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup run tour test test-all lint checkpoints attributes shots tables bench icon wheel desktop clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv ready; the other targets do this by themselves
	@sh setup.sh

run: ## start genplay; ARGS="--reset" or a subcommand is passed on
	@sh setup.sh window
	@case '$(firstword $(ARGS))' in ''|-*) window=yes;; *) window=no;; esac; \
	if [ $$window = yes ] && [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY$$QT_QPA_PLATFORM" ]; then \
	    echo "There is no display here, so this is the tour instead: the window offscreen, its pictures in tour/."; \
	    $(OFFSCREEN) $(BIN)/genplay tour; \
	else \
	    $(BIN)/genplay $(ARGS); \
	fi

tour: setup ## drive the window offscreen through its widgets; a picture a stop in tour/
	$(OFFSCREEN) $(BIN)/genplay tour

lint: setup ## style, types and the rules of who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint ## lint, then all tests but the slow ones
	$(PYTEST)

test-all: lint ## lint, then all tests
	$(PYTEST) -m ''

checkpoints: setup ## train the shipped checkpoints again
	$(BIN)/python checkpoints/make.py $(ARGS)

attributes: setup ## train the shipped attribute networks again
	$(BIN)/python checkpoints/make_attributes.py $(ARGS)

shots: setup ## the pictures of the README
	@set -e; mkdir -p docs/images; for theme in dark light; do for panel in samples latent unfold guidance gan density painting; do \
	    case $$panel in unfold) more="--run diffusion-faces16 --press J J J J J J J";; gan) more="--run gan-ring8";; \
	        density) more="--run nsf-moons";; painting) more="--run autoregressive-faces16";; *) more=;; esac; \
	    $(OFFSCREEN) $(BIN)/genplay shot $$panel $$more --theme $$theme --overwrite --out docs/images/$$panel-$$theme.png; \
	done; done

tables: setup ## measure the likelihood of every shipped model again: docs/likelihoods.md
	$(BIN)/python docs/likelihoods.py $(ARGS)

bench: setup ## every benchmark, one after the other
	@set -e; for file in benchmarks/*.py; do echo "== $$file"; $(OFFSCREEN) $(BIN)/python $$file $(ARGS); done

icon: setup ## draw the icon again, in every size
	$(BIN)/python assets/draw_icon.py

wheel: setup ## source archive and wheel in dist/
	$(BIN)/python -m build --outdir dist .

desktop: setup ## add genplay to the applications menu of this user
	@sh setup.sh window
	@applications="$${XDG_DATA_HOME:-$$HOME/.local/share}/applications"; mkdir -p "$$applications"; \
	sed -e 's|^Exec=genplay|Exec="$(CURDIR)/$(BIN)/genplay"|' -e 's|^Icon=.*|Icon=$(CURDIR)/assets/icon.svg|' \
	    assets/genplay.desktop > "$$applications/genplay.desktop"; \
	echo "Written: $$applications/genplay.desktop"

clean: ## remove .venv and everything made
	rm -rf .venv build dist tour shots .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
