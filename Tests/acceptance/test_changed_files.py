"""A good file with one thing changed is refused at the place of the change, and nothing is published.

The changes are made to the samples, whose PPRRVU comes as CSV and TXT; what only whole files show is in
test_changed_releases.py.
"""

import re

import pytest

from support import (
    HCPCS, NONQPP, QPP, SAMPLE_OVERLAYS, Published, assert_published, assert_refused, change_rows, header_index, csv_bytes,
    rows_of, run, split_lines, write_folder)

CSV = f"{NONQPP}.csv"
TXT = f"{NONQPP}.txt"
HTML = b"<!DOCTYPE html>\r\n<html><head><title>License</title></head><body>Accept</body></html>\r\n"


@pytest.fixture
def members(sample_members):
    return dict(sample_members)


@pytest.fixture
def publish_members(tmp_path):
    def publish_members(members, release="RVU26A"):
        return run(tmp_path / "store", release, [write_folder(tmp_path / "in", members)])

    return publish_members


@pytest.fixture
def refuse(publish_members, tmp_path):
    def refuse(members, *places, release="RVU26A"):
        result = publish_members(members, release)
        assert_refused(result, tmp_path / "store", *places)
        return result

    return refuse


def line_of(data, start):
    """The number of the line that begins with `start`."""
    return 1 + next(i for i, line in enumerate(split_lines(data)) if line.startswith(start))


def in_line(data, start, change):
    """The file with `change(line)` in the place of the line that begins with `start`."""
    lines = split_lines(data)
    index = next(i for i, line in enumerate(lines) if line.startswith(start))
    changed = change(lines[index])
    assert changed != lines[index]
    lines[index] = changed
    return b"".join(lines)


def field(number, change):
    """Changes one field of a CSV line without quotes."""

    def change_line(line):
        cells = line.rstrip(b"\r\n").split(b",")
        cells[number] = change(cells[number])
        return b",".join(cells) + b"\r\n"

    return change_line


def remove_field(number):
    def change_line(line):
        cells = line.rstrip(b"\r\n").split(b",")
        del cells[number]
        return b",".join(cells) + b"\r\n"

    return change_line


def insert_field(number, value=b""):
    def change_line(line):
        cells = line.rstrip(b"\r\n").split(b",")
        cells.insert(number, value)
        return b",".join(cells) + b"\r\n"

    return change_line


# Alone, PPRRVU's CSV and TXT have no other form that disagrees; a change must show by itself.
FORMS = ["with the other form", "alone"]


def alone(members, name):
    """Without the other form of PPRRVU and without the QPP files."""
    return {
        other: data for other, data in members.items()
        if not other.startswith("PPRRVU") or other == name}


def forms(members, name, form):
    return alone(members, name) if form == "alone" else members


def places_in(result, file):
    """The lines of `file` that the errors point at or speak of."""
    lines = [line for line in result.err.splitlines() if f"{file}:" in line]
    return re.findall(rf"{re.escape(file)}:(\d+)", result.err) + re.findall(r"\bline (\d+)", "\n".join(lines))


# Shifted columns.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [0, 1, 2, 4, 7, 12, 23, 24, 31])
def test_a_field_removed_from_one_row_is_refused_at_its_line(number, form, members, refuse):
    line = line_of(members[CSV], b"99213,")
    members[CSV] = in_line(members[CSV], b"99213,", remove_field(number))
    assert str(line) in places_in(refuse(forms(members, CSV, form)), CSV)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [0, 1, 2, 4, 7, 12, 23, 24, 32])
def test_a_field_inserted_into_one_row_is_refused_at_its_line(number, form, members, refuse):
    line = line_of(members[CSV], b"99213,")
    members[CSV] = in_line(members[CSV], b"99213,", insert_field(number))
    assert str(line) in places_in(refuse(forms(members, CSV, form)), CSV)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(32))
def test_a_column_shifted_in_one_row_of_the_right_width_is_refused_at_its_line(number, form, members, refuse):
    """A field is lost and another is empty at the end."""
    line = line_of(members[CSV], b"43239,")

    def shift(text):
        cells = text.rstrip(b"\r\n").split(b",")
        return b",".join(cells[:number] + cells[number + 1:] + [b""]) + b"\r\n"

    members[CSV] = in_line(members[CSV], b"43239,", shift)
    assert str(line) in places_in(refuse(forms(members, CSV, form)), CSV)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(1, 32))
