"""Whole releases with one file exchanged or changed are refused at the place of the change."""

import re

import pytest

from support import (
    Published, assert_published, assert_refused, change_rows, link_folder, run, split_lines, write_folder, zip_members)

CSV = "PPRRVU2025_Oct.csv"
TXT = "PPRRVU2025_Oct.txt"


@pytest.fixture
def folder_of_25d(data, tmp_path):
    """The October 2025 folder with some files exchanged, added or, with None, taken away."""
    return lambda replaced: link_folder(tmp_path / "in", data / "rvu25d", replaced)


@pytest.fixture
def refuse(folder_of_25d, tmp_path):
    def refuse(replaced, *places, release="RVU25D"):
        result = run(tmp_path / "store", release, [folder_of_25d(replaced)])
        assert_refused(result, tmp_path / "store", *places)
        return result

    return refuse


@pytest.fixture(scope="module")
def csv_25d(data):
    return (data / "rvu25d" / CSV).read_bytes()


@pytest.fixture(scope="module")
def txt_25d(data):
    return (data / "rvu25d" / TXT).read_bytes()


# Files of other releases.


def test_a_TXT_of_January_beside_the_CSV_of_October_is_refused(refuse, rvu25a_members):
    refuse({TXT: rvu25a_members["PPRRVU25_JAN.txt"]}, rf"{TXT[:-4]}\.(csv|txt):\d+")


def test_a_CSV_of_January_beside_the_TXT_of_October_is_refused(refuse, rvu25a_members):
    assert "January" in refuse({CSV: rvu25a_members["PPRRVU25_JAN.csv"]}, rf"{CSV}:1").err


def test_OPPSCAP_of_2026_under_the_name_of_October_2025_is_refused(refuse, rvu26a_inputs):
    other = zip_members(rvu26a_inputs[0])["OPPSCAP_Jan.csv"]
    refuse({"OPPSCAP_Oct.csv": other}, r"OPPSCAP_Oct\.(csv|txt)(:\d+)?")


def test_OPPSCAP_of_January_under_its_own_name_is_refused(refuse, rvu25a_members):
    refuse(
        {"OPPSCAP_Oct.csv": None, "OPPSCAP_Oct.txt": None, "OPPSCAP_JAN.csv": rvu25a_members["OPPSCAP_JAN.csv"]},
        r"OPPSCAP_JAN\.csv")


def test_a_GPCI_of_2026_in_a_release_of_2025_is_refused(refuse, data):
    assert "2026" in refuse(
        {"GPCI2025.csv": (data / "rvu26b" / "GPCI2026.csv").read_bytes()}, r"GPCI2025\.csv:\d+").err


def test_a_GPCI_of_2025_in_a_release_of_2026_is_refused(data, tmp_path):
    result = run(
        tmp_path / "store", "RVU26B",
        [data / "rvu26b" / "PPRRVU2026_Apr_nonQPP.txt", data / "rvu25d" / "GPCI2025.csv"])
    assert_refused(result, tmp_path / "store", r"GPCI2025\.csv:1")


def test_an_ANES_of_2026_in_a_release_of_2025_is_refused(refuse, rvu26a_inputs, data):
    anes = (data / "rvu26a-fragments" / "ANES2026.csv").read_bytes()
    refuse({"ANES2025.csv": anes}, r"ANES2025\.csv:\d+")


def test_a_LOCCO_of_2026_in_a_release_of_2025_is_refused(refuse, data):
    refuse({"25LOCCO.csv": (data / "rvu26a-fragments" / "26LOCCO.csv").read_bytes()}, r"25LOCCO\.csv:1")


@pytest.mark.parametrize("release", ["RVU25A", "RVU25B", "RVU24D", "RVU26A"])
def test_October_2025_under_another_releases_label_is_refused(release, refuse):
    refuse({}, r"\.(csv|txt)(:\d+)?: error", release=release)


