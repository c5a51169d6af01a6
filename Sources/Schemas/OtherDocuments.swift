import Model

/// A row of `layouts/documents.csv`: something that lies in CMS's archives and is no table that is read.
public struct OtherDocument: Sendable {
    /// What its name contains, upper case.
    public let nameContains: [String]
    /// What the first cells of its header row begin with; empty where it is told by its name alone.
    public let headerBegins: [String]
    /// What it is, for the list of inputs.
    public let meaning: String

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [OtherDocument] {
        var documents: [OtherDocument] = []
        for row in table.rows {
            documents.append(
                OtherDocument(
                    nameContains: try row("name_contains").split(separator: "|").map(String.init),
                    headerBegins: try row("header_begins").split(separator: "|").map(String.init),
                    meaning: try row("meaning")))
        }
        return documents
    }
}

/// A row of `values/correction-actions.csv`: how an action of a HCPCS correction file is read.
public struct CorrectionAction: Sendable {
    public enum Effect: String, Sendable {
        /// The code is to be there, with these values.
        case add
        /// The values given replace those of the file.
        case revise
        /// The code is not to be there.
        case remove
    }

    let action: String
    let effect: Effect

    /// `ADD*` stands for everything that begins so.
    func fits(_ upper: String) -> Bool {
        action.hasSuffix("*") ? upper.hasPrefix(action.dropLast()) : upper == action
    }

    static func read(_ table: EmbeddedTable) throws(IngestError) -> [CorrectionAction] {
        var actions: [CorrectionAction] = []
        for row in table.rows {
            guard let effect = Effect(rawValue: try row("effect")) else {
                throw row.invalid("'\(try row("effect"))' is no effect")
            }
            actions.append(CorrectionAction(action: try row("action"), effect: effect))
        }
        return actions
    }
}
