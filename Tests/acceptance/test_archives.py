"""Archives that are cut, changed, hostile or no archives are refused, and nothing outside the store is written."""

import io
import random
import struct
import zipfile

import pytest

from support import (
    SAMPLE_HCPCS, SAMPLE_RVU, Published, assert_published, assert_refused, run, write_zip, zip_members)

HTML = b"<!DOCTYPE html>\n<html><head><title>AMA License</title></head><body>I accept</body></html>\n"


@pytest.fixture(scope="module")
def archive():
    return SAMPLE_RVU.read_bytes()


@pytest.fixture(scope="module")
def members():
    return zip_members(SAMPLE_RVU)


@pytest.fixture
def publish_archive(tmp_path):
    def publish_archive(data, name="rvu26a.zip"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
        return run(tmp_path / "store", "RVU26A", [tmp_path / "in" / name, SAMPLE_HCPCS])

    return publish_archive


@pytest.fixture
def refuse(publish_archive, tmp_path):
    def refuse(data, *places, name="rvu26a.zip"):
        result = publish_archive(data, name)
        assert_refused(result, tmp_path / "store", *(places or (r"rvu26a\.zip",)))
        return result

    return refuse


def zipped(entries, compression=zipfile.ZIP_DEFLATED):
    """An archive of (name, bytes) pairs, names repeated or odd as they come."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compression)
    return out.getvalue()


def patch_headers(data, offset_local, offset_central, change):
    """Changes a 16-bit field in every local and central header."""
    data = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", offset_local), (b"PK\x01\x02", offset_central)):
        start = 0
        while (start := data.find(signature, start)) >= 0:
            value, = struct.unpack_from("<H", data, start + offset)
            struct.pack_into("<H", data, start + offset, change(value))
            start += 4
    return bytes(data)


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.4, 0.7, 0.95, 0.999])
def test_a_cut_archive_is_refused(fraction, archive, refuse):
    refuse(archive[:int(len(archive) * fraction)])


def test_an_archive_without_its_last_byte_is_refused(archive, refuse):
    refuse(archive[:-1])


def test_an_archive_without_its_directory_is_refused(archive, refuse):
    refuse(archive[:archive.index(b"PK\x01\x02")])


def test_an_archive_without_its_first_bytes_is_refused(archive, refuse):
    refuse(archive[100:])


def test_an_empty_archive_is_refused(refuse):
    refuse(zipped([]), r"(rvu26a\.zip|PPRRVU)")


def test_an_empty_file_named_zip_is_refused(refuse):
    refuse(b"")


def test_a_web_page_named_zip_is_refused_saying_that_it_is_one(refuse):
    result = refuse(HTML)
    assert "HTML" in result.err, result


def test_a_text_named_zip_is_refused(refuse):
    refuse(b"just some text\n")


@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_byte_in_an_archive_is_refused_or_changes_no_content(
        seed, archive, publish_archive, samples_without_overlays, tmp_path):
    """A byte of a time stamp or of a comment may differ; a byte of a member never does unseen."""
    chance = random.Random(seed)
    data = bytearray(archive)
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    result = publish_archive(bytes(data))
    if result.code == 0:
        assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]
    else:
        assert_refused(result, tmp_path / "store")


@pytest.fixture(scope="module")
def samples_without_overlays(publish):
    return publish("plain", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])


def test_a_changed_member_under_its_old_checksum_is_refused_naming_it(members, refuse):
    """Stored members, so that the change meets no compression that would notice."""
    data = zipped(members.items(), zipfile.ZIP_STORED)
    at = data.index(b"99213,")
    changed = data[:at + 10] + bytes([data[at + 10] ^ 1]) + data[at + 11:]
    assert "PPRRVU2026_Jan_" in refuse(changed).err


@pytest.mark.parametrize("name", [
    "../PPRRVU2026_Jan_nonQPP.csv", "../../outside.csv", "/PPRRVU2026_Jan_nonQPP.csv", "a/../../PPRRVU2026_Jan_nonQPP.csv",
    "..\\PPRRVU2026_Jan_nonQPP.csv", "C:\\PPRRVU2026_Jan_nonQPP.csv", "C:/PPRRVU2026_Jan_nonQPP.csv", "a\0b.csv"])
def test_a_member_whose_path_leaves_the_archive_is_refused_and_nothing_is_written(name, members, refuse, tmp_path):
    before = {path for path in tmp_path.rglob("*")}
    plain = "PPRRVU2026_Jan_nonQPP.csv"
    entries = [(name if key == plain else key, data) for key, data in members.items()]
    data = zipped(entries)
    if "\0" in name:  # Python's zipfile ends a name at a zero byte
        data = zipped([("aXb.csv" if key == plain else key, value) for key, value in members.items()]).replace(b"aXb", b"a\0b")
    refuse(data)
    outside = {path for path in tmp_path.rglob("*")} - before
    assert {path.name for path in outside} <= {"in", "rvu26a.zip", "store", ".lock", "releases"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(members, refuse):
    name = "GPCI2026.csv"
    data = zipped([*members.items(), (name, members[name].replace(b"0.875", b"0.876"))])
    assert name in refuse(data).err


def test_two_members_whose_names_differ_in_letter_case_alone_are_refused(members, refuse):
    refuse(zipped([*members.items(), ("gpci2026.CSV", members["GPCI2026.csv"].replace(b"0.875", b"0.876"))]), r"(?i)gpci2026\.csv")


def test_an_encrypted_member_is_refused_saying_so(archive, refuse):
    assert "encrypt" in refuse(patch_headers(archive, 6, 8, lambda flags: flags | 1)).err.lower()


def test_an_unknown_compression_method_is_refused(archive, refuse):
    refuse(patch_headers(archive, 8, 10, lambda method: 99))


def test_members_packed_by_bzip2_or_lzma_are_refused_saying_so(members, refuse):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        refuse(zipped(members.items(), method))


def test_a_bomb_is_refused_without_unpacking_it(members, refuse):
    """A hundred megabytes of blanks in a hundred kilobytes."""
    data = zipped([*members.items(), ("ANES2026.txt", b" " * 100_000_000)])
    assert len(data) < 1_000_000
    refuse(data)


def test_a_size_that_the_directory_invents_is_refused(archive, refuse):
    """The directory says that a member has fewer bytes than it has."""
    data = bytearray(archive)
    start = data.index(b"PK\x01\x02")
    size, = struct.unpack_from("<I", data, start + 24)
    for value in (size - 1, size + 1, 0, 0xFFFFFFFE):
        changed = bytearray(data)
        struct.pack_into("<I", changed, start + 24, value)
        refuse(bytes(changed))


def test_directory_entries_that_point_outside_the_archive_are_refused(archive, refuse):
    data = bytearray(archive)
    start = data.index(b"PK\x01\x02")
    for value in (len(data), len(data) - 10, 0x7FFFFFFF, 0xFFFFFFFE, 7):
        changed = bytearray(data)
        struct.pack_into("<I", changed, start + 42, value)
        refuse(bytes(changed))


def test_overlapping_members_are_refused(archive, refuse):
    """Two directory entries that share one member's bytes, as in a bomb without a ratio."""
    data = bytearray(archive)
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<I", data, second + 42, struct.unpack_from("<I", data, first + 42)[0])
    refuse(bytes(data))


def test_members_in_a_folder_of_the_archive_are_found(members, publish_archive, samples_without_overlays, tmp_path):
    assert_published(publish_archive(zipped([("RVU26A/" + name, data) for name, data in members.items()])))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]


