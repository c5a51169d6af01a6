"""Documents hold everything that a public page of a code shows."""

import re

import pytest

from support import ingest

CODES = ["J7308", "J3398", "J7306", "J9313"]
WORDS = {
    "J7308": ["levulan", "photodynamic", "actinic keratos", "dermatology"],
    "J3398": ["luxturna", "voretigene", "rpe65", "subretinal", "ophthalmology", "retina"],
    "J7306": ["levonorgestrel", "implant", "contracepti"],
    "J9313": ["lumoxiti", "moxetumomab", "hairy cell leukemia", "refractory"],
}


def texts(value):
    """Every string below a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.fixture(params=["samples", "rvu26a"])
def published(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("code", CODES)
def test_a_document_holds_all_that_a_page_shows(code, published):
    document = published.documents[code]
    editorial = document["editorial"]
    for name in ("title", "short_descriptor", "long_descriptor"):
        assert document[name], name
    assert document["system"] == "HCPCS" and document["section"]["id"] == "J"
    assert document["section"]["name"] and document["category"]["name"]
    for name in ("synonyms", "plain_language", "specialties", "faq"):
        assert editorial[name] and all(editorial[name]), name
    for name in ("summary", "clinical_context", "billing", "documentation"):
        assert editorial[name].strip(), name
    for question in editorial["faq"]:
        assert question["question"].strip().endswith("?") and question["answer"].strip()
    assert editorial["relative_value_note"], "a code without RVUs says why"
    assert document["relative_values"], "the fee schedule lists the code without values"
    assert all(row["unpriced_reason"] and not row["priced"] for row in document["relative_values"])
    assert document["unpriced_reason"] == document["relative_values"][0]["unpriced_reason"]
    assert document["hcpcs"]["added"] and document["hcpcs"]["action"]
    assert editorial["review"] == {
        "state": "current", "against": "RVU26A", "descriptor": editorial["review"]["descriptor"],
        "changed_words": None, "use_instead": []}


@pytest.mark.parametrize("code", CODES)
def test_a_document_speaks_of_the_drug_its_use_and_its_specialists(code, published):
    text = " ".join(texts(published.documents[code])).lower()
    assert [word for word in WORDS[code] if word not in text] == []


@pytest.mark.parametrize("code", ["J7308", "J7306"])
def test_a_drug_that_is_not_injected_is_never_described_as_injected(code, published):
    said = [text for text in texts(published.documents[code]) if re.search(r"inject", text, re.I)]
    assert said == []


def test_the_route_that_a_descriptor_states_is_known(published):
    routes = {code: published.documents[code]["route"] for code in ("J7308", "J7306")}
    assert routes == {"J7308": "topical", "J7306": "implant"}


def test_no_template_variable_is_left_unfilled(published):
    for document in published.documents.values():
        if document["editorial"]:
            assert not [text for text in texts(document["editorial"]) if "{{" in text or "}}" in text], document["code"]


def test_26_and_TC_rows_stand_beside_the_global_row(published):
    rows = {row["modifier"]: row for row in published.documents["71046"]["relative_values"]}
    assert list(rows) == [None, "26", "TC"]
    assert (rows[None]["total_nonfacility"], rows["26"]["total_nonfacility"], rows["TC"]["total_nonfacility"]) == (
        "0.99", "0.30", "0.69")


def test_every_row_is_priced_or_says_why_not(published):
    for row in published.table("relative_values"):
        assert (row["priced"] == "true") == (row["unpriced_reason"] == ""), row
        assert row["priced"] == "false" or row["status"] in "ART", row


def test_no_price_is_a_reason_of_the_status(published):
    reasons = {}
    for row in published.table("relative_values"):
        if row["status"] not in "ART":
            reasons.setdefault(row["status"], set()).add(row["unpriced_reason"])
    expected = {
        "B": "bundled", "C": "carrier_priced", "E": "excluded_from_fee_schedule", "I": "not_valid_for_medicare",
        "M": "measurement_only", "N": "non_covered", "X": "statutory_exclusion", "J": "anesthesia"}
    assert {status: reasons[status] for status in expected} == {status: {reason} for status, reason in expected.items()}


def test_a_setting_marked_NA_keeps_its_value_and_its_flag(published):
    row, = published.documents["27447"]["relative_values"]
    assert (row["pe_nonfacility"], row["pe_nonfacility_na"], row["pe_facility_na"]) == ("11.58", True, False)


def test_a_code_outside_the_fee_schedule_says_why_it_has_no_RVUs(published):
    document = published.documents["E0143"]
    assert document["relative_values"] == []
    assert document["relative_values_absence"] == "section_not_on_fee_schedule"
    assert document["unpriced_reason"] == "not_on_fee_schedule"
    assert published.documents["C9088"]["relative_values_absence"]


def test_a_code_without_its_own_texts_has_those_of_its_section(published):
    editorial = published.documents["71046"]["editorial"]
    assert editorial["billing"] and editorial["billing_origin"] == "category" and editorial["review"] is None


def test_the_page_on_a_terminal_shows_each_part(samples):
    page = ingest("show", "J7308", "--store", samples.store).out.decode()
    for heading in ("J7308", "Also known as", "Description", "In plain language", "Clinical context", "Relative values",
                    "Billing", "Documentation", "Specialties", "Questions", "Dermatology", "RVU26A-r1"):
        assert heading in page, heading


def test_no_text_of_a_CPT_code_in_the_samples_is_a_descriptor(sample_members):
    """The samples may not pass on text of the AMA or the ADA: the description of such codes is empty."""
    from support import rows_of

    for name, data in sample_members.items():
        if name.startswith("PPRRVU") and name.endswith(".csv"):
            for row in rows_of(data)[10:]:
                if row and re.fullmatch(r"\d{4}[0-9A-Z]|D\d{4}", row[0]):
                    assert row[2].strip() == "", row[:3]
        elif name.startswith("PPRRVU"):
            for line in data.split(b"\r\n"):
                if re.match(rb"\d{4}[0-9A-Z]|D\d{4}", line):
                    assert line[7:57].strip() == b"", line[:60]
