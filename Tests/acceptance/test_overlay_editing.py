"""ingest overlay new, accept and format: files that editors own, changed only where they asked for it."""

import os
import random
import re
import shutil
import stat

import pytest
import yaml

from support import REPO, SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, Published, assert_published, files_below, ingest, run_samples
from test_schemas import problems
from test_staleness import digest


@pytest.fixture
def overlays(tmp_path):
    shutil.copytree(SAMPLE_OVERLAYS, tmp_path / "overlays")
    return tmp_path / "overlays"


def overlay(verb, *arguments, overlays, store=None):
    return ingest(
        "overlay", verb, *arguments, "--release", "RVU26A", "--input", SAMPLE_RVU, "--input", SAMPLE_HCPCS,
        "--overlays", overlays, "--store", store or overlays.parent / "store")


def unpin(path, release="RVU25D"):
    path.write_text(re.sub("sha256:.*", "sha256:" + "0" * 64, path.read_text()).replace("RVU26A", release))


# new


def test_a_skeleton_is_valid_as_it_is_and_current(samples, overlays):
    codes = [code for code in sorted(samples.documents) if not (overlays / "codes" / f"{code}.yaml").exists()
             and (samples.documents[code]["hcpcs"] or {}).get("terminated") is None][:20]
    result = overlay("new", *codes, overlays=overlays)
    assert result.code == 0, result
    paths = [overlays / "codes" / f"{code}.yaml" for code in codes]
    assert result.out.decode().split() == [str(path) for path in paths]
    for code, path in zip(codes, paths):
        document = yaml.safe_load(path.read_text())
        assert document["code"] == code and problems("overlay.schema.json", document) == []
    assert ingest("overlay", "format", "--check", overlays).code == 0
    published = run_samples(overlays.parent / "store", overlays=overlays)
    assert_published(published)
    documents = Published(overlays.parent / "store").documents
    assert {documents[code]["editorial"]["review"]["state"] for code in codes} == {"current"}


def test_a_skeleton_tells_CMSs_facts_and_no_text_of_the_AMAs(overlays, samples):
    level_two = overlay("new", "J7308", "--stdout", overlays=overlays.parent / "none").out.decode()
    document = samples.documents["J7308"]
    flat = " ".join(level_two.replace("#", " ").split())
    assert document["long_descriptor"] in flat and document["route"] in flat and "status E" in flat
    cpt = overlay("new", "99213", "--stdout", overlays=overlays.parent / "none").out.decode()
    assert "AMA's, not repeated here" in cpt and "PPRRVU2026_Jan_nonQPP.csv, line" in cpt
    row = samples.documents["99213"]["relative_values"][0]
    for name in ("work", "total_nonfacility", "total_facility"):
        assert row[name] in cpt


def test_commented_keys_become_valid_when_the_hashes_go(overlays):
    text = overlay("new", "99213", "--stdout", overlays=overlays.parent / "none").out.decode()
    body = text[text.index("code:"):]
    live = re.sub(r"(?m)^# ", "", body).replace("{{", "").replace("}}", "")
    document = yaml.safe_load(live)
    assert problems("overlay.schema.json", document) == []
    keys = list(yaml.safe_load((REPO / "Schemas" / "overlay.schema.json").read_text())["properties"])
    assert [key for key in keys if key in document] == list(document)
    assert len(document) >= 11


def test_a_code_with_an_overlay_or_an_unknown_one_is_refused_and_nothing_is_written(overlays):
    before = files_below(overlays)
    result = overlay("new", "A0425", "J7309", "59400", overlays=overlays)
    assert result.code == 64, result
    assert "overlays/codes/A0425.yaml:2" in result.err and "overlay_exists" in result.err
    assert "J7309" in result.err and "Near it are" in result.err and "J7308" in result.err
    assert files_below(overlays) == before


def test_a_single_file_of_overlays_takes_no_new_files(overlays):
    result = overlay("new", "59400", overlays=overlays / "codes" / "A0425.yaml")
    assert result.code == 64 and "--stdout" in result.err


# accept