def test_the_January_TXT_under_the_name_of_October_is_refused(rvu25a_members, tmp_path):
    """The TXT has no title, and its conversion factor is October's too: the number of rows tells."""
    folder = write_folder(tmp_path / "in", {TXT: rvu25a_members["PPRRVU25_JAN.txt"]})
    assert_refused(run(tmp_path / "store", "RVU25D", [folder]), tmp_path / "store", TXT)


def test_April_2026_under_the_label_of_January_is_refused(data, tmp_path):
    result = run(tmp_path / "store", "RVU26A", [data / "rvu26b"])
    assert_refused(result, tmp_path / "store", r"PPRRVU2026_Apr_nonQPP\.txt")


# A PPRRVU alone, as from a download of one file: nothing but its own rules speaks against a change.


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99, -1])
@pytest.mark.parametrize("name", [CSV, TXT])
def test_a_PPRRVU_alone_cut_between_two_lines_is_refused(name, kept, csv_25d, txt_25d, tmp_path):
    lines = split_lines(csv_25d if name == CSV else txt_25d)
    lines = lines[:-1] if kept == -1 else lines[:int(len(lines) * kept)]
    folder = write_folder(tmp_path / "in", {name: b"".join(lines)})
    assert_refused(run(tmp_path / "store", "RVU25D", [folder]), tmp_path / "store", name)


@pytest.mark.parametrize("pair", [(5, 10), (6, 8), (11, 12), (5, 6), (13, 18), (14, 25), (18, 19), (3, 13), (25, 27), (0, 23), (7, 9), (15, 16)], ids=str)
def test_two_columns_of_a_PPRRVU_alone_swapped_under_unchanged_labels_are_refused(pair, csv_25d, tmp_path):
    left, right = pair

    def swap(rows):
        for row in rows:
            row[left], row[right] = row[right], row[left]

    folder = write_folder(tmp_path / "in", {CSV: change_rows(csv_25d, "HCPCS", swap)})
    assert_refused(run(tmp_path / "store", "RVU25D", [folder]), tmp_path / "store", rf"{CSV}:\d+")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 7, 13, 18, 22, 23, 25, 26, 27])
def test_a_column_of_a_PPRRVU_alone_shifted_in_all_rows_is_refused(number, csv_25d, tmp_path):
    folder = write_folder(
        tmp_path / "in",
        {CSV: change_rows(csv_25d, "HCPCS", lambda rows: [row[:number] + row[number + 1:] + [""] for row in rows])})
    assert_refused(run(tmp_path / "store", "RVU25D", [folder]), tmp_path / "store", rf"{CSV}:\d+")


@pytest.mark.parametrize("code, number, value", [
    ("99213", 0, "9213"), ("99213", 0, "9921"), ("00100", 0, "100"), ("43239", 23, "4323"), ("99213", 25, "9"), ("99213", 27, "9"),
    ("27447", 14, "90"), ("99213", 5, "13.0"), ("99213", 12, "19.7"), ("99213", 6, "")])
def test_a_digit_lost_in_one_value_of_a_PPRRVU_alone_is_refused_at_its_line(code, number, value, csv_25d, tmp_path):
    def change(rows):
        row = next(row for row in rows if row[0] == code and not row[1])
        assert row[number] != value
        row[number] = value

    line = 1 + next(i for i, line in enumerate(split_lines(csv_25d)) if line.startswith(code.encode() + b",,"))
    folder = write_folder(tmp_path / "in", {CSV: change_rows(csv_25d, "HCPCS", change)})
    assert_refused(run(tmp_path / "store", "RVU25D", [folder]), tmp_path / "store", rf"{CSV}:{line}\b")


def test_a_digit_lost_in_a_file_that_lost_all_its_zeros_is_refused_at_its_line(data, tmp_path):
    """The zeros are restored, the digit cannot be."""
    path = data / "damaged" / "gmills.PPRRVU25_JAN1.csv"
    original = path.read_bytes()
    lines = split_lines(original)
    index = next(i for i, line in enumerate(lines) if line.startswith(b"99213,"))
    lines[index] = lines[index].replace(b"99213,", b"9213,", 1)
    folder = write_folder(tmp_path / "in", {"PPRRVU25_JAN.csv": b"".join(lines)})
    result = run(tmp_path / "store", "RVU25A", [folder])
    assert_refused(result, tmp_path / "store", rf"PPRRVU25_JAN\.csv:{index + 1}\b")