def test_a_column_shifted_in_all_rows_is_refused(number, form, members, refuse):
    def shift(rows):
        return [row[:number] + row[number + 1:] + [""] for row in rows]

    members[CSV] = change_rows(members[CSV], "HCPCS", shift)
    refuse(forms(members, CSV, form), rf"{CSV}:\d+")


@pytest.mark.parametrize("number", range(1, 32))
def test_a_column_taken_out_with_its_label_is_refused_naming_both_sides(number, members, refuse):
    rows = [row[:number] + row[number + 1:] for row in rows_of(members[CSV])]
    members[CSV] = csv_bytes(rows)
    result = refuse(alone(members, CSV), rf"{CSV}:\d+")
    assert "missing" in result.err or "expected" in result.err, result


@pytest.mark.parametrize("name, label", [
    (CSV, "HCPCS"), (f"{QPP}.csv", "HCPCS"), ("GPCI2026.csv", "Medicare Admin"), ("ANES2026.csv", "Contractor"),
    ("26LOCCO.csv", "Medicare Admin"), ("OPPSCAP_Jan.csv", "HCPCS")])
def test_an_unknown_column_is_refused_naming_it(name, label, members, refuse):
    rows = rows_of(members[name])
    start = header_index(rows, label)
    for index, row in enumerate(rows):
        row.append("NEW INDICATOR" if index == start else "1" if index > start else "")
    members[name] = csv_bytes(rows)
    assert "NEW INDICATOR" in refuse(members, rf"{re.escape(name)}:{start + 1}").err


@pytest.mark.parametrize("name, label", [
    ("GPCI2026.csv", "Medicare Admin"), ("ANES2026.csv", "Contractor"), ("26LOCCO.csv", "Medicare Admin"),
    ("OPPSCAP_Jan.csv", "HCPCS")])
def test_a_missing_column_is_refused_naming_it(name, label, members, refuse):
    rows = rows_of(members[name])
    start = header_index(rows, label)
    width = len([cell for cell in rows[start] if cell.strip()])
    for number in range(1, width):
        if "(without 1.0 Floor)" in rows[start][number]:
            continue  # CMS's later postings of 2026 lack this column
        members[name] = csv_bytes([row[:number] + row[number + 1:] for row in rows])
        assert rows[start][number].strip().split()[0].lower() in refuse(members, re.escape(name)).err.lower()


def test_a_column_of_last_years_layout_is_refused_saying_which_year_it_fits(members, refuse):
    """The 31 columns of 2015 to 2025 under 2026."""
    members[CSV] = csv_bytes([row[:23] + row[24:] for row in rows_of(members[CSV])])
    result = refuse(members, rf"{CSV}:10")
    assert "2015 to 2025" in result.err and "PRIC IND" in result.err, result


PAIRS = [(left, left + 1) for left in range(31)] + [(5, 10), (6, 8), (7, 9), (11, 12), (28, 29), (15, 17)]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_two_columns_swapped_under_unchanged_labels_are_refused(pair, members, refuse, publish_members, sample_baseline, tmp_path):
    left, right = pair

    def swap(rows):
        for row in rows:
            row[left], row[right] = row[right], row[left]

    original = rows_of(members[CSV])
    members[CSV] = change_rows(members[CSV], "HCPCS", swap)
    start = header_index(original, "HCPCS") + 1
    if all(row[left] == row[right] for row in original[start:]):
        assert_published(publish_members(members))
        assert Published(tmp_path / "store").manifest["content_hash"] == sample_baseline.manifest["content_hash"]
    else:
        refuse(members, rf"{CSV}:\d+")


