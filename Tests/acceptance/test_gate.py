"""The gate: what a policy lets pass ships, what it does not stays out, and a waiver holds until it expires."""

import re
import shutil
from decimal import Decimal

import pytest

from diff_support import OPEN, diff, edited, judged, owners, read_diff, releases, waiver, write_policy  # noqa: F401
from support import (
    SAMPLE_OVERLAYS, SCHEMAS, assert_published, files_below, ingest, revisions, run_arguments, run_samples, write_folder)

REPORTS = ["diff.html", "diff.json", "diff.md"]
STRICT = "limits:\n  question_changed: 0\n"
# RVU26A takes effect on 2026-01-01.
LAST_DAY, DAY_BEFORE = "2026-01-01", "2025-12-31"


@pytest.fixture
def judge(edited, tmp_path):
    """The difference of the edited samples under a policy: exit code and diff.json agree."""

    def judge(text, code, verdict):
        policy = write_policy(tmp_path / "policy.yaml", text)
        read = diff("RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy, codes=(code,))
        assert (read["verdict"], read["exit_code"]) == (verdict, code)
        states = {finding["state"] for finding in read["gate"]["findings"]}
        assert verdict == ("pass" if not states else "waived" if states == {"waived"} else "fail")
        return read

    return judge


@pytest.fixture
def overlays(tmp_path):
    folder = tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, folder)
    return folder


@pytest.fixture
def store(overlays, tmp_path):
    """A store with the samples, and an overlay edited since."""
    store = tmp_path / "store"
    assert_published(run_samples(store, overlays=overlays))
    path = overlays / "codes" / "J7308.yaml"
    path.write_text(path.read_text().replace("One unit for", "A unit for"))
    return store


def without_lock(store):
    return {name: data for name, data in files_below(store).items() if name != ".lock"}


# Pass, fail, waived.


def test_a_change_within_the_policy_passes(judge):
    read = judge("limits:\n  question_changed: 1\n", 0, "pass")
    assert read["gate"]["findings"] == [] and read["gate"]["unused_waivers"] == []


def test_a_change_beyond_the_policy_fails(judge):
    (finding,) = judge(STRICT, 1, "fail")["gate"]["findings"]
    assert (finding["key"], finding["state"]) == ("question_changed", "failed")
    assert "1" in finding["message"] and "0" in finding["message"]


def test_a_change_that_a_waiver_names_is_waived(judge):
    (finding,) = judge(STRICT + "waivers:\n" + waiver("question_changed"), 0, "waived")["gate"]["findings"]
    assert finding["state"] == "waived"
    assert (finding["reason"], finding["owner"], finding["expires"]) == ("looked at", "data@example.org", "2099-12-31")


@pytest.mark.parametrize("policy, code, word", [
    ("limits:\n  question_changed: 1\n", 0, "passes"), (STRICT, 1, "FAILS"),
    (STRICT + "waivers:\n" + waiver("question_changed", "Ann read it", "ann@example.org"), 0, "passes with waivers")])
def test_people_read_the_verdict_first_and_the_reason_with_it(policy, code, word, edited, tmp_path):
    path = write_policy(tmp_path / "policy.yaml", policy)
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", path, "--report", tmp_path / "report")
    assert result.code == code, result
    screen = result.out.decode()
    markdown = (tmp_path / "report" / "diff.md").read_text()
    assert word in screen.split("\n")[0] and f"exit code {code}" in screen.split("\n")[0]
    assert word.lower() in markdown.split("\n")[0] and f"Exit code {code}" in markdown
    if word != "passes":
        assert "question_changed" in screen and "question_changed" in markdown
    if "waivers" in word:
        for text in (screen, markdown):
            assert "Ann read it" in text and "2099-12-31" in text and "ann" in text


def test_a_run_that_passes_is_published(store, overlays, tmp_path):
    policy = write_policy(tmp_path / "policy.yaml", "limits:\n  question_changed: 1\n")
    result = run_samples(store, "--policy", policy, "--report", tmp_path / "report", overlays=overlays)
    assert_published(result)
    assert revisions(store) == ["RVU26A/r1", "RVU26A/r2"]
    assert read_diff((tmp_path / "report" / "diff.json").read_bytes())["verdict"] == "pass"


