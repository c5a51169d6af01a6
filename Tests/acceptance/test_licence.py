"""The public tier holds no descriptor of the AMA's or the ADA's; the licensed one is given only to who says so."""

import re
import sqlite3
import subprocess

import pytest

from engine_support import done, script
from support import (
    SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, assert_published, environment, files_below, ingest, revisions, rows_of, run,
    run_arguments, zip_members)

OWNED = re.compile(r"\d{4}[0-9A-Z]|D\d{4}")


def descriptors(data):
    """(code, descriptor) of every row of a PPRRVU CSV."""
    rows = rows_of(data.split(b"\x1a")[0])
    start = next(i for i, row in enumerate(rows) if row and row[0] == "HCPCS") + 1
    return [(row[0].strip(), " ".join(row[2].replace("\xa0", " ").split())) for row in rows[start:] if row and row[0].strip()]


def drug_descriptors(data):
    """(code, descriptor) of every row of the ASP files of both quarters: CMS repeats the AMA's texts there."""
    files = [path.read_bytes() for path in (data / "asp").glob("*/*.csv")]
    for archive in (data / "asp").glob("*/*.zip"):
        files += [content for name, content in zip_members(archive).items() if name.endswith(".csv")]
    assert len(files) == 4
    found = []
    for content in files:
        rows = rows_of(content)
        start = next(i for i, row in enumerate(rows) if "Short Description" in row) + 1
        found += [(row[0].strip(), " ".join(row[1].replace("\xa0", " ").split())) for row in rows[start:]]
    return found