# TXT records.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("position", [0, 5, 7, 57, 59, 60, 66, 90, 102, 120, 128, 140, 150, 160])
def test_a_character_inserted_into_a_TXT_record_is_refused_at_its_line(position, form, members, refuse):
    line = line_of(members[TXT], b"43239")
    members[TXT] = in_line(members[TXT], b"43239", lambda text: text[:position] + b" " + text[position:])
    assert str(line) in places_in(refuse(forms(members, TXT, form)), TXT)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("position", [0, 4, 6, 20, 57, 62, 75, 102, 119, 127, 132, 145, 170])
def test_a_character_taken_out_of_a_TXT_record_is_refused_at_its_line(position, form, members, refuse):
    line = line_of(members[TXT], b"43239")
    members[TXT] = in_line(members[TXT], b"43239", lambda text: text[:position] + text[position + 1:])
    assert str(line) in places_in(refuse(forms(members, TXT, form)), TXT)


@pytest.mark.parametrize("form", FORMS)
def test_a_character_inserted_into_every_TXT_record_is_refused(form, members, refuse):
    lines = [
        line if line.startswith(b"HDR ") else line[:60] + b" " + line[60:] for line in split_lines(members[TXT])]
    members[TXT] = b"".join(lines)
    refuse(forms(members, TXT, form), rf"{TXT}:\d+")


@pytest.mark.parametrize("position", [2, 7, 10, 11, 40, 95, 121, 200, 229, 258, 280, 293])
def test_a_character_inserted_into_a_HCPCS_record_is_refused_at_its_line(position, members, refuse):
    line = line_of(members[HCPCS], b"J7308001003")
    members[HCPCS] = in_line(members[HCPCS], b"J7308001003", lambda text: text[:position] + b"x" + text[position:])
    assert str(line) in places_in(refuse(members), HCPCS)


@pytest.mark.parametrize("position", [2, 7, 10, 40, 119, 126, 229, 235, 258, 270, 280, 292])
def test_a_character_taken_out_of_a_HCPCS_record_is_refused_at_its_line(position, members, refuse):
    line = line_of(members[HCPCS], b"J7308001003")
    members[HCPCS] = in_line(members[HCPCS], b"J7308001003", lambda text: text[:position] + text[position + 1:])
    assert str(line) in places_in(refuse(members), HCPCS)


# Dropped zeros and digits.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start, number, value", [
    (b"00100,", 0, b"100"), (b"00100,", 0, b"0100"), (b"99213,", 0, b"9921"), (b"99213,", 0, b"9213"), (b"0810T,", 0, b"810T"),
    (b"J7308,", 0, b"J738"), (b"43239,", 23, b"4323"), (b"43239,", 24, b"4323"), (b"27447,", 14, b"90"), (b"11042,", 14, b"00"),
    (b"74170,TC", 27, b"1"), (b"99213,", 26, b"9"), (b"43239,", 6, b"9.4"), (b"43239,", 6, b"99.4"), (b"45385,", 6, b"1.00"), (b"45385,", 6, b"10.0"),
    (b"45385,", 6, b"100"), (b"99213,", 5, b"1.3e0"), (b"99213,", 5, b"$1.30"), (b"99213,", 5, b"-1.30"), (b"99213,", 5, b""),
    (b"99213,", 12, b"9.99"), (b"99213,", 28, b"9"), (b"99213,", 28, b"98"), (b"99213,", 26, b"08"), (b"99213,", 3, b"Z"), (b"99213,", 13, b""), (b"45378,53", 1, b"5"), (b"45378,53", 1, b"35"),
    (b"27447,", 7, b"N"), (b"58300,", 4, b"-")])
def test_a_value_that_lost_or_got_a_character_is_refused_at_its_line(start, number, value, form, members, refuse, publish_members, sample_baseline, tmp_path):
    line = line_of(members[CSV], start)
    before = members[CSV].splitlines()[line - 1].split(b",")[number]
    assert before != value
    members[CSV] = in_line(members[CSV], start, field(number, lambda _: value))
    if same_value(number, before, value):
        assert_published(publish_members(members))
        assert Published(tmp_path / "store").manifest["content_hash"] == sample_baseline.manifest["content_hash"]
        return
    assert str(line) in places_in(refuse(forms(members, CSV, form)), CSV)