def test_accepting_moves_the_pin_and_touches_nothing_else(overlays):
    path = overlays / "codes" / "J7308.yaml"
    right = path.read_bytes()
    unpin(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n").replace(b"title: ", b"title:   "))
    os.chmod(path, 0o640)
    before = files_below(overlays)
    result = overlay("accept", "j7308", overlays=overlays)
    assert result.code == 0, result
    after = files_below(overlays)
    assert path.read_bytes() == b"\xef\xbb\xbf" + right.replace(b"\n", b"\r\n").replace(b"title: ", b"title:   ")
    assert {name for name in before if before[name] != after[name]} == {"codes/J7308.yaml"} and before.keys() == after.keys()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert re.match(r"J7308  RVU25D → RVU26A  .*codes/J7308\.yaml:2\n", result.out.decode())


def test_accepting_twice_changes_nothing(overlays):
    before = files_below(overlays)
    result = overlay("accept", "J7308", overlays=overlays)
    assert result.code == 0 and "already" in result.out.decode() and files_below(overlays) == before


def test_what_was_accepted_is_current_in_many_documents_of_one_file(samples, tmp_path):
    path = tmp_path / "all.yaml"
    codes = sorted(code for code, document in samples.documents.items() if not (document["hcpcs"] or {}).get("terminated"))
    path.write_text("---\n".join(f'code: "{code}"\ntitle: About {code}  # ours\n' for code in codes))
    result = overlay("accept", *codes, overlays=path)
    assert result.code == 0, result
    assert path.read_text().count("# ours") == len(codes)
    assert_published(run_samples(tmp_path / "store", overlays=path))
    published = Published(tmp_path / "store")
    assert {row["review_state"] for row in published.table("editorial")} == {"current"}
    for row in published.table("editorial"):
        document = published.documents[row["code"]]
        if document["long_descriptor"]:
            assert row["review_descriptor"] == digest(document["long_descriptor"])


def test_all_current_moves_releases_only(overlays):
    stale = overlays / "codes" / "J7308.yaml"
    unpin(stale)
    other = overlays / "codes" / "A0425.yaml"
    other.write_text(other.read_text().replace("RVU26A", "RVU25D"))
    before = stale.read_bytes()
    result = overlay("accept", "--all-current", overlays=overlays)
    assert result.code == 0, result
    assert stale.read_bytes() == before
    assert other.read_text() == (SAMPLE_OVERLAYS / "codes" / "A0425.yaml").read_text()


def test_nothing_is_written_when_one_of_the_codes_cannot_be_accepted(overlays, samples):
    ended = next(code for code, d in samples.documents.items() if d["hcpcs"] and d["hcpcs"]["terminated"]
                 and d["hcpcs"]["terminated"] < "2026-01-01")
    (overlays / "ended.yaml").write_text(f"code: {ended}\ntitle: Ended\n")
    unpin(overlays / "codes" / "J7308.yaml")
    before = files_below(overlays)
    for codes, words in [((ended,), "ended on"), (("59400",), "ingest overlay new 59400"), (("J730B",), "no code of")]:
        result = overlay("accept", "J7308", *codes, overlays=overlays)
        assert result.code == 64 and words in result.err, result
        assert "No file was changed" in result.err and result.out == b""
        assert files_below(overlays) == before


def test_a_file_that_cannot_be_written_is_said_and_left_as_it_was(overlays):
    unpin(overlays / "codes" / "J7308.yaml")
    before = files_below(overlays)
    # A folder in the place of the file that is written aside.
    (overlays / "codes" / ".J7308.yaml.new").mkdir()
    result = overlay("accept", "J7308", overlays=overlays)
    assert result.code == 73, result
    assert (overlays / "codes" / "J7308.yaml").read_bytes() == before["codes/J7308.yaml"]


# format


def test_the_samples_are_in_the_one_form():
    result = ingest("overlay", "format", "--check", SAMPLE_OVERLAYS)
    assert result.code == 0 and result.out == b"", result


def documents_of(path):
    """As texts: what overlays are read as."""
    return list(yaml.load_all(path.read_text(), yaml.BaseLoader))


WORDS = ["solution", "of", "the", "skin", "J7308", "NO", "yes", "00100", "1e3", "a:b", "c: d", "#x", "é", "漢字", "😀",
         "'quoted'", '"double"', "{{code}}", "[x]", "-", "?", "null", "~", "2026-01-01", "x" * 130, "%", "@you", "\\n"]


def random_text(random, breaks=True):
    text = " ".join(random.choice(WORDS) for _ in range(random.choice([1, 2, 5, 40])))
    if breaks and random.random() < 0.2:
        text = text.replace(" ", "\n", random.randint(1, 3))
    return random.choice(["", " ", "  "]) * (random.random() < 0.1) + text + (" " if random.random() < 0.05 else "")


def test_random_documents_keep_their_values_and_are_stable(tmp_path):
    chance = random.Random(20260101)
    folder = tmp_path / "overlays"
    folder.mkdir()
    wanted = {}
    for number in range(300):
        documents = []
        for _ in range(chance.randint(1, 3)):
            keys = {"code": "99213", "title": random_text(chance), "summary": random_text(chance),
                    "synonyms": [random_text(chance) for _ in range(chance.randint(1, 4))],
                    "questions": [{"answer": random_text(chance), "question": random_text(chance)}],
                    "review": {"release": "RVU26A"}, "billing": random_text(chance)}
            order = list(keys)
            chance.shuffle(order)
            documents.append({key: keys[key] for key in order[:chance.randint(1, 7)]} | {"code": "99213"})
        path = folder / f"{number:03}.yaml"
        path.write_text(yaml.safe_dump_all(
            documents, sort_keys=False, allow_unicode=chance.random() < 0.5, width=chance.choice([20, 80, 1000]),
            default_flow_style=chance.choice([None, False, True]), default_style=chance.choice([None, '"', "'"])))
        wanted[path] = documents_of(path)
        assert wanted[path] == documents
    assert ingest("overlay", "format", folder).code == 0
    for path, documents in wanted.items():
        assert documents_of(path) == documents, path
        # A reader that knows numbers and truth values finds texts too.
        assert list(yaml.safe_load_all(path.read_text())) == documents, path
        first = list(documents_of(path)[0])
        assert first[0] == "code"
    assert ingest("overlay", "format", "--check", folder).code == 0


def test_check_lists_the_files_and_changes_none(overlays):
    path = overlays / "codes" / "J7308.yaml"
    path.write_text(path.read_text().replace("title: ", "title:    "))
    before = files_below(overlays)
    result = ingest("overlay", "format", "--check", overlays)
    assert result.code == 1 and result.out.decode() == f"{path}\n" and files_below(overlays) == before
    assert ingest("overlay", "format", path).code == 0
    assert path.read_bytes() == (SAMPLE_OVERLAYS / "codes" / "J7308.yaml").read_bytes()


def test_no_file_is_changed_when_one_cannot_be_kept(overlays):
    (overlays / "a.yaml").write_text("code: A4310\ntitle: &t Text\nsummary: *t\n")
    (overlays / "b.yaml").write_text("title:   X\ncode: A4310\n")
    before = files_below(overlays)
    result = ingest("overlay", "format", overlays)
    assert result.code == 2 and "a.yaml:2:8" in result.err and files_below(overlays) == before
