#!/bin/sh
# Make .venv ready: Python, genplay with what it needs, and the system libraries that Qt loads.
# Does nothing when all is there. `setup.sh window` also checks what a real window needs.
#   PYTHON=python3.12      the Python to use      PIP_ARGS="..."   more options for pip
set -eu
cd "$(dirname "$0")"

venv=.venv
stamp=$venv/.installed
base_packages="libegl1 libgl1 libglib2.0-0 libxkbcommon0 libdbus-1-3 libfontconfig1"
window_packages="libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0 libwayland-client0 libwayland-cursor0 libwayland-egl1"

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if recent "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "genplay needs Python 3.11, 3.12 or 3.13; name one with make PYTHON=/path/to/python."
}

make_venv() {
    python=$(find_python)
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 || {
        rm -rf "$venv"
        install_packages python3-venv
        "$python" -m venv "$venv"
    }
}

# Installs Debian packages where that is allowed without a password, else says what to type.
install_packages() {
    line="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        stop "Qt cannot load its system libraries; install what your system calls: $*"
    elif [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        stop "System packages are missing. Type this, then run make again:  sudo $line"
    fi
    echo "Installing system packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    $as_root $line -qq >/dev/null
}

wanted_state() {
    cat pyproject.toml constraints.txt
    printf '%s\n' "$PWD" "${PIP_ARGS:-}"
    "$venv/bin/python" -V
}

install_genplay() {
    echo "Installing genplay and what it needs into $venv (PyTorch and Qt are large: this takes some minutes) ..."
    quiet=-q
    if [ -t 1 ]; then quiet=; fi
    # shellcheck disable=SC2086  # both may hold several options, or none
    "$venv/bin/python" -m pip install --disable-pip-version-check $quiet ${PIP_ARGS:-} \
        -c constraints.txt -e '.[dev]'
    wanted_state >"$stamp"
}

qt_loads() {
    QT_QPA_PLATFORM=offscreen "$venv/bin/python" -c \
        'from PySide6 import QtGui, QtWidgets; QtWidgets.QApplication([])' 2>/dev/null
}

window_loads() {
    [ "$(uname)" = Linux ] || return 0
    "$venv/bin/python" - 2>/dev/null <<'PYTHON'
import ctypes, os, pathlib, PySide6
from PySide6 import QtGui
plugins = pathlib.Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms"
wanted = "libqxcb.so" if os.environ.get("DISPLAY") else "libqwayland*.so"
for plugin in plugins.glob(wanted):
    ctypes.CDLL(str(plugin))
PYTHON
}

# need CHECK PACKAGE...: installs the packages when the check fails.
need() {
    if "$1"; then return; fi
    check=$1
    shift
    install_packages "$@"
    "$check" || stop "Qt still cannot load its system libraries after installing: $*"
}

recent "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv
[ "$(cat "$stamp" 2>/dev/null)" = "$(wanted_state)" ] || install_genplay
# shellcheck disable=SC2086  # lists of packages
need qt_loads $base_packages
if [ "${1:-}" = window ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    # shellcheck disable=SC2086
    need window_loads $window_packages
fi