def test_a_run_that_fails_publishes_nothing_and_still_writes_its_report(store, overlays, tmp_path):
    before = without_lock(store)
    policy = write_policy(tmp_path / "policy.yaml", STRICT)
    result = run_samples(store, "--policy", policy, "--report", tmp_path / "report", overlays=overlays)
    assert result.code == 1, result
    assert result.out == b"" and "Nothing was published" in result.err, result
    assert without_lock(store) == before
    assert sorted(files_below(tmp_path / "report")) == REPORTS
    read = read_diff((tmp_path / "report" / "diff.json").read_bytes())
    assert (read["verdict"], read["exit_code"], read["base"]["name"]) == ("fail", 1, "RVU26A-r1")
    assert [finding["key"] for finding in read["gate"]["findings"]] == ["question_changed"]
    # Nothing of the refused run stands in the way of the next, nor is it a base.
    assert_published(run_samples(store, overlays=overlays))
    assert revisions(store) == ["RVU26A/r1", "RVU26A/r2"]
    assert read_diff((store / "releases/RVU26A/r2/diff.json").read_bytes())["base"]["name"] == "RVU26A-r1"


def test_a_run_that_fails_says_so_as_JSON_too(store, overlays, tmp_path):
    policy = write_policy(tmp_path / "policy.yaml", STRICT)
    result = run_samples(store, "--policy", policy, "--format", "json", overlays=overlays)
    assert result.code == 1, result
    assert result.out == b"" or read_diff(result.out)


def test_a_run_that_is_waived_is_published_with_the_waiver_in_its_report(store, overlays, tmp_path):
    policy = write_policy(tmp_path / "policy.yaml", STRICT + "waivers:\n" + waiver("question_changed"))
    assert_published(run_samples(store, "--policy", policy, overlays=overlays))
    read = read_diff((store / "releases/RVU26A/r2/diff.json").read_bytes())
    assert (read["verdict"], read["exit_code"]) == ("waived", 0)
    assert read["gate"]["findings"][0]["owner"] == "data@example.org"


def test_a_first_release_that_the_policy_refuses_leaves_an_empty_store(overlays, tmp_path):
    (overlays / "codes" / "A4310.yaml").write_text("code: A4310\ntitle: Nobody has reviewed it\n")
    policy = write_policy(tmp_path / "policy.yaml", "limits:\n  overlays_unreviewed: 0\n")
    result = run_samples(tmp_path / "store", "--policy", policy, overlays=overlays)
    assert result.code == 1, result
    assert revisions(tmp_path / "store") == [] and not (tmp_path / "store" / "latest.json").exists()


def test_the_standard_policy_lets_CMSs_own_releases_pass(releases):
    """Also where one side was made without the HCPCS file: a code that is not listed for that is not removed."""
    failed = {}
    for base, head in [("RVU25A", "RVU25D"), ("RVU25D", "RVU26B"), ("RVU25D", "RVU26A"), ("RVU26A", "RVU26B")]:
        result = ingest("diff", base, head, "--store", releases.store)
        if result.code != 0:
            failed[base, head] = result.out.decode().split("\n")[:3]
    assert failed == {}


# Waivers expire by the release's date.


def test_a_waiver_holds_on_its_last_day_which_is_the_releases_and_not_the_clocks(judge):
    judge(STRICT + "waivers:\n" + waiver("question_changed", expires=LAST_DAY), 0, "waived")


def test_an_expired_waiver_fails_what_it_waived(judge):
    (finding,) = judge(STRICT + "waivers:\n" + waiver("question_changed", expires=DAY_BEFORE), 1, "fail")["gate"]["findings"]
    assert (finding["key"], finding["state"], finding["expires"]) == ("question_changed", "expired", DAY_BEFORE)


