"""Applied to BASE, a difference gives HEAD: nothing that changed is left out, and nothing is counted twice."""

import random
import shutil

import pytest

from diff_support import assert_adds_up, assert_complete, diff, edited, read_diff, releases, write_policy  # noqa: F401
from support import SAMPLE_OVERLAYS, Published, assert_published, change_rows, ingest, run_arguments, write_folder

PAIRS = [
    ("RVU25A-r1", "RVU25D-r1"), ("RVU25D-r1", "RVU26B-r1"), ("RVU25D-r1", "RVU26A-r1"), ("RVU25A-r1", "RVU26A-r1"), ("RVU26A-r1", "RVU26B-r1"),
    ("RVU25D-r1", "RVU25A-r1"), ("RVU25A-r1", "RVU25A-r1")]


@pytest.mark.parametrize("base, head", PAIRS)
def test_a_difference_applied_to_its_base_gives_its_head(base, head, releases):
    assert_complete(releases.diff(base, head), releases[base], releases[head])


@pytest.mark.parametrize("base, head", PAIRS[:5])
def test_explained_and_residual_add_up_in_every_category_and_rule(base, head, releases):
    assert_adds_up(releases.diff(base, head), releases[base], releases[head])


def test_applying_notices_a_change_that_was_left_out(releases):
    read = releases.diff("RVU25D-r1", "RVU26B-r1")
    changes = list(read["changes"])
    del changes[len(changes) // 2]
    with pytest.raises(AssertionError):
        assert_complete({**read, "changes": changes}, releases["RVU25D-r1"], releases["RVU26B-r1"])


def test_the_licensed_tier_is_complete_too(rvu25a_licensed, rvu25d_licensed, tmp_path):
    read = diff(rvu25a_licensed.folder, rvu25d_licensed.folder, "--policy", write_policy(tmp_path / "open.yaml"))
    assert_complete(read, rvu25a_licensed, rvu25d_licensed)
    assert_adds_up(read, rvu25a_licensed, rvu25d_licensed)


def test_from_one_tier_to_the_other_is_complete_too(rvu25d, rvu25d_licensed, tmp_path):
    read = diff(rvu25d.folder, rvu25d_licensed.folder, "--policy", write_policy(tmp_path / "open.yaml"))
    assert_complete(read, rvu25d, rvu25d_licensed)
    assert read["counts"]["short_descriptor_changed"] > 10000 and read["counts"]["rows_changed"] == 0


def test_a_revision_after_an_edited_overlay_is_complete(edited):
    first, second = (Published(edited, revision=f"releases/RVU26A/{revision}") for revision in ("r1", "r2"))
    read = diff("RVU26A-r1", "RVU26A-r2", "--store", edited)
    assert_complete(read, first, second)
    assert_adds_up(read, first, second)
    assert read["counts"]["editorial_items_removed"] + read["counts"]["editorial_item_changed"] > 0
    assert read["counts"]["question_changed"] == 1
    assert read["counts"]["rows_changed"] == read["counts"]["codes_added"] == read["counts"]["codes_removed"] == 0
    assert {change["code"] for change in read["changes"]} == {"J7308"}


# Random edits. PPRRVU is given in one form only, so that a change need not be made in four files.

RVU = "PPRRVU2026_Jan_nonQPP.csv"
HCPCS = "HCPC2026_JAN_ANWEB.txt"
ODD_TEXTS = [
    'A "quoted", text', "Größe µ — ½", "back\\slash / slash", "a|b*c_d`e`<f>&@g", "100 % of {it}", "tab\\tno", "'single'",
    "0.10", "true", "null", "99213", "x" * 3000]


def edit_values(chance, members):
    """A row's work or malpractice with its totals, its status, its global period; or a row that goes."""
    alone = {"11042", "11045", "17000", "17003", "45385", "99203", "99213", "99214", "G0101", "G2211", "11981"}

    def change(rows):
        row = chance.choice([row for row in rows if row[0] in alone])
        kind = chance.choice(["work", "mp", "pe", "status", "days", "gone", "descriptor"])
        amount = chance.randrange(1, 300)

        def add(*fields):
            for field in fields:
                row[field] = f"{(int(row[field].replace('.', '')) + amount) / 100:.2f}"

        if kind == "work":
            add(5, 11, 12)
        elif kind == "mp":
            add(10, 11, 12)
        elif kind == "pe":
            add(6, 11)
        elif kind == "status":
            row[3] = chance.choice("RT")
        elif kind == "days":
            row[14] = chance.choice(["XXX", "ZZZ", "000"])
        elif kind == "descriptor":
            row[2] = f"Made up {amount}"
        elif row[0] in ("45385", "17003", "G0101", "11981"):
            rows.remove(row)

    members[RVU] = change_rows(members[RVU], "HCPCS", change)


def edit_level_ii(chance, members):
    """A record's coverage, BETOS class, dates or text; or a code that goes."""
    lines = members[HCPCS].split(b"\r\n")
    # Single-line records of codes that no overlay is about.
    starts = [
        i for i, line in enumerate(lines[:-1])
        if line[10:11] == b"3" and lines[i + 1][10:11] != b"4" and line[:5] in (b"A4310", b"A4550", b"A9270", b"J7510", b"J7611")]
    at = chance.choice(starts)
    line = bytearray(lines[at])
    kind = chance.choice(["coverage", "betos", "terminated", "action", "short", "long", "gone"])
    if kind == "coverage":
        line[229:230] = chance.choice([b"C", b"D", b"I", b"M", b"S"])
    elif kind == "betos":
        line[256:259] = chance.choice([b"D1A", b"O1E", b"Z2 "])
    elif kind == "terminated":
        line[284:292] = b"20260630"
    elif kind == "action":
        line[292:293] = b"C"
    elif kind == "short":
        line[91:119] = f"Made up {chance.randrange(1000)}".encode().ljust(28)
    elif kind == "long":
        line[11:91] = f"Made-up words {chance.randrange(1000)} of a description".encode().ljust(80)
    lines[at] = bytes(line)
    if kind == "gone":
        del lines[at]
    members[HCPCS] = b"\r\n".join(lines)


def edit_inputs(chance, members):
    members.pop(chance.choice(["26LOCCO.csv", "ANES2026.csv", "OPPSCAP_Jan.csv", HCPCS]), None)


def edit_overlays(chance, folder):
    codes = sorted((folder / "codes").iterdir())
    path = chance.choice(codes)
    kind = chance.choice(["gone", "title", "items", "questions", "new", "scope", "review"])
    text = path.read_text()
    odd = chance.choice(ODD_TEXTS)
    if kind == "gone":
        path.unlink()
    elif kind == "title":
        path.write_text("\n".join(
            f"title: '{odd.replace(chr(39), chr(39) * 2)}'" if line.startswith("title:") else line
            for line in text.split("\n")))
    elif kind == "items":
        path.write_text(text.replace("synonyms:\n", f"synonyms:\n  - 'odd {odd.replace(chr(39), chr(39) * 2)}'\n"))
    elif kind == "questions":
        path.write_text(text.replace(
            "questions:\n", "questions:\n  - question: What is new?\n    answer: |\n      Two lines,\n\n      one blank.\n"))
    elif kind == "new":
        (folder / "codes" / "A9270.yaml").write_text(
            f"code: A9270\ntitle: '{odd.replace(chr(39), chr(39) * 2)}'\nsummary: |\n  Two\n  lines\nsynonyms:\n  - one\n")
    elif kind == "scope":
        chance.choice(sorted((folder / "categories").iterdir())).unlink()
    elif "review:" in text:
        path.write_text(text[:text.index("review:")])


@pytest.mark.parametrize("seed", range(10))
def test_random_edits_between_two_revisions_are_all_found(seed, sample_members, tmp_path):
    """Both sides are edited, so that everything may come as well as go."""
    chance = random.Random(f"diff {seed}")
    store, policy = tmp_path / "store", write_policy(tmp_path / "open.yaml")
    for side in ("base", "head"):
        members = {name: data for name, data in sample_members.items() if "QPP" not in name or name == RVU}
        overlays = tmp_path / side / "overlays"
        shutil.copytree(SAMPLE_OVERLAYS, overlays)
        for _ in range(chance.randrange(2, 7)):
            if HCPCS in members:
                chance.choice([edit_values, edit_level_ii, edit_level_ii])(chance, members)
            else:
                edit_values(chance, members)
            edit_overlays(chance, overlays)
        if chance.random() < 0.3:
            edit_inputs(chance, members)
        folder = write_folder(tmp_path / side / "in", members)
        assert_published(ingest(*run_arguments(store, "RVU26A", [folder], overlays), "--policy", policy))
    base, head = (Published(store, revision=f"releases/RVU26A/{revision}") for revision in ("r1", "r2"))
    read = diff("RVU26A-r1", "RVU26A-r2", "--store", store, "--policy", policy)
    assert read["changes"]
    assert_complete(read, base, head)
    assert_adds_up(read, base, head)
    published = read_diff((head.folder / "diff.json").read_bytes())
    assert {**published, "gate": None} == {**read, "gate": None}