def same_value(number, left, right):
    """Whether column `number` says the same: an amount in fewer or more digits."""
    digits = rb"\d+(\.\d+)?"
    is_amount = 5 <= number <= 12 or 15 <= number <= 17 or number == 25 or number >= 29
    return is_amount and re.fullmatch(digits, left) and re.fullmatch(digits, right) and float(left) == float(right)


@pytest.mark.parametrize("name, start, number, value", [
    ("GPCI2026.csv", b"02102,AK,01", 0, b"2102"), ("GPCI2026.csv", b"10112,AL,00", 2, b"0"), ("GPCI2026.csv", b"10112,AL,00", 0, b"1012"),
    ("GPCI2026.csv", b"02102,AK,01", 0, b"02012"), ("GPCI2026.csv", b"10112,AL,00", 6, b"O.875"), ("GPCI2026.csv", b"10112,AL,00", 6, b""),
    ("GPCI2026.csv", b"10112,AL,00", 2, b"01"),
    ("ANES2026.csv", b"02102 ,01 ", 0, b"2102 "), ("ANES2026.csv", b"02102 ,01 ", 1, b"1 "), ("ANES2026.csv", b"10112 ,00 ", 3, b"19.63.1"),
    ("26LOCCO.csv", b"10112,00", 0, b"1112"), ("26LOCCO.csv", b"10112,00", 1, b"0"), ("26LOCCO.csv", b"10112,00", 1, b"03"),
    ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 3, b"1112"), ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 4, b"5"),
    ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 0, b"7417"), ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 0, b"74177"),
    ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 5, b""), ("OPPSCAP_Jan.csv", b"74170,,A,01112,05", 4, b"99")])
def test_a_locality_or_cap_that_lost_a_character_is_refused_at_its_line(name, start, number, value, members, refuse):
    line = line_of(members[name], start)
    members[name] = in_line(members[name], start, field(number, lambda _: value))
    result = refuse(members, rf"{re.escape(name)}(:\d+)?")
    assert str(line) in places_in(result, name) or "locality_keys" in result.err, result


@pytest.mark.parametrize("name", ["GPCI2026.csv", "ANES2026.csv", "26LOCCO.csv", "OPPSCAP_Jan.csv", CSV])
def test_zeros_lost_in_the_whole_file_are_restored_and_said(name, members, publish_members, sample_baseline, tmp_path):
    """As after Excel: all numbers without their zeros in front, in codes, contractors, localities and indicators."""
    rows = rows_of(members[name])
    for row in rows:
        for number, cell in enumerate(row):
            if re.fullmatch(r"0+[0-9]+ ?", cell):
                row[number] = str(int(cell))
    changed = csv_bytes(rows)
    assert changed != members[name]
    members[name] = changed
    result = publish_members(members)
    assert_published(result)
    assert re.search(rf"{re.escape(name)}:\d+:\d+: note: .* lost their leading zeros", result.err), result
    assert Published(tmp_path / "store").manifest["content_hash"] == sample_baseline.manifest["content_hash"]


# Cut files.

CUTTABLE = [CSV, TXT, f"{QPP}.csv", f"{QPP}.txt", "GPCI2026.csv", "ANES2026.csv", "26LOCCO.csv", "OPPSCAP_Jan.csv", HCPCS]


@pytest.mark.parametrize("name", CUTTABLE)
@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.97])
def test_a_file_cut_within_a_line_is_refused(name, fraction, members, refuse):
    cut = int(len(members[name]) * fraction)
    while members[name][cut - 1:cut] in (b"\n", b"\r"):
        cut -= 1
    members[name] = members[name][:cut]
    refuse(members, re.escape(name))


@pytest.mark.parametrize("name", CUTTABLE)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, -1])
def test_a_file_cut_between_two_lines_is_refused(name, kept, members, refuse):
    lines = split_lines(members[name])
    while not re.match(rb"[0-9A-Z]{5}", lines[-1]):  # blank rows and footnotes hold no data
        lines.pop()
    count = len(lines) - 1 if kept == -1 else int(len(lines) * kept)
    members[name] = b"".join(lines[:count])
    # A missing row of PPRRVU has a place in its other form only.
    refuse(members, re.escape(name.rsplit(".")[0] if name.startswith("PPRRVU") else name))


