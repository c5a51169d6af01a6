import HTML
import JSON

extension CodePage {
    /// schema.org's `MedicalCode` in a `MedicalWebPage`, and the questions as a `FAQPage`: what the page shows, for
    /// machines.
    var structuredData: Markup {
        let address = context.baseURL.map { $0 + Self.path(code) }
        let questions = editorial["faq"]?.elements ?? []
        var json = JSONWriter(indented: false)
        json.object { json in
            json.field("@context", "https://schema.org")
            json.array("@graph") { json in
                json.object { json in
                    json.field("@type", "MedicalWebPage")
                    if let address {
                        json.field("@id", address)
                        json.field("url", address)
                    }
                    json.field("name", title.map { "\(code) \($0)" } ?? code)
                    if let summary = editorial.text("summary") { json.field("description", summary) }
                    json.field("inLanguage", "en")
                    json.field("version", context.revision)
                    json.object("about") { json in
                        json.field("@type", "MedicalCode")
                        json.field("codeValue", code)
                        json.field("codingSystem", document.text("system") ?? "")
                        if let title { json.field("name", title) }
                        let names = editorial.texts("synonyms")
                        if !names.isEmpty { json.field("alternateName", texts: names) }
                    }
                }
                if !questions.isEmpty {
                    json.object { json in
                        json.field("@type", "FAQPage")
                        if let address { json.field("@id", address + "#questions") }
                        json.array("mainEntity") { json in
                            for question in questions {
                                json.object { json in
                                    json.field("@type", "Question")
                                    json.field("name", question.text("question") ?? "")
                                    json.object("acceptedAnswer") { json in
                                        json.field("@type", "Answer")
                                        json.field("text", question.text("answer") ?? "")
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return "<script type=\"application/ld+json\">\(Markup(trusted: json.forScript))</script>\n"
    }
}

extension JSONWriter {
    /// The JSON with `<` as an escape, so that no text in it can end the script element around it.
    var forScript: [UInt8] {
        guard bytes.contains(UInt8(ascii: "<")) else { return bytes }
        return bytes.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
    }
}
