"""The shipped questions about 1, 5 and 25 releases with every payment: DuckDB in a process, Spark on two workers."""

import csv
import json
import re
import shutil
import statistics
import subprocess
import time

from .process import FAILED, aside, measure, refuse, say, stop
from .report import MB, Row, Section, seconds, times
from .setting import RIVALS, ROOT, archive, data_folder

SIZES = [1, 5, 25]
#: The releases that are repeated, in turn.
SOURCES = ["RVU25A", "RVU25D"]
QUESTIONS = sorted((ROOT / "samples" / "queries").glob("*.sql"))
#: What 5 copies and 25 have: two labels that keep their own content.
SETTINGS = ["release=RVU25D", "from=RVU25A", "to=RVU25D"]
#: Where the measured table stands, between two marks.
PAGE = ROOT / "samples" / "queries" / "README.md"
#: Rounds of Spark at most: at 25 releases each takes minutes.
SPARK_ROUNDS = 3


def run(setting):
    if not archive("rvu25a") or not (data_folder() / "rvu25d").is_dir():
        return Section("SQL engines", ["**Skipped: CMS's files are not there.**"])
    has_java = has_java_17()
    if not has_java:
        say("USING DUCKDB ALONE: Spark needs Java 17, which is not on PATH (Scripts/setup --engines)")
    sizes = SIZES[:2] if setting.is_quick else SIZES
    store = published(setting)
    whole = setting.folder / f"parquet-{sizes[-1]}"
    building = written(setting, store, whole)
    labels = newest_labels(sizes[-1])
    (setting.folder / "labels.json").write_text(json.dumps(labels))
    checked([setting.python, RIVALS / "parquet_copies.py", whole, setting.folder / "labels.json"])

    section = Section(f"SQL engines: {', '.join(map(str, sizes))} releases with every payment")
    found = {}
    for size in sizes:
        data = whole if size == sizes[-1] else part_of(whole, setting.folder / f"parquet-{size}", labels[-size:])
        found[size] = asked(setting, data, size, has_java)
    section.lines = lines(found, building, has_java, setting)
    section.figures = {str(size): answer for size, answer in found.items()} | {"to-parquet": building}
    largest = found[sizes[-1]]
    release = statistics.median(building)
    section.rows.append(Row("a release as Parquet, payments computed", seconds(release), "–"))
    for name in ("payment-history", "payment-by-place") if has_java else ():
        one, other = (statistics.median(largest[engine]["questions"][name]) for engine in ("duckdb", "spark"))
        section.rows.append(Row(
            f"`{name}.sql` of {sizes[-1]} releases, {largest['payments'] / 1e6:.0f} M payments",
            f"DuckDB {seconds(one)}", f"Spark, 2 workers {seconds(other)}", times(other / one)))
    section.page = PAGE
    return section


def has_java_17():
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    except OSError:
        return False
    found = re.search(r'version "(\d+)', said)
    return bool(found) and int(found.group(1)) >= 17