def test_an_expired_waiver_fails_also_when_nothing_is_left_to_waive(judge):
    (finding,) = judge(OPEN + "waivers:\n" + waiver("rows_removed", expires=DAY_BEFORE), 1, "fail")["gate"]["findings"]
    assert (finding["key"], finding["state"]) == ("rows_removed", "expired")


def test_the_same_waiver_expires_by_the_head_whatever_the_base(releases, tmp_path):
    policy = write_policy(
        tmp_path / "policy.yaml", "limits:\n  rows_removed: 0\nwaivers:\n" + waiver("rows_removed", expires="2025-12-31"))
    for base, head, code in [("RVU25A", "RVU25D", 0), ("RVU25D", "RVU26B", 1), ("RVU26B", "RVU25D", 0)]:
        read = judged(base, head, "--store", releases.store, "--policy", policy, code=code)
        assert {finding["state"] for finding in read["gate"]["findings"]} == {"waived" if code == 0 else "expired"}


def test_unused_waivers_are_listed_and_harmless(judge, edited, tmp_path):
    text = STRICT + "waivers:\n" + waiver("question_changed") + waiver("rows_removed") + waiver("payment_unexplained/61626-26")
    read = judge(text, 0, "waived")
    assert read["gate"]["unused_waivers"] == ["rows_removed", "payment_unexplained/61626-26"]
    policy = write_policy(tmp_path / "policy.yaml", text)
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy, "--report", tmp_path / "report")
    for said in (result.out.decode(), (tmp_path / "report" / "diff.md").read_text()):
        assert "payment_unexplained/61626-26" in said


def test_a_waiver_for_one_finding_leaves_the_others(judge):
    text = "limits:\n  question_changed: 0\n  editorial_items_removed: 0\nwaivers:\n" + waiver("question_changed")
    findings = judge(text, 1, "fail")["gate"]["findings"]
    assert [(finding["key"], finding["state"]) for finding in findings] == [
        ("editorial_items_removed", "failed"), ("question_changed", "waived")]


# Payments that no rule explains.


@pytest.fixture(scope="module")
def movers(releases):
    """(percent, dollars) that no rule explains, by the key of the finding."""
    found = {}
    for row in releases.diff("RVU25D-r1", "RVU26B-r1")["payment"]["changes"]:
        if row["event"] == "revalued" and Decimal(row["from"]):
            dollars = abs(Decimal(row["unexplained"]))
            name = row["code"] + (f"-{row['modifier']}" if row["modifier"] else "")
            found.setdefault(f"payment_unexplained/{name}", []).append((dollars / Decimal(row["from"]) * 100, dollars))
    return found


@pytest.mark.parametrize("percent, dollars", [("30", "500"), ("100", "100"), ("15", "1500.50"), ("400", "2000"), ("0", "0")])
def test_each_payment_beyond_both_limits_is_a_finding(percent, dollars, movers, releases, tmp_path):
    text = f"limits:\n  payment_unexplained:\n    percent: {percent}\n    dollars: {dollars}\n"
    policy = write_policy(tmp_path / "policy.yaml", text)
    read = judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, code=0 if percent == "400" else 1)
    # Which side of a limit a value lies on within a hundredth is a matter of rounding.
    close = Decimal("0.01")

    def beyond(slack):
        return {
            key for key, values in movers.items()
            if any(p > Decimal(percent) + slack and d > Decimal(dollars) + slack for p, d in values)}

    found = {finding["key"] for finding in read["gate"]["findings"]}
    assert beyond(close) <= found <= beyond(-close)
    assert (read["verdict"] == "fail") == bool(found)


def test_a_waiver_names_the_code_of_a_payment(releases, tmp_path):
    limits = "limits:\n  payment_unexplained:\n    percent: 50\n    dollars: 300\n"
    policy = write_policy(tmp_path / "policy.yaml", limits)
    read = judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, code=1)
    keys = list(dict.fromkeys(finding["key"] for finding in read["gate"]["findings"]))
    assert "payment_unexplained/53854" in keys and len(keys) > 1
    write_policy(policy, limits + "waivers:\n" + waiver("payment_unexplained/53854"))
    read = judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, code=1)
    states = {finding["key"]: finding["state"] for finding in read["gate"]["findings"]}
    assert states == {key: "waived" if key == "payment_unexplained/53854" else "failed" for key in keys}
    write_policy(policy, limits + "waivers:\n" + "".join(map(waiver, keys)))
    read = judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy)
    assert read["verdict"] == "waived"


