"""What the tests share: running the program, reading what it published, and changing CMS's files.

Nothing here knows the program's code: what was published is read with Python's own csv, json, zipfile and sqlite3.
"""

import csv
import functools
import hashlib
import io
import json
import os
import pty
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
INGEST = Path(os.environ.get("INGEST") or REPO / ".build" / "release" / "ingest").absolute()
DATA = Path(os.environ.get("INGEST_DATA") or REPO.parent / "shared" / "data").absolute()
SAMPLES = REPO / "samples"
SAMPLE_RVU = SAMPLES / "rvu26a.zip"
SAMPLE_HCPCS = SAMPLES / "january-2026-alpha-numeric-hcpcs-file.zip"
SAMPLE_DRUGS = SAMPLES / "january-2026-medicare-part-b-payment-limit-files.zip"
SAMPLE_INPUTS = (SAMPLE_RVU, SAMPLE_HCPCS, SAMPLE_DRUGS)
SAMPLE_OVERLAYS = SAMPLES / "overlays"
SCHEMAS = REPO / "Schemas"

NONQPP = "PPRRVU2026_Jan_nonQPP"
QPP = "PPRRVU2026_Jan_QPP"
HCPCS = "HCPC2026_JAN_ANWEB.txt"
STAGES = ["acquire", "unpack", "parse", "normalise", "overlay", "verify", "emit", "diff", "publish"]


@dataclass
class Result:
    """How a run of the program ended."""

    command: list
    code: int
    out: bytes
    err: str

    def __str__(self):
        return f"$ {' '.join(map(str, self.command))}\nexit code {self.code}\n{self.err}"


def environment(**changes):
    """This process's environment without what would change how the program talks; None takes a name away."""
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "CLICOLOR_FORCE")}
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def ingest(*arguments, cwd=None, env=None, binary=None, timeout=120, **options):
    """Runs the program to its end."""
    command = [str(binary or INGEST), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
        **options)
    return Result(command, done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def terminal(arguments, env):
    """What the program writes to a terminal of its own as its standard error."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [str(INGEST), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=side, env=env)
    os.close(side)
    said = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(main)
    process.communicate()
    return said.decode("utf-8", "replace")


def run_arguments(store, release, inputs, overlays=None, tier=None):
    arguments = ["run", "--release", release, "--store", store]
    for path in inputs:
        arguments += ["--input", path]
    if overlays:
        arguments += ["--overlays", overlays]
    if tier == "licensed":
        arguments += ["--tier", "licensed", "--accept-license", "ama", "--accept-license", "ada"]
    return arguments


def run(store, release, inputs, overlays=None, tier=None, **options):
    """`ingest run`."""
    return ingest(*run_arguments(store, release, inputs, overlays, tier), **options)


def run_samples(store, *extra, overlays=SAMPLE_OVERLAYS, inputs=SAMPLE_INPUTS, **options):
    return ingest(*run_arguments(store, "RVU26A", inputs, overlays), *extra, **options)


class Published:
    """A published revision, read without the program's help."""

    def __init__(self, store, result=None, revision=None):
        self.store = Path(store)
        self.result = result
        if revision is None:
            revision = json.loads((self.store / "latest.json").read_text())["path"]
        self.folder = self.store / revision

    @functools.cached_property
    def manifest(self):
        return json.loads((self.folder / "manifest.json").read_text())

    @functools.cached_property
    def checks(self):
        return {check["id"]: check for check in self.manifest["verification"]["checks"]}

    @functools.cached_property
    def lines(self):
        return (self.folder / "codes.ndjson").read_bytes().split(b"\n")[:-1]

    @functools.cached_property
    def documents(self):
        return {document["code"]: document for document in map(exact_json, self.lines)}

    @functools.lru_cache(maxsize=None)
    def table(self, name):
        return read_table(self.folder / "tables" / f"{name}.csv")

    @property
    def table_names(self):
        return sorted(path.stem for path in (self.folder / "tables").glob("*.csv"))

    @property
    def database(self):
        return self.folder / "dataset.sqlite"


def exact_json(text):
    """JSON with every number as the text that stands there, so that 0.10 and 0.1 differ."""
    return json.loads(text, parse_float=str, parse_int=str)


def read_table(path):
    """A table's rows as dictionaries; an empty field is an empty string."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def files_below(folder):
    """Every file's bytes by its path below `folder`."""
    folder = Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def revisions(store):
    """The revisions that a store shows, such as RVU26A/r1."""
    releases = Path(store) / "releases"
    if not releases.is_dir():
        return []
    return sorted(f"{path.parent.name}/{path.name}" for path in releases.glob("*/*"))


def assert_published(result):
    assert result.code == 0, f"expected a published revision\n{result}"


def assert_clean(store):
    """Nothing half-written is left behind."""
    left = [path.name for path in Path(store).iterdir() if path.name not in ("releases", "latest.json", ".lock")]
    assert left == [], f"left behind in the store: {left}"


def assert_refused(result, store, *places, codes=(1, 2)):
    """The run was refused with an exit code for bad data, said where, and published nothing."""
    assert result.code in codes, f"expected a refusal with one of {codes}\n{result}"
    assert "error:" in result.err, f"a refusal without a message\n{result}"
    for place in places:
        assert re.search(place, result.err), f"no error names {place}\n{result}"
    assert result.out == b"", f"a refused run printed data\n{result}"
    assert "Nothing was published" in result.err, result
    if Path(store).is_dir():
        assert revisions(store) == [], f"a refused run left {revisions(store)}\n{result}"
        assert not (Path(store) / "latest.json").exists(), result
        assert_clean(store)


def zip_members(path):
    """Every member of an archive by name, read with Python's zipfile."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compression)
    return path


def write_folder(path, members):
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    for name, data in members.items():
        (path / name).write_bytes(data)
    return path


def link_folder(path, source, replaced):
    """A folder with the files of `source`, some with other bytes and some, given as None, taken away."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    for file in Path(source).iterdir():
        if file.name not in replaced and file.suffix in (".csv", ".txt"):
            (path / file.name).symlink_to(file)
    for name, data in replaced.items():
        if data is not None:
            (path / name).write_bytes(data)
    return path


# CMS's files as rows that can be changed and put back.


def split_lines(data):
    """Lines with their ends."""
    return data.splitlines(keepends=True)


def rows_of(data):
    """A CSV of CMS's as rows of fields."""
    return list(csv.reader(io.StringIO(data.decode("cp1252"), newline="")))


def csv_bytes(rows, end="\r\n"):
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode("cp1252")


def header_index(rows, first_label):
    """The row whose first cell begins with `first_label`."""
    return next(i for i, row in enumerate(rows) if row and row[0].strip().startswith(first_label))


def change_rows(data, first_label, change):
    """The CSV with `change(rows behind the header)` applied in place."""
    rows = rows_of(data)
    start = header_index(rows, first_label) + 1
    body = rows[start:]
    replaced = change(body)
    return csv_bytes(rows[:start] + (body if replaced is None else replaced))


def is_restored_note(text):
    return re.search(r"note: \d+ values of \w+ had lost their leading zeros", text)


def copy_store(store, target):
    shutil.copytree(store, target)
    return Path(target)
