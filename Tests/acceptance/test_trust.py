"""Who published a revision, whether it is the newest, and that no bit of it was changed."""

import base64
import hashlib
import json
import os
import random
import shutil
import stat
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from support import (
    INGEST, SAMPLE_OVERLAYS, Published, assert_clean, assert_published, environment, files_below, ingest, revisions,
    run, run_samples)

DOMAIN = b"ingest manifest v1\n"
FLIPS = 1500


def keygen(path):
    result = ingest("keygen", path)
    assert result.code == 0, result
    return path, path.with_name(path.name + ".pub")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs of keys: private, public."""
    folder = tmp_path_factory.mktemp("keys")
    return keygen(folder / "first"), keygen(folder / "second")


@pytest.fixture(scope="module")
def signed(tmp_path_factory, keys):
    store = tmp_path_factory.mktemp("signed") / "store"
    assert_published(run_samples(store, "--sign", keys[0][0]))
    return Published(store)


@pytest.fixture
def copy(signed, tmp_path):
    return Published(shutil.copytree(signed.store, tmp_path / "store", symlinks=True))


def edited_overlays(folder, mark):
    """The sample overlays with another text: a run with them publishes anew."""
    if not folder.exists():
        shutil.copytree(SAMPLE_OVERLAYS, folder)
    path = folder / "codes" / "J7308.yaml"
    text = path.read_text().split("\n# edit ")[0].replace("  - Family medicine\n", "")
    path.write_text(text.rstrip("\n") + f"\n# edit {mark}\n")
    return folder


@pytest.fixture(scope="module")
def grown(tmp_path_factory, keys):
    """A store of three publications, with copies of it as it was after each."""
    root = tmp_path_factory.mktemp("grown")
    store = root / "store"
    for number in (1, 2, 3):
        overlays = edited_overlays(root / "overlays", number)
        assert_published(run_samples(store, "--sign", keys[0][0], overlays=overlays))
        shutil.copytree(store, root / f"after-{number}")
    assert revisions(store) == ["RVU26A/r1", "RVU26A/r2", "RVU26A/r3"]
    return root


def check_invalid(result, identifier, *words):
    assert result.code == 1, result
    assert f"[{identifier}]" in result.err, result
    assert "try:" in result.err, f"no hint\n{result}"
    for word in words:
        assert word in result.err, result
    assert result.out.startswith(b"not valid"), result.out


# No bit changes unseen.


@pytest.fixture(scope="module")
def process_pool():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield pool


def test_a_flipped_bit_anywhere_in_a_signed_revision_is_found(signed, tmp_path, process_pool):
    """Seeded positions: some in each file, the small ones densely, and the rest where chance wants them."""
    chance = random.Random(20261121)
    files = sorted(files_below(signed.folder).items())
    flips = []
    for name, data in files:
        dense = name.startswith("manifest.json.")
        count = len(data) if dense else FLIPS // len(files)
        for position in (range(len(data)) if dense else (chance.randrange(len(data)) for _ in range(count))):
            flips.append((name, position, chance.randrange(8)))
    assert {name for name, _, _ in flips} >= {
        "manifest.json", "manifest.json.sha256", "manifest.json.sig", "datapackage.json", "dataset.sqlite",
        "codes.ndjson", "verification.md", "verification.json", "diff.md", "diff.html", "diff.json"}
    workers = os.cpu_count()

    def flip(worker):
        folder = shutil.copytree(signed.folder, tmp_path / str(worker))
        unseen = []
        for name, position, bit in flips[worker::workers]:
            path = folder / name
            with open(path, "r+b") as file:
                file.seek(position)
                byte = file.read(1)[0]
                file.seek(position)
                file.write(bytes([byte ^ 1 << bit]))
            # The folder has no .pub beside it: what is found here is found by everybody.
            if ingest("validate", folder).code not in (1, 2):
                unseen.append((name, position, bit))
            with open(path, "r+b") as file:
                file.seek(position)
                file.write(bytes([byte]))
        assert ingest("validate", folder).code == 0
        return unseen

    found = [flip for unseen in process_pool.map(flip, range(workers)) for flip in unseen]
    assert found == [], f"{len(found)} of {len(flips)} flipped bits were not seen"
    assert len(flips) > FLIPS


def test_what_does_not_change_a_byte_does_not_matter(copy, keys):
    for path in copy.folder.rglob("*"):
        os.utime(path, (0, 0))
        path.chmod(0o755)
    assert ingest("validate", copy.folder, "--public-key", keys[0][1]).code == 0


@pytest.mark.parametrize("name", [
    "manifest.json", "manifest.json.sha256", "manifest.json.sig", "codes.ndjson", "dataset.sqlite", "diff.html", "tables/codes.csv"])
@pytest.mark.parametrize("change", ["appended", "emptied", "removed", "renamed", "link", "folder", "pipe"])
def test_every_other_damage_to_a_file_is_found(name, change, copy, keys, tmp_path):
    path = copy.folder / name
    data = path.read_bytes()
    if change == "appended":
        path.write_bytes(data + b"\n")
    elif change == "emptied":
        path.write_bytes(b"")
    elif change == "renamed":
        path.rename(path.with_name("x" + path.name))
    else:
        path.unlink()
        if change == "link":
            (tmp_path / "elsewhere").write_bytes(data)
            path.symlink_to(tmp_path / "elsewhere")
        elif change == "folder":
            path.mkdir()
        elif change == "pipe":
            if name == "manifest.json":
                pytest.skip("reading it is what is asked for")
            os.mkfifo(path)
    result = ingest("validate", copy.folder, "--public-key", keys[0][1], timeout=20)
    assert result.code in (1, 2, 69) and "error:" in result.err, result


def test_a_folder_in_the_place_of_tables_that_is_a_link_is_found(copy, tmp_path):
    (copy.folder / "tables").rename(tmp_path / "tables")
    (copy.folder / "tables").symlink_to(tmp_path / "tables")
    check_invalid_or_missing(ingest("validate", copy.folder))


def check_invalid_or_missing(result):
    assert result.code == 1 and "tables" in result.err, result


def test_an_added_folder_is_found_even_when_it_is_empty(copy):
    (copy.folder / "more").mkdir()
    result = ingest("validate", copy.folder)
    assert result.code == 1 and "[file_unknown]" in result.err, result


def test_sha256sum_reads_the_seal(signed):
    done = subprocess.run(["sha256sum", "--check", "--strict", "manifest.json.sha256"], cwd=signed.folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "manifest.json: OK\n"), done


def test_a_run_goes_no_further_on_a_manifest_that_was_changed(copy, tmp_path):
    """What would count on it, and hide it, is refused."""
    path = copy.folder / "manifest.json"
    path.write_text(path.read_text().replace('"sequence": 1', '"sequence": 7'))
    result = run_samples(copy.store)
    assert result.code == 2 and "[manifest_changed]" in result.err and "Nothing was published" in result.err, result
    assert revisions(copy.store) == ["RVU26A/r1"]


# Keys.


def test_keygen_writes_a_private_key_for_its_owner_only_and_a_public_one(keys):
    private, public = keys[0]
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    kind, algorithm, seed, name = private.read_text().split()
    assert (kind, algorithm) == ("ingest-private-key", "ed25519")
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True)).public_key().public_bytes_raw()
    assert public.read_text() == f"ingest-public-key ed25519 {base64.b64encode(key).decode()} {name}\n"
    assert name == hashlib.sha256(key).hexdigest()[:16]


def test_the_private_key_is_for_its_owner_only_under_any_umask(tmp_path):
    result = ingest("keygen", tmp_path / "key", umask=0)
    assert result.code == 0 and stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_keygen_never_writes_over_a_file(there, tmp_path):
    (tmp_path / there).write_text("mine\n")
    result = ingest("keygen", tmp_path / "key")
    assert result.code == 73 and "[key_exists]" in result.err and there in result.err, result
    assert [path.name for path in tmp_path.iterdir()] == [there] and (tmp_path / there).read_text() == "mine\n"


def test_two_keys_are_never_the_same(keys):
    assert keys[0][0].read_text() != keys[1][0].read_text()


@pytest.mark.parametrize("text", [
    "", "ingest-public-key ed25519\n", "ingest-public-key rsa AAAA\n", "ingest-public-key ed25519 AAAA id\n", "\x00\xff",
    "ingest-public-key ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 0000000000000000\n"])
def test_a_file_that_is_no_key_is_refused_at_its_place(text, signed, tmp_path):
    path = tmp_path / "broken.pub"
    path.write_text(text)
    result = ingest("validate", signed.folder, "--public-key", path)
    assert result.code == 2 and f"{path}:1: error:" in result.err and "[key_unreadable]" in result.err, result


def test_the_wrong_half_of_a_key_is_said_to_be_so(signed, keys, tmp_path):
    private, public = keys[0]
    result = ingest("validate", signed.folder, "--public-key", private)
    assert result.code == 64 and "[key_kind]" in result.err and ".pub" in result.err, result
    result = run_samples(tmp_path / "store", "--sign", public)
    assert result.code == 64 and "[key_kind]" in result.err, result
    assert not (tmp_path / "store").exists()


def test_a_key_that_is_not_there_stops_a_run_before_it_begins(tmp_path):
    result = run_samples(tmp_path / "store", "--sign", tmp_path / "none")
    assert result.code == 69 and "[key_missing]" in result.err and "acquire" not in result.err, result


# Signatures.


def signature(folder):
    kind, algorithm, key, value = (folder / "manifest.json.sig").read_text().split()
    assert (kind, algorithm) == ("ingest-signature", "ed25519")
    return base64.b64decode(key, validate=True), base64.b64decode(value, validate=True)


def test_another_implementation_accepts_the_signature_and_would_have_made_the_same(signed, keys):
    manifest = (signed.folder / "manifest.json").read_bytes()
    public, value = signature(signed.folder)
    Ed25519PublicKey.from_public_bytes(public).verify(value, DOMAIN + manifest)
    seed = base64.b64decode(keys[0][0].read_text().split()[2])
    assert Ed25519PrivateKey.from_private_bytes(seed).sign(DOMAIN + manifest) == value
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(value, manifest)


def write_signature(folder, key, value):
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    (folder / "manifest.json.sig").write_text(f"ingest-signature ed25519 {public} {base64.b64encode(value).decode()}\n")


def test_a_signature_by_another_implementation_is_accepted(copy, tmp_path):
    key = Ed25519PrivateKey.generate()
    write_signature(copy.folder, key, key.sign(DOMAIN + (copy.folder / "manifest.json").read_bytes()))
    public = tmp_path / "key.pub"
    public.write_text(f"ingest-public-key ed25519 {base64.b64encode(key.public_key().public_bytes_raw()).decode()}\n")
    result = ingest("validate", copy.folder, "--public-key", public)
    assert result.code == 0 and b"signed by" in result.out, result


def test_a_signed_revision_is_valid_with_its_key_or_any_of_several(signed, keys):
    for options in ([], ["--public-key", keys[0][1]], ["--public-key", keys[1][1], "--public-key", keys[0][1]]):
        for folder in (signed.folder, signed.store):
            result = ingest("validate", folder, *options)
            assert result.code == 0 and result.err == "", result


def test_the_signature_changes_nothing_else(signed, samples):
    """And the same inputs and key give the same bytes."""
    extra = files_below(signed.folder)
    assert extra.pop("manifest.json.sig")
    assert extra == files_below(samples.folder)


def test_the_same_key_signs_the_same_manifest_with_the_same_bytes(signed, keys, tmp_path):
    assert_published(run_samples(tmp_path / "store", "--sign", keys[0][0]))
    assert files_below(Published(tmp_path / "store").folder) == files_below(signed.folder)


def test_an_unsigned_revision_is_refused_where_a_signature_is_asked_for(samples, keys):
    check_invalid(ingest("validate", samples.folder, "--public-key", keys[0][1]), "signature_missing", "manifest.json.sig")


def test_a_revision_signed_by_another_key_is_refused(signed, keys):
    name = keys[0][1].read_text().split()[3]
    check_invalid(ingest("validate", signed.folder, "--public-key", keys[1][1]), "signature_key", "manifest.json.sig", name)


def test_a_signature_of_something_else_is_refused(copy, keys):
    seed = base64.b64decode(keys[0][0].read_text().split()[2])
    key = Ed25519PrivateKey.from_private_bytes(seed)
    manifest = (copy.folder / "manifest.json").read_bytes()
    # Of another manifest, without the domain, and cut.
    for value in (key.sign(DOMAIN + manifest + b"\n"), key.sign(manifest), key.sign(DOMAIN + manifest)[:-1]):
        write_signature(copy.folder, key, value)
        check_invalid(ingest("validate", copy.folder, "--public-key", keys[0][1]), "signature_wrong", "manifest.json.sig")


@pytest.mark.parametrize("text", ["", "x\n", "ingest-signature ed25519 AAAA AAAA\n"])
def test_a_file_that_is_no_signature_is_refused(text, copy, keys):
    (copy.folder / "manifest.json.sig").write_text(text)
    check_invalid(ingest("validate", copy.folder, "--public-key", keys[0][1]), "signature_unreadable")
    assert ingest("validate", copy.folder).code == 1


def test_a_revision_that_somebody_edited_and_sealed_again_is_refused_by_its_signature(copy, keys):
    """Hashes say that nothing was damaged; only the key says who wrote them."""
    path = copy.folder / "verification.md"
    path.write_text(path.read_text() + "\n")
    manifest = json.loads((copy.folder / "manifest.json").read_text())
    entry = next(file for file in manifest["files"] if file["path"] == "verification.md")
    entry["bytes"], entry["sha256"] = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    data = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
    (copy.folder / "manifest.json").write_bytes(data)
    (copy.folder / "manifest.json.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  manifest.json\n")
    check_invalid(ingest("validate", copy.folder, "--public-key", keys[0][1]), "signature_wrong")
    (copy.folder / "manifest.json.sig").unlink()
    assert ingest("validate", copy.folder).code == 0, "without a key nothing speaks against it"
    check_invalid(ingest("validate", copy.folder, "--public-key", keys[0][1]), "signature_missing")


def test_nothing_changed_but_no_signature_is_said_and_changes_nothing(keys, tmp_path):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    before = files_below(store)
    result = run_samples(store, "--sign", keys[0][0])
    assert result.code == 1 and "[published_unsigned]" in result.err and "never changes" in result.err, result
    assert "RVU26A-r1/manifest.json.sig" in result.err and "Nothing was published" in result.err, result
    assert files_below(store) == before
    # The next revision is signed, and stays what it is.
    overlays = edited_overlays(tmp_path / "overlays", "x")
    assert_published(run_samples(store, "--sign", keys[0][0], overlays=overlays))
    assert revisions(store) == ["RVU26A/r1", "RVU26A/r2"]
    again = run_samples(store, "--sign", keys[0][0], overlays=overlays)
    assert again.code == 0 and "nothing changed: RVU26A-r2" in again.err and "signed by" in again.err, again
    other = run_samples(store, "--sign", keys[1][0], overlays=overlays)
    assert other.code == 1 and "[published_unsigned]" in other.err, other
    assert "nothing changed: RVU26A-r2" in run_samples(store, overlays=overlays).err
    assert_clean(store)


def test_a_store_is_refused_when_one_of_its_revisions_is_not_signed(keys, tmp_path):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    assert_published(run_samples(store, "--sign", keys[0][0], overlays=edited_overlays(tmp_path / "overlays", "x")))
    check_invalid(ingest("validate", store, "--public-key", keys[0][1]), "signature_missing", "releases/RVU26A/r1/manifest.json.sig")
    assert ingest("validate", store).code == 0


# The order of publication.


def sequence(folder):
    return json.loads((folder / "manifest.json").read_text())["sequence"]


def test_the_sequence_counts_over_all_releases_and_the_pointer_says_how_far(tmp_path, data):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    assert_published(run(store, "RVU25D", [data / "rvu25d"]))
    assert_published(run_samples(store, overlays=edited_overlays(tmp_path / "overlays", 1)))
    releases = store / "releases"
    assert [sequence(releases / name) for name in ("RVU26A/r1", "RVU25D/r1", "RVU26A/r2")] == [1, 2, 3]
    latest = json.loads((store / "latest.json").read_text())
    assert (latest["release"], latest["revision"], latest["sequence"]) == ("RVU26A", 2, 3)
    assert ingest("validate", store).code == 0


def test_a_pointer_that_a_killed_run_did_not_move_does_not_let_a_number_come_twice(grown, tmp_path):
    """As after a kill between the rename that publishes and the pointer that follows."""
    store = shutil.copytree(grown / "after-2", tmp_path / "store")
    shutil.copyfile(grown / "after-1" / "latest.json", store / "latest.json")
    assert_published(run_samples(store, overlays=edited_overlays(tmp_path / "overlays", 3)))
    assert sequence(store / "releases" / "RVU26A" / "r3") == 3
    assert ingest("validate", store).code == 0


def test_a_revision_without_a_sequence_counts_as_nothing(grown, tmp_path):
    store = shutil.copytree(grown / "after-1", tmp_path / "store")
    folder = store / "releases" / "RVU26A" / "r1"
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sequence"]
    manifest["schema_version"] = "1.2.0"
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "manifest.json.sha256").unlink()
    assert_published(run_samples(store, overlays=edited_overlays(tmp_path / "overlays", 2)))
    assert sequence(store / "releases" / "RVU26A" / "r2") == 1


def test_a_run_reads_the_newest_manifest_of_each_release_only(grown, tmp_path):
    """However many revisions there are."""
    store = shutil.copytree(grown / "after-2", tmp_path / "store")
    (store / "releases" / "RVU26A" / "r1" / "manifest.json").write_text("not read")
    assert_published(run_samples(store, overlays=edited_overlays(tmp_path / "overlays", 3)))
    assert sequence(store / "releases" / "RVU26A" / "r3") == 3


def test_a_whole_store_is_validated(grown):
    result = ingest("validate", grown / "store")
    assert result.code == 0 and result.out.startswith(b"valid: 3 revisions, "), result
    listed = json.loads(ingest("validate", grown / "store", "--format", "json").out)["revisions"]
    assert [(item["release"], item["revision"], item["sequence"]) for item in listed] == [("RVU26A", n, n) for n in (1, 2, 3)]


@pytest.mark.parametrize("gone, identifier", [("r1", "sequence_gap"), ("r2", "sequence_gap"), ("r3", "latest_wrong")])
def test_a_revision_that_was_taken_away_leaves_a_gap(gone, identifier, grown, tmp_path):
    store = shutil.copytree(grown / "store", tmp_path / "store")
    shutil.rmtree(store / "releases" / "RVU26A" / gone)
    check_invalid(ingest("validate", store), identifier)


def swap(store, left, right):
    folder = store / "releases" / "RVU26A"
    (folder / left).rename(folder / "aside")
    (folder / right).rename(folder / left)
    (folder / "aside").rename(folder / right)


@pytest.mark.parametrize("change, identifier", [
    (lambda store: swap(store, "r1", "r2"), "revision_elsewhere"),
    (lambda store: shutil.copytree(store / "releases/RVU26A/r3", store / "releases/RVU26A/r4"), "sequence_repeated"),
    (lambda store: shutil.copytree(store / "releases/RVU26A", store / "releases/RVU26B"), "revision_elsewhere"),
    (lambda store: (store / "latest.json").unlink(), "latest_missing"),
    (lambda store: (store / "latest.json").write_text((store / "latest.json").read_text() + " "), "latest_wrong"),
    (lambda store: (store / "releases/notes.txt").write_text("x"), "file_unknown"),
    (lambda store: (store / "releases/RVU26A/notes").mkdir(), "file_unknown"),
    (lambda store: (store / "releases/RVU26A/r2/manifest.json").unlink(), "manifest_missing"),
    (lambda store: (store / "releases/RVU26A/r2/codes.ndjson").write_text("x"), "file_changed"),
], ids=["swapped", "copied", "another label", "no pointer", "pointer", "file", "folder", "no manifest", "damaged"])
def test_what_is_wrong_with_a_store_is_found(change, identifier, grown, tmp_path):
    store = shutil.copytree(grown / "store", tmp_path / "store")
    change(store)
    check_invalid(ingest("validate", store), identifier)


def test_each_flipped_bit_of_the_pointer_is_found(grown, tmp_path):
    store = shutil.copytree(grown / "after-1", tmp_path / "store")
    data = (store / "latest.json").read_bytes()
    chance = random.Random(7)
    for position in range(0, len(data), 3):
        changed = bytearray(data)
        changed[position] ^= 1 << chance.randrange(8)
        (store / "latest.json").write_bytes(changed)
        assert ingest("validate", store).code == 1, position


# A store that was set back.


@pytest.fixture
def trusting(grown, keys, tmp_path):
    """Validates one of the stores against a record of what was seen before."""
    def look(store, *options, key=keys[0][1]):
        return ingest("validate", grown / store, "--public-key", key, "--trust", tmp_path / "seen.json", *options)
    return look


def test_an_older_store_is_refused_and_a_newer_one_remembered(trusting, tmp_path):
    for store in ("after-1", "after-2", "after-2", "store"):
        assert trusting(store).code == 0
    seen = (tmp_path / "seen.json").read_text()
    assert json.loads(seen)["releases"][0]["sequence"] == 3
    for store in ("after-1", "after-2", "after-2/releases/RVU26A/r2"):
        check_invalid(trusting(store), "rolled_back", "seen.json", "RVU26A-r3")
    assert (tmp_path / "seen.json").read_text() == seen
    assert trusting("store").code == 0 and trusting("store/releases/RVU26A/r3").code == 0


def test_another_manifest_under_a_number_that_was_seen_is_refused(trusting, grown, keys, tmp_path):
    """A store that was set back and written anew, by the rightful key."""
    assert trusting("after-2").code == 0
    fork = shutil.copytree(grown / "after-1", tmp_path / "fork")
    assert_published(run_samples(fork, "--sign", keys[0][0], overlays=edited_overlays(tmp_path / "overlays", "fork")))
    assert ingest("validate", fork, "--public-key", keys[0][1]).code == 0
    check_invalid(trusting(fork), "sequence_forked", "seen.json")


def test_a_release_that_is_gone_is_refused(trusting, grown, tmp_path):
    assert trusting("store").code == 0
    seen = json.loads((tmp_path / "seen.json").read_text())
    seen["releases"].append({"release": "RVU26B", "revision": 1, "sequence": 9, "manifest_sha256": "0" * 64})
    (tmp_path / "seen.json").write_text(json.dumps(seen))
    check_invalid(trusting("store"), "rolled_back", "RVU26B")


def test_what_is_not_valid_is_not_remembered(trusting, keys, tmp_path):
    check_invalid(trusting("store", key=keys[1][1]), "signature_key")
    assert not (tmp_path / "seen.json").exists()


def test_a_number_that_nobody_signed_is_not_remembered(grown, tmp_path):
    result = ingest("validate", grown / "store", "--trust", tmp_path / "seen.json")
    assert result.code == 64 and "--public-key" in result.err, result
    assert not (tmp_path / "seen.json").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"releases":[{}]}', '{"releases":[{"release":"RVU26A","revision":1,"sequence":0}]}'])
def test_a_record_that_is_none_is_refused_and_kept(text, trusting, tmp_path):
    (tmp_path / "seen.json").write_text(text)
    result = trusting("store")
    assert result.code == 2 and "[trust_unreadable]" in result.err, result
    assert (tmp_path / "seen.json").read_text() == text