# HCPCS, which comes in one form only.


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99, 0.999])
def test_a_HCPCS_file_cut_between_two_records_is_refused(kept, hcpcs_standin, data, tmp_path):
    """CMS's file has ended with V5364 for many years."""
    lines = split_lines(hcpcs_standin)
    lines = lines[:int(len(lines) * kept)]
    folder = write_folder(tmp_path / "in", {"HCPC2026_JAN_ANWEB.txt": b"".join(lines)})
    result = run(tmp_path / "store", "RVU26B", [data / "rvu26b", folder])
    assert_refused(result, tmp_path / "store", r"HCPC2026_JAN_ANWEB\.txt")


def test_a_HCPCS_file_that_lost_its_last_record_is_refused_or_this_is_said(hcpcs_standin, data, tmp_path):
    folder = write_folder(tmp_path / "in", {"HCPC2026_JAN_ANWEB.txt": b"".join(split_lines(hcpcs_standin)[:-1])})
    result = run(tmp_path / "store", "RVU26B", [data / "rvu26b", folder])
    said = [
        line for line in result.err.splitlines()
        if re.search(r"HCPC2026_JAN_ANWEB\.txt(:\d+)*: (error|warning): .*\b(cut|ends|last)\b", line)
        and not re.search(r"\[(hcpcs_quarter|short_descriptors_differ)\]", line)]
    assert said, result


def test_a_HCPCS_file_without_its_modifiers_is_refused(hcpcs_standin, data, tmp_path):
    lines = [line for line in split_lines(hcpcs_standin) if line[10:11] not in (b"7", b"8")]
    folder = write_folder(tmp_path / "in", {"HCPC2026_JAN_ANWEB.txt": b"".join(lines)})
    result = run(tmp_path / "store", "RVU26B", [data / "rvu26b", folder])
    assert_refused(result, tmp_path / "store", r"HCPC2026_JAN_ANWEB\.txt")


def test_a_HCPCS_file_that_lost_the_blanks_at_line_ends_gives_the_same_content(hcpcs_standin, rvu26a, rvu26a_inputs, tmp_path):
    from support import SAMPLE_OVERLAYS

    data = re.sub(rb" +\r\n", b"\r\n", hcpcs_standin)
    folder = write_folder(tmp_path / "in", {"HCPC2026_JAN_ANWEB.txt": data})
    assert_published(run(tmp_path / "store", "RVU26A", [rvu26a_inputs[0], folder, *rvu26a_inputs[2:]], SAMPLE_OVERLAYS))
    assert Published(tmp_path / "store").manifest["content_hash"] == rvu26a.manifest["content_hash"]


def test_a_HCPCS_file_of_another_quarter_is_used_and_said(rvu25a):
    assert re.search(r"warning: the HCPCS file is of 2020", rvu25a.result.err)


@pytest.mark.parametrize("name, label, number", [
    ("GPCI2025.csv", "Medicare Admin", 4), ("ANES2025.csv", "Contractor", 3), ("OPPSCAP_Oct.csv", "HCPCS", 5)])
def test_one_changed_number_in_a_table_of_two_forms_is_refused_at_its_line(name, label, number, data, refuse):
    original = (data / "rvu25d" / name).read_bytes()

    def change(rows):
        row = rows[5]
        row[number] = f"{float(row[number]) + 0.01:.3f}" if name.startswith("GPCI") else f"{float(row[number]) + 0.01:.2f}"

    from support import header_index, rows_of

    line = header_index(rows_of(original), label) + 7
    refuse({name: change_rows(original, label, change)}, rf"{re.escape(name)}:{line}\b")
