#!/usr/bin/env bash
# Brings what Arni Edge needs into this folder and runs it: the simulated gym, or the tests.
# What is there already is left alone, so a second run takes a moment. See: ./install.sh help
set -Eeuo pipefail

# --- what is needed -----------------------------------------------------------------------------------------

# From the distribution; the names are the same in Debian and Ubuntu.
readonly PACKAGES=(
    mosquitto  # the broker: the daemon starts one of its own
    util-linux # setpriv, which ties that broker's life to the daemon's
    espeak-ng  # the voice at the door
    ffmpeg     # looks at cameras by hand; the vision worker brings its own decoder
    tzdata     # opening hours are meant in the studio's time zone
    # The simulated cameras: an RTSP server under the system's Python, with its H.264 encoder.
    python3-gi
    gir1.2-gstreamer-1.0
    gir1.2-gst-rtsp-server-1.0
    gstreamer1.0-plugins-base
    gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly
)

# What only the tests need.
readonly TEST_PACKAGES=(
    postgresql # the relay in the cloud keeps its logs there; each run starts one of its own
    strace     # sees what is written and synced when, for the power cuts
)

# The oldest uv that knows every option used here.
readonly UV_NEEDED=0.5

readonly EX_USAGE=2   # the command line is wrong
readonly EX_MISSING=3 # something is missing that this script cannot, or may not, install

ROOT=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
readonly ROOT
readonly TOOLS=$ROOT/.venv-tools
readonly BIN=$ROOT/.venv/bin

# --- telling ------------------------------------------------------------------------------------------------

DOING='reading the command line'

say() { printf '%s\n' "$*"; }

begin() {
    DOING=$1
    printf '==> %s\n' "$DOING"
}

# Takes one line per argument.
give_up() {
    printf '%s\n' "install.sh: $1" "${@:2}" >&2
    exit "$EX_MISSING"
}

on_failure() {
    local code=$?
    # A failure inside $(…) is met again outside of it: told once.
    ((BASH_SUBSHELL == 0)) || return 0
    printf 'install.sh: FAILED (exit code %d) while %s\n' "$code" "$DOING" >&2
    exit "$code"
}
trap on_failure ERR

usage() {
    cat <<'TEXT'
Usage: ./install.sh COMMAND

  demo [OPTION…]    bring what is needed, play a whole evening in the simulated gym, then keep the gym open
                    in this terminal (Ctrl-C stops it). Options go to "arni-edge simulate" instead:
                    ./install.sh demo --scenario evening --report r.json
  test [OPTION…]    bring what is needed and run all tests; options go to pytest instead:
                    ./install.sh test tests/unit -k door
  help              this text

Environment:
  ARNI_NO_APT=1     install no Debian package; say which command would
  ARNI_PYTHON=…     the Python to use instead of the first of python3.13, 3.12, 3.11, python3 that is new enough

Exit codes: 0 all went well; 2 wrong usage; 3 something is missing that has to be installed first (it is named);
else that of the step that failed, which is named too.
TEXT
}

# --- the machine --------------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root, or fails when that is not possible without asking for a password.
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -n -- "$@"
    fi
}

may_be_root() { ((EUID == 0)) || { has sudo && sudo -n true 2>/dev/null; }; }

# Takes the names of further packages.
bring_packages() {
    begin 'checking the packages of the distribution'
    [[ $(uname -s) == Linux ]] || give_up "Arni Edge runs on Linux; this is $(uname -s)"
    if has dpkg-query && has apt-get; then
        bring_debian_packages "${PACKAGES[@]}" "$@"
    else
        check_foreign_platform "$@"
    fi
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null || true) == installed ]]; }

