"""Repeating a published certificate, beside pandas and NumPy recomputing the same amounts."""

import json

from .process import aside, measure, refuse, rounds
from .report import Section
from .setting import RIVALS

#: CMS's workbook repeats the row totals once more, which the rival does not read.
FORMS_OF_RIVAL = ("CSV", "TXT")


def run(setting):
    release, folder = setting.release, setting.folder
    if not release.is_real:
        return Section("`ingest verify`", ["**Skipped: CMS's files are not there.**"])
    revision = setting.published()
    contenders = {
        "ingest": lambda: measure([setting.ingest, "verify", revision, *release.inputs], folder, "ingest.txt"),
        "pandas": lambda: measure([setting.python, RIVALS / "verify_pandas.py", release.rvu], folder, "pandas.json"),
    }
    usages = rounds(setting, contenders, "verify")
    agreed = aside(compare, revision, folder)
    section = Section(f"`ingest verify` of {release.label}, whole processes")
    section.add_usages(usages, "ingest")
    section.lines += [
        "Answers agree: "
        + ", ".join(f"{check} {count:,}" for check, count in agreed.items())
        + " as CMS has them. Both "
        "compare CSV with TXT. Ours also reads the workbooks, checks 18 further rules, hashes every input "
        "and makes the nine files that follow from CMS's again, to compare their bytes.",
        "",
    ]
    section.faster("verify a published release", usages["ingest"], "pandas", usages["pandas"])
    return section


def compare(revision, folder):
    theirs = json.loads((folder / "pandas.json").read_text())
    ours = dict.fromkeys(theirs, 0)
    for check in json.loads((revision / "verification.json").read_text())["checks"]:
        if check["id"] in ours and (check["id"] != "row_totals" or check["detail"].endswith(FORMS_OF_RIVAL)):
            ours[check["id"]] += check["matched"] + check["explained"]
    equal = (folder / "ingest.txt").read_text()
    problems = [
        f"{check}: {ours[check]} in ours, {count} in pandas's"
        for check, count in theirs.items()
        if count != ours[check]
    ]
    if "verification.json" not in equal:
        problems.append(f"ingest verify did not find the certificate equal: {equal!r}")
    refuse(problems)
    return ours
