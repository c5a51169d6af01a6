"""Files that were mangled in the wild are refused, or restored where only zeros in front were lost."""

import pytest

from support import (
    Published, assert_published, assert_refused, files_below, is_restored_note, link_folder, revisions, run, write_folder)


@pytest.fixture(scope="module")
def damaged(data):
    return data / "damaged"


@pytest.fixture(scope="module")
def pprrvu_alone(publish, rvu25a_members, tmp_path_factory):
    """What CMS's own PPRRVU CSV of January 2025 gives without any other file."""
    folder = write_folder(
        tmp_path_factory.mktemp("cms") / "in", {"PPRRVU25_JAN.csv": rvu25a_members["PPRRVU25_JAN.csv"]})
    return publish("pprrvu-alone", "RVU25A", [folder])


def test_a_PPRRVU_that_lost_only_zeros_gives_the_content_of_CMSs_own_and_says_so(damaged, pprrvu_alone, tmp_path):
    result = run(tmp_path / "store", "RVU25A", [damaged / "gmills.PPRRVU25_JAN1.csv"])
    assert_published(result)
    assert is_restored_note(result.err), result
    assert Published(tmp_path / "store").manifest["content_hash"] == pprrvu_alone.manifest["content_hash"]


def test_a_PPRRVU_that_lost_only_zeros_agrees_with_CMSs_TXT_on_every_field(damaged, rvu25a, rvu25a_members, tmp_path):
    members = {name: data for name, data in rvu25a_members.items() if name.endswith((".csv", ".txt"))}
    members["PPRRVU25_JAN.csv"] = (damaged / "gmills.PPRRVU25_JAN1.csv").read_bytes()
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", members)])
    assert_published(result)
    check = Published(tmp_path / "store").checks["csv_equals_txt"]
    assert (check["checked"], check["explained"], check["failed"]) == (18865 + 109 + 109 + 110 + 16100, 11, 0)


def test_a_GPCI_that_lost_only_zeros_gives_the_content_of_CMSs_own_and_says_so(damaged, data, rvu25d, tmp_path):
    folder = link_folder(
        tmp_path / "in", data / "rvu25d", {"GPCI2025.csv": (damaged / "gmills.GPCI2025.csv").read_bytes()})
    result = run(tmp_path / "store", "RVU25D", [folder])
    assert_published(result)
    assert is_restored_note(result.err), result
    assert Published(tmp_path / "store").manifest["content_hash"] == rvu25d.manifest["content_hash"]


def test_a_GPCI_that_lost_only_zeros_is_restored_without_a_TXT_beside_it(damaged, data, tmp_path):
    hashes = set()
    for name, gpci in (("cms", data / "rvu25d" / "GPCI2025.csv"), ("gmills", damaged / "gmills.GPCI2025.csv")):
        result = run(tmp_path / name, "RVU25D", [data / "rvu25d" / "PPRRVU2025_Oct.csv", gpci])
        assert_published(result)
        hashes.add(Published(tmp_path / name).manifest["content_hash"])
    assert len(hashes) == 1


@pytest.mark.parametrize("release, pprrvu", [("RVU26B", "rvu26b/PPRRVU2026_Apr_nonQPP.txt")])
def test_the_fabricated_GPCI_is_refused(damaged, data, release, pprrvu, tmp_path):
    result = run(tmp_path / "store", release, [data / pprrvu, damaged / "GPCI2026_rvu26c_FABRICATED.csv"])
    assert_refused(result, tmp_path / "store", r"GPCI2026_rvu26c_FABRICATED\.csv")


def test_the_fabricated_GPCI_in_the_place_of_CMSs_is_refused_with_the_lines_that_differ(
        damaged, rvu26a_inputs, tmp_path):
    from support import zip_members

    members = zip_members(rvu26a_inputs[0])
    members["GPCI2026.csv"] = (damaged / "GPCI2026_rvu26c_FABRICATED.csv").read_bytes()
    result = run(tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", members), rvu26a_inputs[1]])
    assert_refused(result, tmp_path / "store", r"GPCI2026\.csv", r"\.csv:\d+")


@pytest.mark.parametrize(
    "name", ["HCPC2025_OCT_ANWEB_excel-sci-notation.csv", "HCPC2025_OCT_ANWEB_wrong-colspecs.csv"])
def test_a_HCPCS_spreadsheet_is_refused(name, damaged, data, tmp_path):
    result = run(tmp_path / "store", "RVU25D", [data / "rvu25d", damaged / name])
    assert_refused(result, tmp_path / "store", name.replace(".", r"\.") + r":\d+")


def test_a_HCPCS_spreadsheet_under_CMSs_own_name_is_refused(damaged, data, tmp_path):
    for number, source in enumerate(("excel-sci-notation", "wrong-colspecs")):
        folder = write_folder(
            tmp_path / f"in{number}",
            {"HCPC2025_OCT_ANWEB.txt": (damaged / f"HCPC2025_OCT_ANWEB_{source}.csv").read_bytes()})
        store = tmp_path / f"store{number}"
        assert_refused(run(store, "RVU25D", [data / "rvu25d", folder]), store, r"HCPC2025_OCT_ANWEB\.txt")


def test_a_refused_file_leaves_what_was_published_before(damaged, data, tmp_path):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26B", [data / "rvu26b"]))
    before = files_below(store)
    result = run(
        store, "RVU26B",
        [data / "rvu26b" / "PPRRVU2026_Apr_nonQPP.txt", damaged / "GPCI2026_rvu26c_FABRICATED.csv"])
    assert result.code in (1, 2), result
    assert files_below(store) == before
    assert revisions(store) == ["RVU26B/r1"]
