import ArgumentParser
import FHIR
import Foundation
import JSON
import Model
import Schemas
import Store

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a published dataset in a form that other systems take.",
        subcommands: [ExportFHIR.self])
}

struct ExportFHIR: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fhir",
        abstract: "Write a published dataset as FHIR R4 terminology.",
        discussion: """
            CodeSystem resources: HCPCS Level II under HL7's canonical URL, supplements with names and relative values \
            of Level II, CPT and CDT codes; and a ConceptMap from National Drug Codes where the release has CMS's \
            crosswalk. Each is a file, and all of a type are an NDJSON file. DIR appears whole; one that holds \
            anything else is refused.

            No descriptor of a CPT or CDT code is written, from a licensed revision neither.
            """)

    @Option(help: "The folder to write.", completion: .directory)
    var out: String

    @Option(help: "A release or revision, such as RVU26A or RVU26A-r2; the newest when left out.")
    var release: String?

    @Option(help: "What the canonical URLs of your own resources begin with.")
    var canonicalBase = FHIRExport.defaultCanonicalBase

    @OptionGroup var store: StoreOptions
    @OptionGroup var format: FormatOptions

    func validate() throws {
        let isAddress = ["https://", "http://", "urn:"].contains {
            canonicalBase.hasPrefix($0) && canonicalBase.utf8.count > $0.utf8.count
        }
        guard isAddress, canonicalBase.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"|#\"<>".utf8.contains($0) })
        else {
            throw ValidationError("--canonical-base is an absolute address such as https://example.org/fhir")
        }
    }

    func run() throws {
        try reporting(consequence: "Nothing was exported.") {
            let revision = try store.value.revision(release)
            var base = canonicalBase
            while base.hasSuffix("/") { base.removeLast() }
            let export = FHIRExport(
                revision: revision.name, folder: revision.folder, manifest: try store.value.manifest(of: revision),
                definitions: try FHIRDefinitions(tables: Schemas().tables), canonicalBase: base)
            let place = URL(fileURLWithPath: out)
            let written = try export.write(to: place)
            for resource in written.resources {
                Talk().say("  \(resource.type)/\(resource.id)  \(resource.elements)")
            }
            Talk().say("\(revision.name): \(written.files.count) files, \(written.bytes / 1_000_000) MB")
            guard format.format == .json else {
                print(place.relativePath)
                return
            }
            var json = JSONWriter(indented: true)
            json.object { json in
                json.field("revision", revision.name)
                json.field("path", place.relativePath)
                json.array("resources") { json in
                    for resource in written.resources {
                        json.line { json in
                            json.field("type", resource.type)
                            json.field("id", resource.id)
                            json.field("elements", resource.elements)
                        }
                    }
                }
            }
            printData(json.bytes + [0x0A])
        }
    }
}
