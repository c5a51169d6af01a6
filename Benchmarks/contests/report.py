"""What a contest found: a section of Markdown, and rows of the table that README.md shows."""

import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from .process import middle, ratios

MB = 1e6
BEGIN, END = "<!-- benchmark:begin -->", "<!-- benchmark:end -->"
HEADER = ["| job | ingest | beside | ratio | goal | met |", "|---|---:|---:|---:|---:|:---:|"]
ROW = re.compile(r"\| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| (yes|\*\*no\*\*|–) \|( [^|]+ \|)?")
MET = {True: "yes", False: "**no**", None: "–"}


@dataclass
class Row:
    """A line of the README's table."""

    job: str
    ours: str
    rival: str
    ratio: str = "–"
    goal: str = "–"
    is_met: bool | None = None

    def __str__(self):
        return f"| {self.job} | {self.ours} | {self.rival} | {self.ratio} | {self.goal} | {MET[self.is_met]} |"

    @property
    def key(self):
        """Job and rival without its figure: what stays the same from day to day."""
        return self.job, re.sub(r" [\d.,]+ (ms|s|MB|M/s)$", "", self.rival)


@dataclass
class Earlier:
    """What another day measured: of each row the ratio, or our own figure where there is no ratio."""

    date: str
    figures: dict


@dataclass
class Section:
    """What one contest found. `figures` is what `--keep` writes as JSON, `page` a file that shows the lines too."""

    title: str
    lines: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    page: Path | None = None

    def markdown(self):
        return "\n".join([f"### {self.title}", "", *self.lines, ""])

    def add_usages(self, contenders, ours):
        """A table of all contenders beside ours."""
        self.lines += [
            f"| | wall | CPU, user + system | peak memory | wall ÷ {ours} | CPU ÷ {ours} |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name, usages in contenders.items():
            cells = (
                ["–", "–"]
                if name == ours
                else [spread(ratios(usages, contenders[ours], attribute)) for attribute in ("wall", "cpu")]
            )
            cells = [
                seconds(middle(usages, "wall")),
                seconds(middle(usages, "cpu")),
                f"{middle(usages, 'peak') / MB:.0f} MB",
                *cells,
            ]
            self.lines.append(f"| {name} | {' | '.join(cells)} |")
            self.figures[name] = {part: [getattr(u, part) for u in usages] for part in ("wall", "cpu", "peak")}
        self.lines.append("")

    def faster(self, job, ours, name, theirs, at_least=None):
        """A row: how many times the wall time of `ours` a rival takes."""
        ratio = statistics.median(ratios(theirs, ours))
        goal = (f"≥ {at_least}×", ratio >= at_least) if at_least else ()
        self._row(job, ours, name, theirs, ratio, *goal)

    def above_floor(self, job, ours, name, theirs, at_most):
        """A row: how many times the wall time of the floor `ours` takes."""
        ratio = statistics.median(ratios(ours, theirs))
        self._row(job, ours, name, theirs, ratio, f"≤ {at_most}×", ratio <= at_most)

    def _row(self, job, ours, name, theirs, ratio, *goal):
        rival = f"{name} {seconds(middle(theirs, 'wall'))}"
        self.rows.append(Row(job, seconds(middle(ours, "wall")), rival, times(ratio), *goal))


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def times(ratio):
    return f"{ratio:.1f}×"


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def table(sections, preface, earlier=None):
    """The block of README.md: when and where, and every row, with what another day measured in a last column."""
    rows = [row for section in sections for row in section.rows]
    if earlier is None:
        return "\n".join([BEGIN, preface, "", *HEADER, *map(str, rows), END])
    preface += f" · last column: the ratio on {earlier.date}, or ingest's own figure where there is none"
    header = [f"{HEADER[0]} {earlier.date} |", f"{HEADER[1]}---:|"]
    rows = [f"{row} {earlier.figures.get(row.key, '–')} |" for row in rows]
    return "\n".join([BEGIN, preface, "", *header, *rows, END])


def parsed(block):
    """Preface, rows and last column (`None` where there is none) of a block that `table` made."""
    _, preface, _, header, _, *lines, _ = block.split("\n")
    cells = [line.strip("| ").split(" | ") for line in lines]
    met = {text: value for value, text in MET.items()}
    rows = [Row(*row[:5], met[row[5]]) for row in cells]
    titles = header.strip("| ").split(" | ")
    if len(titles) == 6:
        return preface, rows, None
    figures = {row.key: line[6] for row, line in zip(rows, cells)}
    return preface.rsplit(" · last column: ", 1)[0], rows, Earlier(titles[6], figures)


def earlier(block, preface):
    """What the last column is to show beside what was measured under `preface`: the figures of the block when it is of
    another day, else what it shows of another day itself."""
    old_preface, rows, shown = parsed(block)
    date = day(old_preface)
    if date == day(preface):
        return shown
    return Earlier(date, {row.key: row.ours if row.ratio == "–" else row.ratio for row in rows})


def day(preface):
    return preface.split(" · ", 1)[0]


def block_of(readme):
    """The block as README.md has it; `None` when there is none."""
    found = re.search(re.escape(BEGIN) + ".*?" + re.escape(END), readme, re.DOTALL)
    return found.group(0) if found else None


def page_with(text, section, preface):
    """The text of the section's page with what was measured in place of what stood there."""
    block = "\n".join([BEGIN, preface, "", *section.lines, END])
    old = block_of(text)
    return text.replace(old, block) if old else text.rstrip("\n") + "\n\n" + block + "\n"
