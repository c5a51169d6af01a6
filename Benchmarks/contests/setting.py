"""Where things are, what is needed, and what machine this is."""

import copy
import datetime
import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .process import FAILED, SHORT_ROUNDS, UNAVAILABLE, say, stop

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "Benchmarks"
RIVALS = BENCHMARKS / "rivals"
REQUIREMENTS = BENCHMARKS / "requirements.txt"
SAMPLES = ROOT / "samples"
VENV = ROOT / ".venv"


def data_folder():
    """Where CMS's own files are, if anywhere."""
    return Path(os.environ.get("INGEST_DATA") or ROOT.parent / "shared" / "data").resolve()


def archive(*folders):
    """The one archive in a folder of CMS's files; `None` when it is not there."""
    found = sorted(data_folder().joinpath(*folders).glob("*.zip"))
    return found[0] if found else None


class Release:
    """Label and files of the release that most contests read."""

    def __init__(self):
        rvu, hcpcs = archive("rvu25a"), archive("hcpcs", "2020-annual")
        self.is_real = bool(rvu and hcpcs)
        if self.is_real:
            self.label, self.rvu, self.hcpcs = "RVU25A", rvu, hcpcs
            return
        say(f"CMS's archives are not in {data_folder()}")
        say("USING THE SMALL ARCHIVES OF samples/ — these figures show start-up, not work")
        self.label, self.rvu = "RVU26A", SAMPLES / "rvu26a.zip"
        self.hcpcs = SAMPLES / "january-2026-alpha-numeric-hcpcs-file.zip"
        for path in (self.rvu, self.hcpcs):
            if not path.exists():
                stop(UNAVAILABLE, f"{path} is missing too")

    @property
    def inputs(self):
        return ["--input", self.rvu, "--input", self.hcpcs]


class Setting:
    """What a contest is given: how many runs, a folder of its own, and the programs."""

    def __init__(self, runs, is_quick, folder):
        self.runs, self.is_quick, self.root, self.folder = runs, is_quick, folder, folder

    def inside(self, name):
        """The same, with a folder for one contest."""
        other = copy.copy(self)
        other.folder = self.root / name
        other.folder.mkdir()
        return other

    @property
    def ingest(self):
        """The program, built as it is released, or what $INGEST names."""
        return Path(os.environ["INGEST"]) if os.environ.get("INGEST") else built("ingest")

    @property
    def measure(self):
        """The program that runs parts of the pipeline by themselves."""
        return built("measure")

    @property
    def floor(self):
        return compiled_floor(self.root)

    @property
    def python(self):
        """The rivals' interpreter, with the pinned packages."""
        return prepared_python()

    @property
    def release(self):
        return found_release()

    def fresh(self, name):
        """The path of a folder that is not there."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.folder / name

    def published(self):
        """A revision of the release, published once for all contests."""
        store = self.root / "published"
        if not store.exists():
            command = [self.ingest, "run", "--release", self.release.label, *self.release.inputs, "--store", store]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            if done.returncode != 0:
                stop(FAILED, f"{self.release.label} cannot be published:\n{done.stderr}")
        return store / "releases" / self.release.label / "r1"


@functools.cache
def found_release():
    return Release()


@functools.cache
def built(product):
    """A program with the Swift libraries linked in, as it is released, brought up to date."""
    options = ["-c", "release", "--static-swift-stdlib", "--scratch-path", ".build-benchmark", "--product", product]
    command = ["swift", "build", *options]
    say(" ".join(command))
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
        stop(UNAVAILABLE, "the release build failed")
    return ROOT / ".build-benchmark" / "release" / product


@functools.cache
def compiled_floor(folder):
    """floor.c as a program."""
    program = folder / "floor"
    compiler = os.environ.get("CC") or shutil.which("cc") or "clang"
    command = [compiler, "-O2", "-std=c11", "-o", program, BENCHMARKS / "floor.c", "-lcsv", "-lz", "-lcrypto"]
    say("cc -O2 Benchmarks/floor.c")
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        stop(UNAVAILABLE, "floor.c cannot be compiled: it needs libcsv-dev, zlib1g-dev and libssl-dev")
    return program


def wanted():
    """Packages and versions of requirements.txt."""
    return dict(re.findall(r"^([\w-]+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE))


@functools.cache
def prepared_python():
    python = VENV / "bin" / "python"
    question = "from importlib.metadata import version; print(*(version(name) for name in %r))" % list(wanted())
    if not python.exists():
        say(f"python3 -m venv {VENV.name}")
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)], stdout=sys.stderr).returncode != 0:
            stop(UNAVAILABLE, "the virtual environment cannot be made")
    found = subprocess.run([python, "-c", question], capture_output=True, text=True)
    if found.returncode != 0 or found.stdout.split() != list(wanted().values()):
        say(f"pip install -r {REQUIREMENTS.relative_to(ROOT)}")
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        if subprocess.run(command, stdout=sys.stderr).returncode != 0:
            stop(UNAVAILABLE, "the packages cannot be installed (they need the network once, and Python 3.11 or later)")
    return python


def output(*command):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return (done.stdout or done.stderr).strip()
    except OSError:
        return ""


def machine():
    model = ""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found.group(1) if found else ""
    except OSError:
        model = output("sysctl", "-n", "machdep.cpu.brand_string")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {model or platform.machine()}, {platform.system()} {platform.release()}"


def preface(setting, load):
    """When, where and with what was measured."""
    swift = re.search(r"Swift version (\S+)", output("swift", "--version"))
    shown = ["pandas", "openpyxl", "python-calamine", "polars", "duckdb", "numpy", "csv-diff", "PyYAML"]
    rivals = [name for name in shown if name in wanted()]
    versions = ", ".join(f"{name} {wanted()[name]}" for name in rivals)
    return (
        f"{datetime.date.today():%-d %B %Y} · {machine()} · Swift {swift.group(1) if swift else 'unknown'}, "
        f"Python {platform.python_version()}, {versions} · medians of {setting.runs} runs, "
        f"of {setting.runs * SHORT_ROUNDS} where a round is short, ratios pair by pair · "
        f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}"
    )