@pytest.fixture(scope="module")
def owned(data, rvu25a_members, rvu26a_inputs):
    """Descriptors of CPT-shaped and D codes, long enough to be no coincidence and not Level II's too."""
    rows = descriptors((data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes())
    rows += descriptors(rvu25a_members["PPRRVU25_JAN.csv"])
    rows += next(descriptors(data) for name, data in zip_members(rvu26a_inputs[0]).items() if name.endswith("nonQPP.csv"))
    rows += drug_descriptors(data)
    free = {text.lower() for code, text in rows if not OWNED.fullmatch(code)}
    found = {text for code, text in rows if OWNED.fullmatch(code) and len(text) >= 12 and text.lower() not in free}
    assert len(found) > 5000
    return found


def found_in(folder, phrases, tmp_path):
    """The phrases that stand in any byte of any file below the folder, found by grep without regard to letter case."""
    patterns = tmp_path / "patterns.txt"
    patterns.write_text("\n".join(sorted(phrases)) + "\n", encoding="latin-1")
    done = subprocess.run(
        ["grep", "-r", "-a", "-i", "-o", "-h", "-F", "-f", patterns, folder], capture_output=True, env=environment(LC_ALL="C"))
    assert done.returncode in (0, 1), done.stderr
    return {line.decode("latin-1").lower() for line in done.stdout.splitlines()}


@pytest.fixture(scope="module")
def free_text(rvu25a_inputs, rvu26a_inputs, data, rvu25a_members):
    """All text that may be passed on: Level II's and our own."""
    parts = []
    for archive in (rvu25a_inputs[1], rvu26a_inputs[1]):
        for name, content in zip_members(archive).items():
            if name.lower().endswith(".txt") and "ANWEB" in name.upper():
                records = content.decode("cp1252").splitlines()
                parts += [" ".join(line[11:91].split()) + (" " if i + 1 < len(records) and records[i + 1][10:11] in "48" else "\n")
                          for i, line in enumerate(records)]
                parts += [line[91:119] + "\n" for line in records]
    for path in sorted((SAMPLE_OVERLAYS).rglob("*.yaml")):
        parts.append(" ".join(path.read_text().split()))
    for csv in (data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes(), rvu25a_members["PPRRVU25_JAN.csv"]:
        parts += [text + "\n" for code, text in descriptors(csv) if not OWNED.fullmatch(code)]
    from support import SCHEMAS

    parts += [path.read_text() for path in sorted(SCHEMAS.rglob("*.csv"))]
    return "".join(parts).lower()


def suggestions(published):
    """The titles suggested for Level II codes: words of Level II alone (test_titles.py), in forms that its texts lack."""
    return "\n".join(
        row["suggested_title"] for row in published.table("codes") if not OWNED.fullmatch(row["code"])).lower()


@pytest.mark.parametrize("release", ["rvu25a", "rvu25d", "rvu26b", "rvu26a"])
def test_no_emitted_byte_of_the_public_tier_is_a_descriptor_of_the_AMA_or_ADA(release, owned, free_text, request, tmp_path):
    published = request.getfixturevalue(release)
    free = free_text + suggestions(published)
    leaked = {phrase for phrase in found_in(published.store, owned, tmp_path) if phrase not in free}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"


def test_no_emitted_file_holds_what_the_ASP_files_say_of_a_CPT_code(data, rvu25a, rvu26a, tmp_path):
    texts = {text for code, text in drug_descriptors(data) if OWNED.fullmatch(code)}
    assert len(texts) > 30
    for published in (rvu25a, rvu26a):
        names = {row["drug_name"].lower() for row in published.table("drug_products")}
        assert {text for text in found_in(published.store, texts, tmp_path)} <= names


def test_no_byte_of_a_public_site_is_a_descriptor_of_the_AMA_or_ADA(owned, free_text, rvu26a, tmp_path):
    result = ingest("site", "--out", tmp_path / "site", "--store", rvu26a.store)
    assert result.code == 0, result
    # The index for the search has the words of texts without their signs.
    free = free_text + suggestions(rvu26a) + re.sub(r"[^a-z0-9]+", " ", free_text)
    leaked = {phrase for phrase in found_in(tmp_path / "site", owned, tmp_path) if phrase not in free}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"


def test_no_byte_of_the_data_dictionary_is_a_descriptor_of_the_AMA_or_ADA(owned, free_text, tmp_path):
    for form in ("markdown", "docc", "html", "json", "sql-comments"):
        for tier in ("public", "licensed"):
            result = ingest("dictionary", "--format", form, "--tier", tier)
            assert result.code == 0, result
            (tmp_path / "dictionary").mkdir(exist_ok=True)
            (tmp_path / "dictionary" / f"{tier}.{form}").write_bytes(result.out)
    leaked = {phrase for phrase in found_in(tmp_path / "dictionary", owned, tmp_path) if phrase not in free_text}
    assert leaked == set()


def dumped_parquet(out, folder):
    """Everything that the Parquet files hold, as text: they are compressed, so that their bytes show nothing."""
    import duckdb

    folder.mkdir()
    with duckdb.connect() as database:
        for number, path in enumerate(sorted(out.rglob("*.parquet"))):
            if path.parent.parent.name == "payments":
                # Millions of rows of few texts: each is looked at once.
                texts = ", ".join(row[0] for row in database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall() if row[1] == "VARCHAR")
                assert "reason" in texts
                database.execute(f"COPY (SELECT DISTINCT unnest([{texts}]) FROM '{path}') TO '{folder / f'{number}.csv'}' (HEADER)")
            else:
                database.execute(f"COPY (SELECT * FROM '{path}') TO '{folder / f'{number}.csv'}' (HEADER)")
            for key, value in database.execute(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')").fetchall():
                (folder / f"{number}.txt").open("a").write(f"{key} {value}\n")
    assert number > 10
    return folder


def dumped_postgres(conninfo, folder):
    """Every row, comment and definition of a database, as text."""
    from engine_support import postgres_program

    folder.mkdir()
    with open(folder / "dump.sql", "wb") as file:
        subprocess.run([postgres_program("pg_dump"), "--dbname", conninfo], stdout=file, check=True)
    assert b"99213" in (folder / "dump.sql").read_bytes()
    return folder


def test_no_value_of_the_public_parquet_or_database_is_a_descriptor_of_the_AMA_or_ADA(
        owned, free_text, rvu25a, rvu25d, rvu26a, rvu26b, four_as_parquet, four_in_postgres, tmp_path):
    free = free_text + "".join(map(suggestions, (rvu25a, rvu25d, rvu26a, rvu26b)))
    for folder in (dumped_parquet(four_as_parquet, tmp_path / "parquet"), dumped_postgres(four_in_postgres, tmp_path / "postgres")):
        leaked = {phrase for phrase in found_in(folder, owned, tmp_path) if phrase not in free}
        assert leaked == set(), f"{len(leaked)} descriptors leaked into {folder.name}"
        assert "levulan" in "".join(path.read_text().lower() for path in folder.iterdir()), "the texts are not looked at"
    raw = {phrase for phrase in found_in(four_as_parquet, owned, tmp_path) if phrase not in free}
    assert raw == set()


def test_the_search_for_leaks_finds_them_in_parquet_and_in_a_database(owned, rvu25d_licensed, postgres, tmp_path):
    done(script("to-parquet", "--store", rvu25d_licensed.store, "--out", tmp_path / "out"))
    assert len(found_in(dumped_parquet(tmp_path / "out", tmp_path / "parquet"), owned, tmp_path)) > 4000
    conninfo = postgres.database("licensed")
    done(script("load-postgres", "--store", rvu25d_licensed.store, "--database", conninfo))
    assert len(found_in(dumped_postgres(conninfo, tmp_path / "dump"), owned, tmp_path)) > 4000


def test_no_byte_of_a_public_delta_is_a_descriptor_of_the_AMA_or_ADA(
        owned, free_text, rvu25a, rvu25d, rvu26a, rvu25d_licensed, tmp_path):
    free = free_text + suggestions(rvu25a) + suggestions(rvu26a)
    pairs = [(rvu25a, rvu26a), (rvu26a, rvu25d), (rvu25d_licensed, rvu26a)]
    for number, (base, head) in enumerate(pairs):
        result = ingest("delta", base.folder, head.folder, "--out", tmp_path / "deltas" / str(number))
        assert result.code == 0, result
    leaked = {phrase for phrase in found_in(tmp_path / "deltas", owned, tmp_path) if phrase not in free}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"


@pytest.mark.parametrize("release", ["rvu26a", "rvu25a_licensed", "rvu25d_licensed"])
def test_no_byte_of_a_FHIR_export_is_a_descriptor_of_the_AMA_or_ADA(release, owned, free_text, request, tmp_path):
    published = request.getfixturevalue(release)
    result = ingest("export", "fhir", "--out", tmp_path / "fhir", "--store", published.store)
    assert result.code == 0, result
    free = free_text + suggestions(published)
    leaked = {phrase for phrase in found_in(tmp_path / "fhir", owned, tmp_path) if phrase not in free}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"
    assert [text for text in owned if text.lower() in (result.err + result.out.decode()).lower()] == []


def test_no_byte_of_a_published_folder_is_a_descriptor_of_the_AMA_or_ADA(owned, free_text, rvu26a, tmp_path):
    result = ingest("publish", "--out", tmp_path / "hosted", "--store", rvu26a.store)
    assert result.code == 0, result
    # Packed, a text is not to be seen: what was packed is looked for (test_publish.py shows that both are the same).
    for path in (tmp_path / "hosted").rglob("*.gz"):
        path.unlink()
    free = free_text + suggestions(rvu26a)
    assert len(list((tmp_path / "hosted").glob("releases/*/*/codes/*.json"))) > 17_000
    leaked = {phrase for phrase in found_in(tmp_path / "hosted", owned, tmp_path) if phrase not in free}
    assert leaked == set(), f"{len(leaked)} descriptors leaked"


def test_the_search_for_leaks_finds_them_where_they_are(owned, rvu25d_licensed, tmp_path):
    found = found_in(rvu25d_licensed.store, owned, tmp_path)
    assert len(found) > 4000
    in_database = found_in(rvu25d_licensed.database, owned, tmp_path)
    assert len(in_database) > 4000


@pytest.mark.parametrize("release", ["samples", "rvu25a", "rvu25d", "rvu26a"])
def test_the_public_search_index_holds_no_word_of_a_CPT_or_CDT_descriptor(release, request):
    """Every indexed word of such a code is in its code, title, synonyms, plain language or brand names as emitted."""
    published = request.getfixturevalue(release)
    own = {}
    for document in published.documents.values():
        editorial = document["editorial"] or {"synonyms": [], "plain_language": []}
        text = [document["code"], document["title"] or "", *editorial["synonyms"], *editorial["plain_language"]]
        text += (document["drug"] or {"brand_names": []})["brand_names"]
        if document["system"] == "HCPCS":
            text += [document["short_descriptor"] or "", document["long_descriptor"] or ""]
        own[document["code"]] = "\n".join(text).lower()
    with sqlite3.connect(f"file:{published.database}?mode=ro", uri=True) as database:
        codes = dict(database.execute("SELECT rowid, code FROM codes"))
        database.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, instance)")
        count = 0
        for term, row in database.execute("SELECT term, doc FROM temp.words"):
            count += 1
            document = published.documents[codes[row]]
            if document["system"] != "HCPCS":
                assert term in own[codes[row]], (codes[row], term)
    assert count > 100


def test_no_field_of_the_public_tier_describes_a_CPT_or_CDT_code(rvu25a, rvu25d, rvu26a):
    for published in (rvu25a, rvu25d, rvu26a):
        for row in published.table("codes"):
            if OWNED.fullmatch(row["code"]):
                assert row["system"] in ("CPT", "CDT")
                assert (row["short_descriptor"], row["long_descriptor"]) == ("", ""), row["code"]
                assert not row["title"] or published.documents[row["code"]]["editorial"]["review"], row["code"]


def test_the_numbers_of_CPT_and_CDT_codes_stay_in_the_public_tier(rvu25d):
    codes = {row["code"] for row in rvu25d.table("relative_values")}
    assert {"99213", "D0120", "0001F"} <= codes


def test_a_run_says_no_descriptor_of_the_AMA_or_ADA_on_stderr(owned, rvu25a, rvu25d, rvu26a):
    for published in (rvu25a, rvu25d, rvu26a):
        said = published.result.err.lower()
        assert [text for text in owned if text.lower() in said] == []


def test_a_refusal_says_no_descriptor_of_the_AMA_or_ADA(owned, data, rvu25a_members, tmp_path):
    """CSV and TXT whose descriptors differ are refused without printing them."""
    from support import link_folder

    for number, replaced in enumerate([
            {"PPRRVU2025_Oct.txt": rvu25a_members["PPRRVU25_JAN.txt"]},
            {"PPRRVU2025_Oct.csv": (data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes().replace(b" of ", b" off ")},
            {"PPRRVU2025_Oct.csv": (data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes().replace(b",XXX,", b",", 400)}]):
        result = run(tmp_path / f"s{number}", "RVU25D", [link_folder(tmp_path / f"in{number}", data / "rvu25d", replaced)])
        assert result.code in (1, 2), result
        said = (result.err + result.out.decode()).lower()
        assert [text for text in owned if text.lower() in said] == []


@pytest.mark.parametrize("given", [[], ["ama"], ["ada"], ["ama", "ama"], ["other"]])
def test_the_licensed_tier_asks_for_both_licences(given, tmp_path):
    arguments = ["run", "--release", "RVU26A", "--input", SAMPLE_RVU, "--store", tmp_path / "store", "--tier", "licensed"]
    for owner in given:
        arguments += ["--accept-license", owner]
    result = ingest(*arguments)
    assert result.code == 64, result
    assert "accept-license" in result.err
    assert not (tmp_path / "store").exists()


def test_the_licensed_tier_holds_every_descriptor_and_says_whose_they_are(owned, rvu25d_licensed, data):
    codes = {row["code"]: row["short_descriptor"] for row in rvu25d_licensed.table("codes")}
    for code, text in descriptors((data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes()):
        assert codes[code] == text, code
    manifest = rvu25d_licensed.manifest
    assert manifest["tier"] == "licensed"
    assert "American Medical Association" in manifest["license"] and "American Dental Association" in manifest["license"]
    assert all("AMA" in file["license"] for file in manifest["files"])


def test_the_public_tier_says_that_it_holds_none(rvu25d):
    assert rvu25d.manifest["tier"] == "public"
    assert "no CPT or CDT descriptors" in rvu25d.manifest["license"]


@pytest.mark.parametrize("first, second", [("public", "licensed"), ("licensed", "public")])
def test_a_store_of_one_tier_refuses_the_other(first, second, tmp_path):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], tier=first))
    before = files_below(store)
    result = run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], tier=second)
    assert result.code not in (0, 1) and "tier" in result.err and "--store" in result.err, result
    assert files_below(store) == before
    assert revisions(store) == ["RVU26A/r1"]


def test_a_store_of_one_tier_refuses_the_other_for_another_release_too(tmp_path, data):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS]))
    result = run(store, "RVU26B", [data / "rvu26b"], tier="licensed")
    assert result.code != 0, result
    assert revisions(store) == ["RVU26A/r1"]


def test_an_unknown_tier_is_a_usage_error(tmp_path):
    arguments = run_arguments(tmp_path / "store", "RVU26A", [SAMPLE_RVU]) + ["--tier", "secret"]
    assert ingest(*arguments).code == 64