bring_debian_packages() {
    local package for_uv missing=() services=()
    for_uv=$(venv_package)
    for package in "$@" ${for_uv:+"$for_uv"}; do
        is_installed "$package" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        say "all $# are there"
        return
    fi
    if [[ ${ARNI_NO_APT:-} == 1 ]] || ! may_be_root; then
        give_up 'these packages are missing, and this script may not install them. Run as root:' '' \
            "    apt-get update && apt-get install --no-install-recommends ${missing[*]}" ''
    fi
    for package in "${missing[@]}"; do
        case $package in mosquitto | postgresql) services+=("$package") ;; esac
    done
    begin "installing ${missing[*]} (minutes)"
    apt_get update
    apt_get install --yes --no-install-recommends "${missing[@]}"
    for package in ${services[@]+"${services[@]}"}; do
        rest_packaged_service "$package"
    done
}

# What apt says fills pages; it is shown when it fails.
apt_get() {
    local code=0 said
    said=$(as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get --quiet --option DPkg::Lock::Timeout=300 "$@" 2>&1 </dev/null) || code=$?
    ((code == 0)) || printf '%s\n' "$said" >&2
    return "$code"
}

# These packages start a service: a broker on port 1883, where the daemon's own shall listen, and a database that
# nobody uses. One that was there before this script came is somebody's, and stays.
rest_packaged_service() {
    if [[ -d /run/systemd/system ]]; then
        begin "stopping what the package $1 has just started (systemctl disable --now $1)"
        as_root systemctl disable --now "$1"
    elif [[ -x /etc/init.d/$1 ]]; then
        begin "stopping what the package $1 may have started (/etc/init.d/$1 stop)"
        as_root "/etc/init.d/$1" stop
        as_root update-rc.d "$1" disable
    fi
}

# Debian keeps the part of "venv" that brings pip in a package of its own. It is needed only to get uv.
venv_package() {
    local python version
    if find_uv >/dev/null; then
        return
    elif ! python=$(find_python); then
        echo python3-venv
    elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "python$version-venv"
    fi
}

# The program of a package for the tests.
program_of() {
    case $1 in
        postgresql) echo initdb ;;
        *) echo "$1" ;;
    esac
}