def checked(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        stop(FAILED, f"{command[1]} failed:\n{done.stderr}")


def published(setting):
    store = setting.folder / "store"
    for label, source in zip(SOURCES, (archive("rvu25a"), data_folder() / "rvu25d")):
        checked([setting.ingest, "run", "--release", label, "--input", source, "--store", store])
    return store


def written(setting, store, out):
    """Writes the sources as Parquet; returns the seconds of each."""
    taken = []
    for label in SOURCES:
        command = [setting.python, ROOT / "Scripts" / "to-parquet", "--store", store, "--out", out, "--payments"]
        # The packages are installed by the first call, which is not what is measured.
        checked([*command[:2], "--help"])
        taken.append(measure([*command, "--release", label], setting.folder).wall)
    return taken


def newest_labels(count):
    """The newest labels of the catalogue up to RVU25D, oldest first: label, days, source."""
    with open(ROOT / "Schemas" / "values" / "releases.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if re.fullmatch(r"RVU2[0-5][A-D]R?", row["label"])]
    rows = sorted(rows, key=lambda row: row["effective_from"])[-count:]
    return [[row["label"], row["effective_from"], row["effective_to"],
             row["label"] if row["label"] in SOURCES else SOURCES[number % 2]] for number, row in enumerate(rows)]


def part_of(whole, folder, labels):
    """The partitions of some labels, the same files under another roof."""
    for label, *_ in labels:
        for partition in whole.glob(f"*/release={label}"):
            shutil.copytree(partition, folder / partition.parent.name / partition.name, copy_function=shutil.copy)
    return folder


def asked(setting, data, size, has_java):
    """Sizes, and each engine's seconds; the answers are compared byte for byte."""
    files = list(data.rglob("*.parquet"))
    found = {"bytes": sum(path.stat().st_size for path in files), "files": len(files),
             "payments_bytes": sum(path.stat().st_size for path in data.glob("payments/*/*.parquet"))}
    for engine, rounds in (("duckdb", setting.runs), ("spark", min(setting.runs, SPARK_ROUNDS))):
        if engine == "spark" and not has_java:
            continue
        out, taken = setting.folder / f"{engine}-{size}", setting.folder / f"{engine}-{size}.json"
        command = [setting.python, ROOT / "Scripts" / "query", *QUESTIONS, "--data", data, "--engine", engine, "--out", out,
                   "--repeat", rounds + 1, "--times", taken]
        for setting_ in SETTINGS:
            command += ["--set", setting_]
        began = time.perf_counter()
        measure(command, setting.folder)
        say(f"engines: {engine}, {size} releases: {time.perf_counter() - began:.1f} s")
        figures = json.loads(taken.read_text())
        # The first answer warms up: files are read into the cache, code is compiled.
        figures["first"] = {name: values[0] for name, values in figures["questions"].items()}
        figures["questions"] = {name: values[1:] for name, values in figures["questions"].items()}
        found[engine] = figures
    found["payments"] = aside(compare, setting.folder, size, has_java)
    return found


def compare(folder, size, has_java):
    """Equal answers; returns how many payments there are, one track's."""
    problems = []
    for question in QUESTIONS:
        ours = (folder / f"duckdb-{size}" / f"{question.stem}.csv").read_bytes()
        if has_java and ours != (folder / f"spark-{size}" / f"{question.stem}.csv").read_bytes():
            problems.append(f"{question.stem}, {size} releases: DuckDB and Spark answer differently")
        if ours.count(b"\n") < 2 and not (size == 1 and question.stem == "biggest-movers"):
            problems.append(f"{question.stem}, {size} releases: the answer is empty")
    refuse(problems)
    with open(folder / f"duckdb-{size}" / "payment-by-place.csv", newline="") as file:
        return sum(int(row["paid"]) + int(row["not_applicable"]) for row in csv.DictReader(file))


def versions():
    text = (ROOT / "Scripts" / "engines" / "requirements.txt").read_text()
    return ", ".join(" ".join(pin) for pin in re.findall(r"^(duckdb|pyspark)==(\S+)", text, re.MULTILINE))


def lines(found, building, has_java, setting):
    """Sizes, then times, for the report and the page alike."""
    engines = ["duckdb", "spark"] if has_java else ["duckdb"]
    title = {"duckdb": "DuckDB", "spark": "Spark"}
    sizes = list(found)
    out = [
        "| releases | payments | Parquet | of it payments | files |", "|---:|---:|---:|---:|---:|",
        *(f"| {size} | {one['payments'] / 1e6:.1f} M | {one['bytes'] / MB:.0f} MB | {one['payments_bytes'] / MB:.0f} MB | "
          f"{one['files']} |" for size, one in found.items()),
        "",
        f"A release is written in {seconds(statistics.median(building))}, its payments computed.",
        "",
    ]
    head = [f"{title[engine]}, {size}" for engine in engines for size in sizes]
    out += [f"| releases: | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
    rows = {"start": [found[size][engine]["start"] for engine in engines for size in sizes],
            "seeing the tables": [sum(found[size][engine]["open"].values()) for engine in engines for size in sizes]}
    for question in QUESTIONS:
        rows[f"`{question.name}`"] = [
            statistics.median(found[size][engine]["questions"][question.stem]) for engine in engines for size in sizes]
    out += [f"| {name} | {' | '.join(map(seconds, values))} |" for name, values in rows.items()]
    rounds = f"{setting.runs} rounds in DuckDB" + (f", {min(setting.runs, SPARK_ROUNDS)} in Spark" if has_java else "")
    out += [
        "",
        "Answers agree, byte for byte." if has_java else "**Spark is not measured: Java 17 is not there (Scripts/setup --engines).**",
        f"{versions()}. Medians of {rounds}, after a first that warms up; `start` is the engine's (of Spark: master, two workers, session). "
        "The releases are CMS's RVU25A and RVU25D in turn under the labels up to RVU25D; all 109 localities, both settings.",
        "",
    ]
    return out
