"""Overlays pinned to one release and published with a later one: exactly the reworded codes are stale, none other."""

import hashlib
import json
import re

import pytest

from support import SAMPLE_OVERLAYS, Published, assert_published, ingest, run, run_arguments, run_samples, files_below

LABEL = "RVU26B"


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def collapsed(text):
    return " ".join(text.replace("\xa0", " ").split())


def short_descriptors(path):
    """Each code's descriptor of its first row, the global one where there is one: code 1-5, modifier 6-7, text 8-57."""
    rows = {}
    for line in path.read_bytes().decode("cp1252").splitlines():
        if re.match(r"[0-9A-Z]{5}(  |26|TC|53)", line) and len(line) > 100:
            rows.setdefault(line[:5], {})[line[5:7]] = collapsed(line[7:57])
    return {code: by_modifier[min(by_modifier)] for code, by_modifier in rows.items()}


class HCPCSText:
    """The 320-byte text file, record by record, to be read and changed."""

    def __init__(self, data):
        self.lines = data.decode("cp1252").splitlines()
        self.records = {}
        code = None
        for index, line in enumerate(self.lines):
            if line[10:11] in "37":
                code = line[:5].strip()
                self.records[code] = {"first": index, "lines": [index], "modifier": line[10] == "7"}
            elif line[10:11] in "48" and code:
                self.records[code]["lines"].append(index)

    @property
    def codes(self):
        return [code for code, record in self.records.items() if not record["modifier"]]

    def long(self, code):
        return collapsed(" ".join(self.lines[i][11:91].strip() for i in self.records[code]["lines"]))

    def put(self, code, first, last, text):
        index = self.records[code]["first"]
        line = self.lines[index].ljust(320)
        self.lines[index] = line[:first - 1] + text.ljust(last - first + 1)[:last - first + 1] + line[last:]

    def terminated(self, code):
        return self.lines[self.records[code]["first"]][284:292].strip()

    def __repr__(self):
        return "HCPCSText()"

    @property
    def bytes(self):
        return ("\r\n".join(self.lines) + "\r\n").encode("cp1252")


def overlays_for(pins, release):
    return "---\n".join(
        f'code: "{code}"\ntitle: About {code}\nreview:\n  release: {release}\n  descriptor: {pin}\n'
        for code, pin in sorted(pins.items()))


class Desk(dict):
    """Says nothing of itself: a failed test prints its arguments, and the AMA's words must not come into a report."""

    def __repr__(self):
        return "Desk()"


@pytest.fixture(scope="module")
def desk(data, hcpcs_standin, tmp_path_factory):
    """RVU25D published, then RVU26B with an overlay for every code of RVU25D and a HCPCS list reworded here and there."""
    folder = tmp_path_factory.mktemp("staleness")
    old = HCPCSText(hcpcs_standin)
    shorts = short_descriptors(data / "rvu25d" / "PPRRVU2025_Oct.txt")
    new_shorts = short_descriptors(data / "rvu26b" / "PPRRVU2026_Apr_nonQPP.txt")
    then = {**shorts, **{code: old.long(code) for code in old.codes}}

    new = HCPCSText(hcpcs_standin)
    alive = [code for code in old.codes if not old.terminated(code) and len(old.records[code]["lines"]) == 1]
    short_texts = [code for code in alive if len(old.long(code)) < 60]
    planted = {"reworded": short_texts[10::150], "cosmetic": short_texts[20:24], "reused": short_texts[30:32],
               "anew": short_texts[40:43], "ended": short_texts[50:53]}
    for code in planted["reworded"]:
        new.put(code, 12, 91, old.long(code) + " revised")
    for code in planted["cosmetic"]:
        new.put(code, 12, 91, old.long(code).swapcase())
    for code in planted["reused"]:
        new.put(code, 12, 91, "Xylophone quartz")
    for code in planted["anew"]:
        new.put(code, 12, 91, old.long(code) + " again")
        new.put(code, 269, 276, "20260101")
    for code in planted["ended"]:
        new.put(code, 285, 292, "20260331")
        new.put(code, 205, 209, short_texts[60])
    now = {**new_shorts, **{code: new.long(code) for code in new.codes}}

    (folder / "hcpcs").mkdir()
    (folder / "hcpcs" / "HCPC2026_APR_ANWEB.txt").write_bytes(new.bytes)
    # The pins are put in by hand: nothing of ours has seen the descriptors yet.
    batches = folder / "overlays"
    batches.mkdir()
    codes = sorted(then)
    for start in range(0, len(codes), 2000):
        (batches / f"{start:05}.yaml").write_text(
            overlays_for({code: digest(then[code]) for code in codes[start:start + 2000]}, "RVU25D"))
    store = folder / "store"
    assert_published(run(store, "RVU25D", [data / "rvu25d", data / "hcpcs" / "2025-oct"]))
    policy = folder / "policy.yaml"
    policy.write_text("limits: {}\n")
    arguments = run_arguments(store, LABEL, [data / "rvu26b", folder / "hcpcs"], batches) + ["--policy", policy]
    result = ingest(*arguments)
    assert_published(result)
    return Desk(
        published=Published(store, result), then=then, now=now, planted=planted, arguments=arguments, store=store,
        folder=folder, new=new, old=old, overlays=batches, alternative=short_texts[60])