# Whether what a package for the tests brings is there, wherever it is from: it is left alone then.
serves() {
    has "$(program_of "$1")" && return
    # A PostgreSQL of any version; Debian keeps it off the path.
    [[ $1 == postgresql ]] && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# Without Debian's package database only what the packages bring can be looked for.
check_foreign_platform() {
    local program package missing=() programs=(mosquitto mosquitto_passwd setpriv ffmpeg espeak-ng)
    for package in "$@"; do
        programs+=("$(program_of "$package")")
    done
    for program in "${programs[@]}"; do
        PATH=$PATH:/usr/sbin:/sbin has "$program" || missing+=("the program $program")
    done
    /usr/bin/python3 - 2>/dev/null <<'PYTHON' || missing+=('for /usr/bin/python3: PyGObject and GStreamer with its RTSP server and x264 encoder')
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer

Gst.init(None)
assert Gst.ElementFactory.find("x264enc")
PYTHON
    if ((${#missing[@]} > 0)); then
        give_up 'this is not Debian or Ubuntu, so these have to be installed by hand:' "${missing[@]/#/    }" \
            "On Debian they come with: ${PACKAGES[*]} $*"
    fi
    say 'all that they would bring is there'
}

# --- Python and uv ------------------------------------------------------------------------------------------

# Prints the path of a Python that is new enough. A version manager leaves commands on the path that do nothing
# but say that their version is switched off, so each is tried.
find_python() {
    local name path
    for name in ${ARNI_PYTHON:+"$ARNI_PYTHON"} python3.13 python3.12 python3.11 python3; do
        path=$("$name" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.executable)' \
            2>/dev/null) || continue
        printf '%s\n' "$path"
        return
    done
    return 1
}

need_python() {
    find_python || give_up 'Python 3.11 or newer is needed and was not found. Install it:' \
        '    Debian 12 or Ubuntu 24.04 and newer:  apt-get install python3 python3-venv' \
        '    Ubuntu 22.04:                         apt-get install python3.11 python3.11-venv' \
        '    elsewhere:                            with the tools of the system, or pyenv' \
        'or name one: ARNI_PYTHON=/path/to/python3 ./install.sh …'
}

# Prints the path of a uv that is new enough.
find_uv() {
    local candidate version
    for candidate in uv "$TOOLS/bin/uv"; do
        version=$("$candidate" --version 2>/dev/null) || continue
        version=$(cut -d' ' -f2 <<<"$version")
        if [[ $(printf '%s\n' "$UV_NEEDED" "$version" | sort -V | head -n 1) == "$UV_NEEDED" ]]; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# uv comes from PyPI into a folder of its own. Into the user's or the system's Python it could not: Debian's is
# "externally managed" (PEP 668) and refuses, rightly.
bring_uv() {
    local python
    if find_uv >/dev/null; then
        return
    fi
    begin "installing uv into $TOOLS"
    python=$(need_python)
    "$python" -m venv --clear "$TOOLS"
    printf '*\n' >"$TOOLS/.gitignore"
    "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check "uv>=$UV_NEEDED"
}

works() { [[ -x $1 ]] && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Makes .venv hold what uv.lock says. Takes the options of "uv sync" that choose the extras. What other commands
# brought stays (--inexact), so that "demo" does not take the developer's tools away.
bring_environment() {
    local uv python product
    bring_uv
    begin 'bringing the Python packages of uv.lock into .venv'
    uv=$(find_uv)
    # An environment that works is kept, whatever Python it was made with.
    if ! works "$BIN/python"; then
        UV_PYTHON=$(need_python)
        export UV_PYTHON
    fi
    unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
    export UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180}
    "$uv" --project "$ROOT" sync --quiet --frozen --inexact "$@"
    python=$("$BIN/python" --version)
    product=$("$BIN/arni-edge" --version)
    say "$python, $product"
}

# --- commands -----------------------------------------------------------------------------------------------

demo() {
    bring_packages
    bring_environment --no-dev --extra vision --extra simulator
    if (($# > 0)); then
        begin "running: arni-edge simulate $*"
        exec "$BIN/arni-edge" simulate "$@"
    fi
    local report=$ROOT/evening-report.json
    begin 'playing an evening in the simulated gym (one to two minutes)'
    "$BIN/arni-edge" simulate --scenario evening --report "$report"
    say "the report: $report"
    if [[ -t 1 ]]; then
        begin 'opening the simulated gym; Ctrl-C closes it'
        exec "$BIN/arni-edge" simulate
    fi
    say "this is no terminal, so the gym has closed; to keep it open: $BIN/arni-edge simulate"
}

run_tests() {
    local package further=()
    for package in "${TEST_PACKAGES[@]}"; do
        serves "$package" || further+=("$package")
    done
    bring_packages ${further[@]+"${further[@]}"}
    bring_environment --all-extras --no-extra ultralytics
    cd -- "$ROOT"
    # Tests start the product hundreds of times; without its bytecode each start would compile it anew.
    unset PYTHONDONTWRITEBYTECODE
    if (($# > 0)); then
        begin "running: pytest $*"
        "$BIN/python" -m pytest "$@"
        return
    fi
    begin 'running the tests of rules and parts'
    "$BIN/python" -m pytest --numprocesses auto --dist loadgroup tests/unit
    begin 'running the tests on the wire, of journeys and of chaos'
    # They wait for brokers, disks and processes now and then: one more at a time than there are cores.
    "$BIN/python" -m pytest --numprocesses "$(($(nproc) + 1))" --dist loadgroup -m 'not scenario' \
        --ignore tests/unit tests
    begin 'running the scenarios, one at a time'
    "$BIN/python" -m pytest -m scenario
}

main() {
    local command=${1:-}
    (($# == 0)) || shift
    case $command in
        demo) demo "$@" ;;
        test) run_tests "$@" ;;
        help | -h | --help) usage ;;
        *)
            usage >&2
            exit "$EX_USAGE"
            ;;
    esac
}

main "$@"