def test_stored_members_and_a_comment_give_the_same_content(members, publish_archive, samples_without_overlays, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"made by hand"
        for name, data in members.items():
            archive.writestr(name, data, zipfile.ZIP_STORED)
    assert_published(publish_archive(out.getvalue()))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]


def test_a_streamed_archive_gives_the_same_content(members, publish_archive, samples_without_overlays, tmp_path):
    """Sizes behind the members, as a zip written to a pipe has them."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert_published(publish_archive(bytes(pipe.data)))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]


def test_an_archive_without_the_ending_zip_is_recognised_by_its_content(archive, publish_archive, samples_without_overlays, tmp_path):
    assert_published(publish_archive(archive, name="rvu26a-updated"))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]


def test_bytes_behind_the_archive_change_nothing_or_are_refused(archive, publish_archive, samples_without_overlays, tmp_path):
    result = publish_archive(archive + b"\0" * 100)
    if result.code == 0:
        assert Published(tmp_path / "store").manifest["content_hash"] == samples_without_overlays.manifest["content_hash"]
    else:
        assert_refused(result, tmp_path / "store", r"rvu26a\.zip")


def test_the_sample_archives_pass_pythons_zipfile(tmp_path):
    for path in (SAMPLE_RVU, SAMPLE_HCPCS):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    assert write_zip(tmp_path / "a.zip", {"a": b"b"}).exists()