def states(published):
    return {row["code"]: row["review_state"] for row in published.table("editorial")}


def test_with_pins_of_RVU25D_exactly_the_reworded_codes_of_RVU26B_are_stale_and_none_other(desk):
    then, now = desk["then"], desk["now"]
    expected = {}
    for code in then.keys() & now.keys():
        ended = desk["new"].terminated(code) if code in desk["new"].records else ""
        expected[code] = (
            "orphaned" if ended and ended < "20260401" else "current" if then[code] == now[code] else "reworded")
    found = {code: "reworded" if state in ("stale", "reused_suspect") else state
             for code, state in states(desk["published"]).items()}
    # Codes only: the AMA's words must not come into a test's report.
    wrong = {code: (found.get(code), expected.get(code)) for code in found.keys() | expected.keys()
             if found.get(code) != expected.get(code)}
    assert wrong == {}
    reworded = {code for code, state in expected.items() if state == "reworded"}
    changed_by_cms = {code for code in reworded if code not in desk["new"].records}
    assert len(changed_by_cms) > 500, len(changed_by_cms)
    assert set(desk["planted"]["reworded"]) <= reworded
    assert len(found) > 17_000


def test_codes_that_are_gone_are_listed_with_the_release_that_had_them_last(desk):
    gone = desk["then"].keys() - desk["now"].keys()
    lost = desk["published"].manifest["editorial"]["lost"]
    assert {entry["code"] for entry in lost} == gone and len(gone) > 50
    assert {(entry["against"], entry["last_release"]) for entry in lost} == {("RVU25D", "RVU25D")}
    for entry in lost[:5]:
        line = (desk["overlays"] / entry["file"]).read_text().splitlines()[entry["line"] - 1]
        assert line == f'code: "{entry["code"]}"'


def test_a_code_with_other_capitals_is_stale_too(desk):
    found = states(desk["published"])
    assert {found[code] for code in desk["planted"]["cosmetic"]} == {"stale"}


def test_a_text_that_shares_no_word_or_was_added_anew_is_suspected_of_reuse(desk):
    found = states(desk["published"])
    for code in desk["planted"]["reused"] + desk["planted"]["anew"]:
        assert found[code] == "reused_suspect", code
    suspects = {code for code, state in found.items() if state == "reused_suspect"}
    assert suspects >= set(desk["planted"]["reused"] + desk["planted"]["anew"])
    assert {found[code] for code in desk["planted"]["reworded"]} == {"stale"}


def test_the_words_that_changed_are_in_the_document(desk):
    for code in desk["planted"]["reworded"]:
        words = desk["published"].documents[code]["editorial"]["review"]["changed_words"]
        before = " ".join(run["text"] for run in words if run["kind"] != "added")
        after = " ".join(run["text"] for run in words if run["kind"] != "removed")
        assert (before, after) == (desk["then"][code], desk["now"][code])
        assert [run["text"] for run in words if run["kind"] == "added"] == ["revised"]
    assert desk["published"].manifest["editorial"]["compared_with"] == ["RVU25D-r1"]


def test_no_words_of_the_AMAs_are_in_the_document(desk):
    stale = [code for code, state in states(desk["published"]).items() if state == "stale" and code[0].isdigit()]
    assert len(stale) > 400
    for code in stale:
        assert desk["published"].documents[code]["editorial"]["review"]["changed_words"] is None


def test_an_ended_code_names_what_CMS_says_to_use_instead(desk):
    for code in desk["planted"]["ended"]:
        review = desk["published"].documents[code]["editorial"]["review"]
        assert review["state"] == "orphaned" and review["use_instead"] == [desk["alternative"]]


