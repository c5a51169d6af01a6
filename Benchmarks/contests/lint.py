"""`ingest overlay lint` of 20,000 overlays with planted mistakes, beside PyYAML reading the same files."""

import csv
import json
import re

from .process import FAILED, aside, measure, refuse, rounds
from .report import Section
from .setting import RIVALS, SAMPLES, data_folder

OVERLAYS = 20_000
MISTAKE_EVERY = 100


def inputs(setting):
    """The options that name a release of 2026 with its drug prices: CMS's own where they are, else the samples'."""
    data = data_folder()
    files = [
        data / "rvu26a-standin" / "rvu26a.zip",
        data / "hcpcs" / "2026-jan-standin" / "january-2026-alpha-numeric-hcpcs-file.zip",
        data / "asp" / "2026-q1",
    ]
    is_whole = all(path.exists() for path in files)
    if not is_whole:
        files = [SAMPLES / "rvu26a.zip", SAMPLES / "january-2026-alpha-numeric-hcpcs-file.zip"]
    options = ["--release", "RVU26A"]
    for path in files:
        options += ["--input", path]
    return options, is_whole


def run(setting):
    folder = setting.folder
    options, is_whole = inputs(setting)
    wanted = 60 if not is_whole else OVERLAYS // 10 if setting.is_quick else OVERLAYS
    measure([setting.ingest, "run", *options, "--store", folder / "store"], folder)
    made = aside(write_overlays, folder / "store/releases/RVU26A/r1/tables/codes.csv", wanted, folder)

    def lint(overlays, answer):
        command = [setting.ingest, "overlay", "lint", *options, "--overlays", overlays, "--format", "json"]
        return measure(command, folder, answer, accepted=(0, FAILED))

    contenders = {
        "ingest": lambda: lint(folder / "files", "files.json"),
        "PyYAML": lambda: measure([setting.python, RIVALS / "lint_pyyaml.py", folder / "files"], folder, "pyyaml.json"),
        "ingest, one file": lambda: lint(folder / "one", "one.json"),
        "ingest, the sample overlays": lambda: lint(SAMPLES / "overlays", "samples.json"),
    }
    usages = rounds(setting, contenders, "lint")
    aside(compare, folder, made)

    section = Section(
        f"`ingest overlay lint` of {made['overlays']:,} overlays, {made['bytes'] / 1e6:.1f} MB, whole processes"
    )
    if not is_whole:
        section.lines += ["**CMS's files are not there: these are the samples'.**", ""]
    section.add_usages(usages, "ingest")
    section.lines += [
        f"Answers agree: {made['planted']} planted mistakes found, in files and in one file, and nothing else; "
        "PyYAML, on all cores, reads the files and looks for doubled words only. The "
        "sample overlays show what reading CMS's files takes.",
        "",
    ]
    section.faster(f"lint of {made['overlays']:,} overlays", usages["ingest"], "PyYAML, reading only", usages["PyYAML"])
    return section


def write_overlays(codes_csv, count, folder):
    """Every live code gets an overlay with the texts of one of the samples, its own code in place of the sample's; what
    is left of the number are overlays of ranges of one code. They are written as that many files, and as one."""
    with open(codes_csv, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = [
        r["code"] for r in rows if re.fullmatch(r"[0-9A-Z]{5}", r["code"]) and not "" < r["terminated"] < "2026-01-01"
    ]
    # Texts of procedures: those of drugs say things that hold for one drug only.
    samples = [
        (p.stem, p.read_text()) for p in sorted((SAMPLES / "overlays" / "codes").glob("*.yaml")) if p.stem[0].isdigit()
    ]
    documents, planted = [], 0
    for number, code in enumerate(codes[:count]):
        name, text = samples[number % len(samples)]
        text = re.sub(r"(?m)^review:\n(?:  .*\n)+", "", text).replace(name, code)
        # Two codes rarely share a synonym.
        text = re.sub(
            r"(?m)^synonyms:\n(?:  - .*\n)+", lambda m: re.sub(r"(?m)^(  - .*)$", rf"\1 {number}", m.group()), text
        )
        if number % MISTAKE_EVERY == 0:
            text, changes = re.subn(r"(?ms)(^clinical_context: .*? )(of)( )", r"\1\2 \2\3", text, count=1)
            planted += changes
        documents.append((f"{code[0]}/{code}.yaml", text))
    for number, code in enumerate(codes[: count - len(documents)]):
        text = f'range:\n  first: "{code}"\n  last: "{code}"\nname: Codes of number {number}\n'
        text += re.search(r"(?ms)^billing: .*?(?=^\w)", samples[number % len(samples)][1]).group()
        documents.append((f"ranges/{number:05}.yaml", text))
    for name, text in documents:
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "one").mkdir()
    (folder / "one" / "all.yaml").write_text("---\n".join(text for _, text in documents), encoding="utf-8")
    return {"overlays": len(documents), "bytes": sum(len(t.encode()) for _, t in documents), "planted": planted}


def compare(folder, made):
    problems = []
    for name, expected in (("files", made["planted"]), ("one", made["planted"]), ("samples", 0)):
        findings = json.loads((folder / f"{name}.json").read_text())["findings"]
        others = {finding["id"] for finding in findings} - {"overlay_doubled_word"}
        if len(findings) != expected or others:
            problems.append(f"{name}: {len(findings)} findings, {expected} were planted; others: {sorted(others)}")
    theirs = json.loads((folder / "pyyaml.json").read_text())
    if (theirs["documents"], theirs["doubled"]) != (made["overlays"], made["planted"]):
        problems.append(f"PyYAML reads {theirs['documents']} documents and finds {theirs['doubled']} doubled words")
    refuse(problems)
    return made