def test_NA_flips_are_no_unexplained_payments(releases, tmp_path):
    """61626 goes from NA to 9,735 dollars outside facilities; in facilities it moves by 123.69."""
    limits = "limits:\n  payment_unexplained:\n    percent: 1\n    dollars: 150\n"
    policy = write_policy(tmp_path / "policy.yaml", limits)
    read = judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, code=1)
    assert "payment_unexplained/61626" not in {finding["key"] for finding in read["gate"]["findings"]}


# Limits.


def test_every_count_of_the_report_is_the_name_of_a_limit(edited, tmp_path):
    """So the standard policy says: "Its name is any count of diff.json"."""
    counts = diff("RVU26A-r1", "RVU26A-r2", "--store", edited)["counts"]
    policy = write_policy(
        tmp_path / "policy.yaml", "limits:\n" + "".join(f"  {name}: 99999999\n" for name in counts))
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy)
    assert result.code == 0, result


def test_every_count_passes_its_own_number_and_fails_one_less(releases, tmp_path):
    for base, head in [("RVU25D-r1", "RVU26B-r1"), ("RVU25A-r1", "RVU25D-r1")]:
        read = releases.diff(base, head)
        measured = {name: read["counts"][name] for name in [*owners(), "rows_changed"]}
        residual = {category["id"]: category["residual"] for category in read["categories"]}
        measured.update({f"{name}_unexplained": residual.get(name, 0) for name in owners()})
        policy = write_policy(
            tmp_path / "exact.yaml", "limits:\n" + "".join(f"  {name}: {count}\n" for name, count in measured.items()))
        arguments = (base, head, "--store", releases.store, "--policy", policy)
        assert judged(*arguments)["gate"]["findings"] == []
        beyond = {name: count for name, count in measured.items() if count}
        write_policy(policy, "limits:\n" + "".join(f"  {name}: {count - 1}\n" for name, count in beyond.items()))
        findings = judged(*arguments, code=1)["gate"]["findings"]
        assert {finding["key"] for finding in findings} == beyond.keys()
        for finding in findings:
            assert str(beyond[finding["key"]]) in finding["message"].replace(",", ""), finding