@pytest.mark.parametrize("name", [CSV, TXT])
def test_a_row_lost_in_the_middle_is_refused_at_the_place_of_the_other_form(name, members, refuse):
    other = TXT if name == CSV else CSV
    line = line_of(members[other], b"17003")
    members[name] = in_line(members[name], b"17003", lambda _: b"")
    assert str(line) in places_in(refuse(members), other)


def test_a_continuation_lost_in_the_HCPCS_file_is_refused_at_the_next(members, refuse):
    lines = split_lines(members[HCPCS])
    index = next(i for i, line in enumerate(lines) if line[5:11] == b"002004" and lines[i + 1][5:11] == b"003004")
    del lines[index]
    members[HCPCS] = b"".join(lines)
    refuse(members, rf"{HCPCS}:{index + 1}")


@pytest.mark.parametrize("name", CUTTABLE)
def test_an_empty_file_is_refused(name, members, refuse):
    members[name] = b""
    refuse(members, re.escape(name))


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_web_page_in_the_place_of_a_file_is_refused(name, members, refuse):
    members[name] = HTML
    assert "HTML" in refuse(members, rf"{re.escape(name)}:1").err


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_zero_byte_in_a_file_is_refused_at_its_line(name, members, refuse):
    lines = split_lines(members[name])
    index = len(lines) // 2
    lines[index] = b"\0" + lines[index][1:]
    members[name] = b"".join(lines)
    refuse(members, rf"{re.escape(name)}:{index + 1}")


@pytest.mark.parametrize("name", [CSV, "GPCI2026.csv", "OPPSCAP_Jan.csv"])
def test_data_behind_the_end_of_file_mark_is_refused_at_its_line(name, members, refuse):
    lines = split_lines(members[name])
    index = len(lines) // 2
    lines[index] = b"\x1a\r\n" + lines[index]
    members[name] = b"".join(lines)
    refuse(members, rf"{re.escape(name)}:{index + 1}")


def test_an_open_quote_is_refused_and_does_not_swallow_the_rest(members, refuse):
    members[CSV] = in_line(members[CSV], b"99213,", lambda line: line.replace(b"99213,,", b'99213,,"', 1))
    refuse(members, rf"{CSV}:\d+")
    refuse(alone(members, CSV), rf"{CSV}:\d+")


# Files of other releases.


def test_a_GPCI_whose_title_and_labels_are_of_another_year_is_refused(members, refuse):
    members["GPCI2026.csv"] = members["GPCI2026.csv"].replace(b"2026", b"2025")
    refuse(members, r"GPCI2026\.csv:\d+")


def test_a_GPCI_whose_title_alone_is_of_another_year_is_refused(members, refuse):
    members["GPCI2026.csv"] = members["GPCI2026.csv"].replace(b"CY 2026", b"CY 2025")
    assert "2025" in refuse(members, r"GPCI2026\.csv:1").err


def test_a_LOCCO_whose_title_is_of_another_year_is_refused(members, refuse):
    members["26LOCCO.csv"] = members["26LOCCO.csv"].replace(b"2026", b"2025", 1)
    refuse(members, r"26LOCCO\.csv:1")


def test_an_ANES_whose_national_factor_is_of_another_year_is_refused(members, refuse):
    members["ANES2026.csv"] = members["ANES2026.csv"].replace(b"20.49754", b"20.3178")
    refuse(members, r"ANES2026\.csv:1")


@pytest.mark.parametrize("name", [CSV, f"{QPP}.csv"])
def test_a_PPRRVU_whose_title_is_of_another_quarter_is_refused(name, members, refuse):
    members[name] = members[name].replace(b"January", b"April", 1)
    assert "April" in refuse(members, rf"{name}:1").err


@pytest.mark.parametrize("release", ["RVU25A", "RVU26B", "RVU26C", "RVU25D"])
def test_the_archive_under_another_releases_label_is_refused(release, members, refuse):
    refuse(members, r"(csv|txt)(:\d+)?", release=release)


def test_a_conversion_factor_of_another_year_is_refused(members, refuse):
    for name in (CSV, TXT):
        members[name] = members[name].replace(b"33.4009", b"32.3465")
    assert "32.3465" in refuse(members, rf"{NONQPP}\.(csv|txt):\d+").err


