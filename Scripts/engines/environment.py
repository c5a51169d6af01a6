"""Exit codes, talk, and the packages and programs that a script needs."""

import argparse
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VENV = ROOT / ".venv"

GATE, BAD_DATA, USAGE, UNAVAILABLE, CANNOT_WRITE = 1, 2, 64, 69, 73


class Failure(Exception):
    """Ends a script with an exit code: where, what was there, what was expected, what to try."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Parser(argparse.ArgumentParser):
    """Wrong options end with the exit code of the program."""

    def __init__(self, **more):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **more)

    def error(self, message):
        self.print_usage(sys.stderr)
        say(f"error: {message}")
        sys.exit(USAGE)


def say(text):
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)


def run(main):
    """Runs a script. SIGTERM ends it as Ctrl-C does, so that what was started is stopped and nothing half-made stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        main()
    except Failure as failure:
        say(f"error: {failure}")
        sys.exit(failure.code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # Whoever read the answer has read enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def pins():
    """The version of each package, and the words that pip wants for it."""
    found = re.findall(r"^(([\w-]+)(?:\[[\w,]+\])?==(\S+))", REQUIREMENTS.read_text(), re.MULTILINE)
    return {name: (version, words) for words, name, version in found}


def need(*packages):
    """Goes on in an interpreter that has the pinned packages: this one, or .venv, where they are installed once."""
    missing = [name for name in packages if installed(name) != pins()[name][0]]
    if not missing:
        return
    python = VENV / "bin" / "python"
    if Path(sys.prefix).resolve() != VENV.resolve():
        # The folder of packages belongs to the interpreter that made it.
        if not python.exists() or subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            say(f"python3 -m venv {VENV.name}")
            checked([sys.executable, "-m", "venv", str(VENV)], "the virtual environment cannot be made (python3-venv)")
        os.execv(python, [str(python), *sys.argv])
    say(f"pip install {' '.join(missing)}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    checked([*command, *(pins()[name][1] for name in missing)], "the packages cannot be installed: this needs PyPI once")
    os.execv(sys.executable, [sys.executable, *sys.argv])


def installed(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def need_program(find, what):
    """What `find` returns; installs the engines through Scripts/setup when that is nothing."""
    if not find():
        say(f"{what} is not there: Scripts/setup --engines")
        subprocess.run([ROOT / "Scripts" / "setup", "--engines"], stdout=sys.stderr)
    found = find()
    if not found:
        raise Failure(UNAVAILABLE, f"{what} is not there and Scripts/setup --engines has not brought it; install it by hand")
    return found


def checked(command, problem):
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise Failure(UNAVAILABLE, problem)