def test_a_limit_of_percent_is_exact_to_the_hundredth(releases, tmp_path):
    """32.3465 to 33.4009 is 3.2597 percent."""
    for limit, code in [("3.26", 0), ("3.25", 1), ("3", 1), ("4", 0)]:
        policy = write_policy(tmp_path / "policy.yaml", f"limits:\n  conversion_factor_percent: {limit}\n")
        judged("RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, code=code)


@pytest.mark.parametrize("name, count", [("overlays_stale", 9), ("overlays_orphaned", 1), ("overlays_unreviewed", 2)])
def test_overlays_that_no_longer_fit_are_counted(name, count, overlays, tmp_path):
    for path in (overlays / "codes").iterdir():
        path.write_text(re.sub("descriptor: sha256:.*", f"descriptor: sha256:{'0' * 64}", path.read_text()))
    (overlays / "codes" / "C9088.yaml").write_text("code: C9088\ntitle: Ended\n")
    for code in ("A4310", "A9270"):
        (overlays / "codes" / f"{code}.yaml").write_text(f"code: {code}\ntitle: Nobody has reviewed it\n")
    for limit, code in [(count, 0), (count - 1, 1)]:
        policy = write_policy(tmp_path / "policy.yaml", f"limits:\n  {name}: {limit}\n")
        result = run_samples(tmp_path / f"store{limit}", "--policy", policy, overlays=overlays)
        assert result.code == code, result


def test_a_check_that_was_allowed_to_fail_is_no_failure_of_the_gate(sample_members, tmp_path):
    """One cap of OPPSCAP is a cent off; the run says why it may be."""
    lines = sample_members["OPPSCAP_Jan.csv"].split(b"\r\n")
    cells = lines[-2].split(b",")
    at = next(i for i, field in enumerate(cells) if re.fullmatch(rb" *\d+\.\d\d *", field))
    cells[at] = f"{Decimal(cells[at].decode().strip()) + Decimal('0.01')}".encode()
    lines[-2] = b",".join(cells)
    folder = write_folder(tmp_path / "in", {**sample_members, "OPPSCAP_Jan.csv": b"\r\n".join(lines)})
    policy = write_policy(tmp_path / "policy.yaml", "limits:\n  verification_failures: 0\n")
    arguments = [*run_arguments(tmp_path / "store", "RVU26A", [folder]), "--policy", policy]
    refused = ingest(*arguments)
    assert refused.code == 1 and "oppscap" in refused.err.lower(), refused
    assert_published(ingest(*arguments, "--allow", "oppscap", "--reason", "CMS will correct it"))
    read = read_diff((tmp_path / "store/releases/RVU26A/r1/diff.json").read_bytes())
    (check,) = [check for check in read["head"]["verification"] if check["id"] == "oppscap"]
    assert check["failed"] == 1 and check["allowed"] == "CMS will correct it"


# A policy with errors.


W = "limits: {}\nwaivers:\n"
BROKEN = [
    ("unknown limit", "limits:\n  rows_remvoed: 1\n", "2:3", "rows_remvoed"),
    ("unknown limit with _unexplained", "limits:\n  rows_changed: 4\n  nothing_unexplained: 1\n", "3:3", "nothing_unexplained"),
    ("unknown key", "limit:\n  rows_removed: 1\n", "1:1", "limit"),
    ("unknown key of payments", "limits:\n  payment_unexplained:\n    percent: 4\n    euros: 1\n", "4:5", "euros"),
    ("unknown key of a waiver", W + waiver("rows_removed") + "    until: 2027-01-01\n", "7:5", "until"),
    ("word for a number", "limits:\n  rows_removed: many\n", "2:17", "many"),
    ("number with a unit", "limits:\n  rows_removed: 3 %\n", "2:17", "3 %"),
    ("number with an exponent", "limits:\n  rows_removed: 1e3\n", "2:17", "1e3"),
    ("number of thousandths", "limits:\n  conversion_factor_percent: 3.255\n", "2:30", "3.255"),
    ("negative number", "limits:\n  rows_removed: -1\n", "2:17", "-1"),
    ("no number", "limits:\n  rows_removed:\n", "2:", "number"),
    ("list for a number", "limits:\n  rows_removed: [1]\n", "2:17", "number"),
    ("number for payments", "limits:\n  payment_unexplained: 5\n", "2:24", "percent"),
    ("bad number of payments", "limits:\n  payment_unexplained:\n    percent: x\n    dollars: 5\n", "3:14", "x"),
    ("the same limit twice", "limits:\n  rows_removed: 1\n  rows_removed: 2\n", "[23]:3", "rows_removed"),
    ("limits as a list", "limits:\n  - rows_removed\n", "2:", "limits"),
    ("waivers as a mapping", "limits: {}\nwaivers:\n  rows_removed: yes\n", "3:", "waivers"),
    ("waiver as a text", W + "  - rows_removed\n", "3:5", "waiver"),
    ("waiver without a key", W + "  - reason: a\n    owner: b\n    expires: 2027-01-01\n", "3:", "key"),
    ("waiver without a reason", W + "  - key: rows_removed\n    owner: b\n    expires: 2027-01-01\n", "3:", "reason"),
    ("waiver without an owner", W + "  - key: rows_removed\n    reason: a\n    expires: 2027-01-01\n", "3:", "owner"),
    ("waiver without an end", W + "  - key: rows_removed\n    reason: a\n    owner: b\n", "3:", "expires"),
    ("empty reason", W + waiver("rows_removed", reason='""'), "4:", "reason"),
    ("blank reason", W + waiver("rows_removed", reason='"  "'), "4:", "reason"),
    ("a day that is none", W + waiver("rows_removed", expires="2026-02-30"), "6:14", "2026-02-30"),
    ("an American day", W + waiver("rows_removed", expires="03/31/2026"), "6:14", "03/31/2026"),
    ("a day without zeros", W + waiver("rows_removed", expires="2026-3-1"), "6:14", "2026-3-1"),
    ("a year only", W + waiver("rows_removed", expires="2027"), "6:14", "2027"),
    ("no YAML", "limits: {\n", "", ""),
    ("a tab", "limits:\n\trows_removed: 1\n", "2:", ""),
    ("a list", "- limits\n", "1", "limits"),
    ("nothing", "", "", "limits"),
    ("two documents", OPEN + "---\n" + OPEN, "", "limits"),
]


@pytest.mark.parametrize("text, place, word", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_an_error_of_the_policy_is_refused_at_its_place(text, place, word, edited, tmp_path):
    write_policy(tmp_path / "our-policy.yaml", text)
    result = ingest(
        "diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", "our-policy.yaml", "--format", "json", cwd=tmp_path)
    assert result.code == 2 and result.out == b"", result
    (line,) = [line for line in result.err.split("\n") if "error:" in line]
    assert re.match(rf"our-policy\.yaml:{place}" if place else r"our-policy\.yaml", line), result
    if re.search(r":\d+$", place):
        assert re.match(rf"our-policy\.yaml:{place}: error:", line), result
    assert word in line, result


def test_every_error_of_a_policy_is_listed_at_once(edited, tmp_path):
    policy = write_policy(
        tmp_path / "policy.yaml", "limits:\n  rows_remvoed: 1\n  rows_added: x\nwaivers:\n" + waiver("a", expires="never"))
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy)
    assert result.code == 2 and result.err.count("error:") == 3, result
    for place in ("2:3", "3:15", "8:14"):
        assert f"policy.yaml:{place}: error:" in result.err, result


@pytest.mark.parametrize("text, code", [("limits:\n  rows_remvoed: 1\n", 2), (None, 69)], ids=["broken", "missing"])
def test_a_run_with_a_policy_that_cannot_be_used_publishes_nothing(text, code, store, overlays, tmp_path):
    before = without_lock(store)
    policy = tmp_path / "policy.yaml"
    if text:
        write_policy(policy, text)
    result = run_samples(store, "--policy", policy, overlays=overlays)
    assert result.code == code and "policy.yaml" in result.err and "Nothing was published" in result.err, result
    assert without_lock(store) == before


def test_a_missing_policy_is_unavailable(edited, tmp_path):
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", tmp_path / "no-such.yaml")
    assert result.code == 69 and "no-such.yaml" in result.err and "try:" in result.err and result.out == b"", result


def test_a_policy_that_is_no_text_is_bad_data(edited, tmp_path):
    (tmp_path / "policy.yaml").write_bytes(b"limits:\n  # caf\xe9\n  rows_removed: 1\n")
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", tmp_path / "policy.yaml")
    assert result.code == 2 and "UTF-8" in result.err, result


def test_the_standard_policy_can_be_copied_and_gives_the_same_verdict(edited, tmp_path):
    policy = tmp_path / "policy.yaml"
    shutil.copyfile(SCHEMAS / "policy.yaml", policy)
    ours = diff("RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy)
    standard = diff("RVU26A-r1", "RVU26A-r2", "--store", edited)
    assert ours["gate"]["findings"] == standard["gate"]["findings"]
    assert standard["gate"]["policy"] == "default"
    # The waiver that it shows as a comment works once it is none.
    text = policy.read_text()
    comment = text[text.index("# waivers:"):]
    policy.write_text(text.replace(comment, re.sub(r"^# ?", "", comment, flags=re.M)))
    assert diff("RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy)["gate"]["unused_waivers"] == ["rows_removed"]