@pytest.mark.parametrize("name", [CSV, TXT, f"{QPP}.csv", f"{QPP}.txt"])
@pytest.mark.parametrize("form", FORMS)
def test_a_conversion_factor_changed_in_one_row_is_refused_at_its_line(name, form, members, refuse):
    line = line_of(members[name], b"99213")
    factor = b"33.5675" if QPP in name else b"33.4009"
    members[name] = in_line(members[name], b"99213", lambda text: text.replace(factor, b"33.4010"))
    if form == "alone":
        members = {k: v for k, v in members.items() if not k.startswith("PPRRVU") or k == name or (QPP in name and k == CSV)}
    assert str(line) in places_in(refuse(members), name)


@pytest.mark.parametrize("extension", ["csv", "txt"])
def test_QPP_and_nonQPP_files_under_each_others_names_are_refused(extension, members, refuse):
    left, right = f"{NONQPP}.{extension}", f"{QPP}.{extension}"
    members[left], members[right] = members[right], members[left]
    refuse(members, rf"PPRRVU2026_Jan_(non)?QPP\.{extension}:\d+")


def test_all_QPP_and_nonQPP_files_under_each_others_names_are_refused(members, refuse):
    for extension in ("csv", "txt"):
        left, right = f"{NONQPP}.{extension}", f"{QPP}.{extension}"
        members[left], members[right] = members[right], members[left]
    refuse(members, r"PPRRVU2026_Jan_(non)?QPP\.(csv|txt):\d+")


def test_a_QPP_row_that_the_nonQPP_file_lacks_is_refused(members, refuse):
    for name in (CSV, TXT):
        members[name] = in_line(members[name], b"99213", lambda _: b"")
    refuse(members, rf"{QPP}\.(csv|txt):\d+")


def test_a_QPP_row_with_another_value_is_refused(members, refuse):
    for name in (f"{QPP}.csv", f"{QPP}.txt"):
        members[name] = in_line(members[name], b"27447", lambda line: line.replace(b"090", b"010"))
    refuse(members, rf"{QPP}\.(csv|txt):\d+")


def test_GPCI_and_LOCCO_under_each_others_names_are_refused(members, refuse):
    members["GPCI2026.csv"], members["26LOCCO.csv"] = members["26LOCCO.csv"], members["GPCI2026.csv"]
    refuse(members, r"(GPCI2026|26LOCCO)\.csv")


def test_a_status_that_OPPSCAP_has_from_last_quarter_is_refused_at_its_line(members, refuse):
    line = line_of(members["OPPSCAP_Jan.csv"], b"74170,,A,01112,05")
    members["OPPSCAP_Jan.csv"] = members["OPPSCAP_Jan.csv"].replace(b"74170,,A,", b"74170,,C,")
    assert str(line) in places_in(refuse(members), "OPPSCAP_Jan.csv")


# Repeated keys.


@pytest.mark.parametrize("name, start", [
    (CSV, b"99213,"), (TXT, b"99213"), (f"{QPP}.csv", b"99213,"), (f"{QPP}.txt", b"99213"), ("GPCI2026.csv", b"10112,AL"),
    ("ANES2026.csv", b"10112"), ("OPPSCAP_Jan.csv", b"74170,,A,01112,05"), (HCPCS, b"J7308001003")])
def test_a_row_that_stands_twice_is_refused_at_its_line(name, start, members, refuse):
    line = line_of(members[name], start)
    members[name] = in_line(members[name], start, lambda text: text + text)
    found = places_in(refuse(members), name)
    assert str(line + 1) in found or str(line) in found


def test_a_locality_that_LOCCO_lists_twice_alike_is_one(members, publish_members, sample_baseline, tmp_path):
    """As CMS lists the rest of Missouri, which two contractors serve."""
    members["26LOCCO.csv"] = in_line(members["26LOCCO.csv"], b"10112", lambda text: text + text)
    assert_published(publish_members(members))
    assert Published(tmp_path / "store").manifest["content_hash"] == sample_baseline.manifest["content_hash"]