def test_running_again_publishes_nothing(desk):
    result = ingest(*desk["arguments"])
    assert_published(result)
    assert "nothing changed" in result.err


def test_strict_leaves_the_unfit_texts_out_and_nothing_else(desk):
    before = desk["published"]
    result = ingest(*desk["arguments"], "--strict-editorial")
    assert_published(result)
    after = Published(desk["store"], result)
    assert after.folder != before.folder and after.manifest["editorial"]["strict"] is True
    assert before.manifest["editorial"]["strict"] is False
    assert after.manifest["content_hash"] != before.manifest["content_hash"]
    unfit = {code for code, state in states(before).items() if state in ("stale", "orphaned", "reused_suspect")}
    assert states(after) == states(before)
    for row in after.table("editorial"):
        assert (row["title"] == "") == (row["code"] in unfit), row
    for code in sorted(unfit)[:200]:
        assert f"About {code}" not in json.dumps(after.documents[code])
    for path, data in files_below(after.folder).items():
        if not path.startswith("diff.") and path != "dataset.sqlite":
            assert f"About {desk['planted']['reworded'][0]}".encode() not in data, path


# Small cases on the samples.


CODE = "code: J7308\ntitle: Levulan Kerastick\nbilling: Ours.\n"
CATEGORY = "section: J\nbilling: Of the category.\n"


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_categorys_text_takes_the_place_of_one_left_out(tmp_path):
    stale = CODE + f"review:\n  release: RVU25D\n  descriptor: {digest('old words')}\n"
    overlays = write(tmp_path / "overlays", code=stale, category=CATEGORY)
    assert_published(run_samples(tmp_path / "loose", overlays=overlays))
    assert_published(run_samples(tmp_path / "strict", "--strict-editorial", overlays=overlays))
    loose, strict = (Published(tmp_path / name).documents["J7308"] for name in ("loose", "strict"))
    assert loose["editorial"]["billing"] == "Ours." and loose["title"] == "Levulan Kerastick"
    assert strict["editorial"]["billing"] == "Of the category." and strict["title"] != "Levulan Kerastick"
    assert strict["editorial"]["review"]["state"] == "stale"


def test_an_unknown_code_with_a_pin_to_an_earlier_release_is_a_warning(tmp_path):
    text = f"code: J7399\ntitle: Gone\nreview:\n  release: RVU25D\n  descriptor: {digest('x')}\n"
    result = run_samples(tmp_path / "store", overlays=write(tmp_path / "overlays", a=text))
    assert_published(result)
    assert "overlay_code_ended" in result.err and "a.yaml:1:7" in result.err


@pytest.mark.parametrize("review", [
    "", "review:\n  release: RVU25D\n", f"review:\n  release: RVU26A\n  descriptor: {digest('x')}\n",
    f"review:\n  release: RVU26B\n  descriptor: {digest('x')}\n"])
def test_an_unknown_code_without_such_a_pin_stays_an_error(tmp_path, review):
    text = "code: J7399\ntitle: Gone\n" + review
    result = run_samples(tmp_path / "store", overlays=write(tmp_path / "overlays", a=text))
    assert result.code == 2 and "overlay_code_unknown" in result.err


def test_a_pin_that_was_copied_with_another_codes_file_is_found_out(desk, data):
    """RVU25D is in the store and never had the code: a typing error, whatever its pin says."""
    text = f"code: J7399\ntitle: Typed wrong\nreview:\n  release: RVU25D\n  descriptor: {digest('x')}\n"
    overlays = write(desk["folder"] / "copied", a=text)
    result = ingest(*run_arguments(desk["store"], LABEL, [data / "rvu26b"], overlays))
    assert "J7399" not in desk["then"]
    assert result.code in (0, 2)
    result = ingest(*run_arguments(desk["store"], LABEL, [data / "rvu26b", desk["folder"] / "hcpcs"], overlays))
    assert result.code == 2 and "overlay_code_unknown" in result.err, result


def test_without_the_HCPCS_file_its_codes_are_unreviewed_and_not_stale(desk, data, tmp_path):
    """Their pins are of long descriptors, which PPRRVU does not have."""
    result = ingest(
        *run_arguments(tmp_path / "store", LABEL, [data / "rvu26b"], desk["overlays"]),
        "--policy", desk["folder"] / "policy.yaml")
    assert_published(result)
    found = states(Published(tmp_path / "store"))
    for code in ("G0101", "G2211"):
        assert found[code] == "unreviewed"
    assert all(found[code] != "stale" for code in desk["old"].codes if code in found)
