import HTML

/// The page of a preview whose texts cannot be read: what is wrong, and where, in place of the content.
public struct ProblemPage {
    public struct Problem: Sendable {
        /// `codes/J7308.yaml:12:3`; empty where there is none.
        public let place: String
        public let message: String
        public let hint: String?

        public init(place: String, message: String, hint: String?) {
            self.place = place
            self.message = message
            self.hint = hint
        }
    }

    let title: String
    let problems: [Problem]
    let context: SiteContext
    let assets: SiteAssets

    public init(_ title: String, _ problems: [Problem], context: SiteContext, assets: SiteAssets) {
        self.title = title
        self.problems = problems
        self.context = context
        self.assets = assets
    }

    public func bytes() -> [UInt8] {
        let frame = Frame(
            context: context, assets: assets, path: "codes/problems.html", title: title, description: "")
        var html: Markup = "<h1>\(title)</h1>\n"
        for problem in problems {
            html +=
                "<div class=\"notice\" role=\"alert\"><p class=\"code place\">\(problem.place)</p><p>\(problem.message)</p>"
            if let hint = problem.hint { html += "<p class=\"origin\">\(hint)</p>" }
            html += "</div>\n"
        }
        return frame.page(html)
    }
}