def test_a_locality_that_LOCCO_lists_twice_with_other_counties_is_refused_at_its_line(members, refuse):
    line = line_of(members["26LOCCO.csv"], b"10112")
    members["26LOCCO.csv"] = in_line(
        members["26LOCCO.csv"], b"10112", lambda text: text + text.replace(b"ALL COUNTIES", b"SOME COUNTIES"))
    assert {str(line), str(line + 1)} & set(places_in(refuse(members), "26LOCCO.csv"))


def test_a_code_that_repeats_with_other_values_is_refused_in_the_file_alone(members, refuse):
    line = line_of(members[CSV], b"99214,")
    members[CSV] = in_line(members[CSV], b"99214,", lambda text: text.replace(b"99214,", b"99213,"))
    assert str(line) in places_in(refuse(alone(members, CSV)), CSV)


@pytest.mark.parametrize("name", [CSV, TXT, "GPCI2026.csv", HCPCS])
def test_the_same_table_twice_with_other_content_is_refused(name, members, refuse):
    stem, extension = name.rsplit(".", 1)
    lines = split_lines(members[name])
    members[f"{stem} (1).{extension}"] = b"".join(lines[:-1])
    refuse(members, re.escape(stem))


def test_the_same_file_twice_is_used_once(members, publish_members, sample_baseline, tmp_path):
    members["copy of " + CSV] = members[CSV]
    assert_published(publish_members(members))
    assert Published(tmp_path / "store").manifest["content_hash"] == sample_baseline.manifest["content_hash"]


# Command line and files that are not there.


def test_an_unknown_release_label_is_a_usage_error(tmp_path, members):
    for label in ("RVU99Z", "26A", "rvu", ""):
        result = run(tmp_path / "store", label, [write_folder(tmp_path / "in", members)])
        assert result.code == 64, result
        assert not (tmp_path / "store" / "releases").exists()


def test_an_input_that_is_not_there_is_said_with_its_path(tmp_path):
    result = run(tmp_path / "store", "RVU26A", [tmp_path / "rvu26a-missing.zip"])
    assert_refused(result, tmp_path / "store", r"rvu26a-missing\.zip", codes=(69,))


def test_overlays_that_are_not_there_are_said_with_their_path(tmp_path, sample_members):
    result = run(
        tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", sample_members)], tmp_path / "no-overlays-here")
    assert_refused(result, tmp_path / "store", r"no-overlays-here", codes=(69,))


def test_no_PPRRVU_is_refused(members, refuse):
    result = refuse({name: data for name, data in members.items() if not name.startswith("PPRRVU")})
    assert "PPRRVU" in result.err


def test_a_QPP_file_without_the_nonQPP_file_is_refused(members, refuse):
    result = refuse({name: data for name, data in members.items() if not name.startswith(NONQPP)})
    assert "nonQPP" in result.err


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    assert_refused(run(tmp_path / "store", "RVU26A", [tmp_path / "in"]), tmp_path / "store")


def test_a_file_that_is_no_table_is_refused_when_it_was_named(tmp_path, members):
    folder = write_folder(tmp_path / "in", members)
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    result = run(tmp_path / "store", "RVU26A", [folder, tmp_path / "notes.csv"])
    assert_refused(result, tmp_path / "store", r"notes\.csv:1")


def test_all_of_a_files_problems_are_said_in_one_run(members, refuse):
    lines = [line_of(members[CSV], start) for start in (b"99213,", b"17000,", b"43239,")]
    for start in (b"99213,", b"17000,", b"43239,"):
        members[CSV] = in_line(members[CSV], start, field(6, lambda cell: b"x" + cell))
    assert {str(line) for line in lines} <= set(places_in(refuse(members), CSV))


def test_a_warning_is_no_refusal(samples):
    assert "warning:" in samples.result.err and samples.result.code == 0


def test_overlays_do_not_change_what_is_refused(members, tmp_path):
    members[CSV] = in_line(members[CSV], b"99213,", remove_field(4))
    result = run(tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", members)], SAMPLE_OVERLAYS)
    assert_refused(result, tmp_path / "store", rf"{CSV}:\d+")
