// swift-tools-version: 6.2
import PackageDescription

// The folders are the stages of the pipeline:
//
//     fetch → acquire → unpack → parse → normalise → overlay → verify → emit → diff → store → site, publish, fhir
//
// A stage takes a value and returns a value. Stages never import each other; they meet in `Pipeline`
// through the types of `Model`, which imports nothing. Below the stages lie leaves that any of them may
// use (`Model`, `Digest`, `CSV`, `JSON`, `YAML`, `HTML`, `Parallel`, `Schemas`, `Payment`, `Zlib`, `Delta`); above
// `Pipeline` lies only the command line.
// `FeeSchedule` reads what was published, for apps as for our own look-ups, `Delta` brings it up to date, and
// `HostedDataset` reads it from a web server. They are a product, so they stand on `Digest`, `JSON`, `Model` and `Payment`
// alone and need no C library of the pipeline.
// Every arrow points down, and each C library or package is imported by exactly one module; SQLite, which is written,
// read and brought up to date, by three:
//
//     libcsv → CSV            tokenising CSV wherever it is not regular (and `measure`, which
//                             is no product, to time libcsv alone)
//     zlib → Zlib             inflating for Unpack, packing for Publish; the ZIP container is read by ~300 lines of
//                             our own, because the checks that matter here (names that escape, duplicate or overlapping
//                             members, sizes that lie) have to be made on the central directory
//                             whichever library reads it, and libzip would add a dependency without
//                             removing them
//     swift-crypto → Digest   SHA-256
//     libcurl → Fetch         HTTPS. URLSession on Linux is libcurl behind a queue, and hides what this stage
//                             is about: a body that arrives no faster than it is written, Range with
//                             If-Range, every redirect, lengths that lie; async-http-client would build
//                             SwiftNIO for a few requests one after the other. `CLibcurl` loads it when the first
//                             request is made: with it come thirty libraries
//     swift-mustache → Overlay   filling the editors' templates with a code's own fields
//     Yams → YAML             YAML with line and column, for overlays and the policy
//     GRDB → Emit             writing dataset.sqlite and its full-text index
//     GRDB → FeeSchedule      reading them
//     GRDB → Delta            bringing them up to date in place, in apps too
//     FlyingSocks → Preview   sockets of this machine, for a page that loads itself again. The HTTP server of the same
//                             package brings libcurl for its proxies, SwiftNIO is forty times its size for one reader
//     swift-argument-parser → ingest
//
// Workbooks are read by `Parse` from the two XML parts that CMS's plain sheets use: no kept XLSX package is to
// be had for Linux, and a general one is not our business.
//
// `DictionaryForms` prints the data dictionary, which is in `Schemas`, in each of its forms.
//
// `CSystem` is three calls of the system that Swift does not see, `CSQLite` a setting of SQLite's whose function takes
// any number of arguments. `CPages` holds the styles and scripts of our pages, `CSchemas` the files of Schemas/, as
// bytes inside the binary (C23 `#embed`), so that what people edit is what the program uses and the binary can be moved.

let package = Package(
    name: "ingest",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
    products: [
        .executable(name: "ingest", targets: ["ingest"]),
        .library(name: "FeeSchedule", targets: ["FeeSchedule", "Delta", "HostedDataset"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // Leaves
        .target(name: "Model"),
        .target(
            name: "Digest",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .systemLibrary(
            name: "CLibcsv", providers: [.apt(["libcsv-dev"]), .brew(["libcsv"])]),
        .target(name: "CSV", dependencies: ["CLibcsv"]),
        .target(
            name: "CPages", exclude: ["dictionary.css", "diff.css", "diff.js", "preview.js", "site.css", "site.js"]),
        .target(name: "CSchemas"),
        .target(name: "CSQLite"),
        .target(name: "CSystem"),
        .target(name: "HTML"),
        .target(name: "JSON", dependencies: ["Model"]),
        .target(name: "YAML", dependencies: ["Model", .product(name: "Yams", package: "Yams")]),
        .target(name: "Parallel"),
        .target(name: "Payment", dependencies: ["Model"]),
        .target(
            name: "Delta",
            dependencies: [
                "Digest", "JSON", "Model",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .target(name: "Schemas", dependencies: ["CSchemas", "CSV", "Model"]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "Zlib", dependencies: ["CZlib"]),

        // What apps read the published dataset with: a product of its own, so nothing below it but these leaves.
        .target(
            name: "FeeSchedule",
            dependencies: [
                "Delta", "Digest", "JSON", "Model", "Payment", .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .target(name: "HostedDataset", dependencies: ["Delta", "Digest", "FeeSchedule", "JSON", "Model"]),

        // Stages
        .target(name: "CLibcurl"),
        .target(name: "Fetch", dependencies: ["CLibcurl", "Digest", "Model"]),
        .target(name: "Acquire", dependencies: ["Digest", "Model", "Parallel"]),
        .target(name: "Unpack", dependencies: ["Model", "Zlib"]),
        .target(name: "Parse", dependencies: ["CSV", "Model", "Schemas"]),
        .target(name: "Normalise", dependencies: ["Digest", "Model", "Parallel", "Schemas"]),
        .target(
            name: "Overlay",
            dependencies: [
                "Digest", "JSON", "Model", "Parallel", "Schemas", "YAML",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        .target(
            name: "Emit",
            dependencies: [
                "CSQLite", "Delta", "Digest", "JSON", "Model", "Parallel", "Payment", "Schemas",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .target(
            name: "Diff",
            dependencies: [
                "CPages", "CSV", "Digest", "HTML", "JSON", "Model", "Parallel", "Payment", "Schemas", "YAML",
            ]),
        .target(name: "Verify", dependencies: ["Model", "Parallel", "Payment", "Schemas"]),
        .target(name: "Store", dependencies: ["CSV", "Delta", "Digest", "JSON", "Model", "Schemas"]),

        .target(name: "DictionaryForms", dependencies: ["CPages", "Digest", "HTML", "JSON", "Model", "Schemas"]),
        .target(name: "FHIR", dependencies: ["CSV", "CSystem", "Digest", "JSON", "Model", "Schemas"]),
        .target(
            name: "Publish",
            dependencies: ["CPages", "CSystem", "Digest", "HTML", "JSON", "Model", "Parallel", "Zlib"]),
        .target(name: "Site", dependencies: ["CPages", "CSystem", "Digest", "HTML", "JSON", "Model", "Parallel"]),
        .target(
            name: "Preview", dependencies: ["Model", .product(name: "FlyingSocks", package: "FlyingFox")]),

        // The whole
        .target(
            name: "Pipeline",
            dependencies: [
                "Acquire", "CSV", "Delta", "DictionaryForms", "Diff", "Digest", "Emit", "FeeSchedule", "Fetch", "JSON",
                "Model", "Normalise", "Overlay", "Parallel", "Parse", "Payment", "Preview", "Publish", "Schemas",
                "Site",
                "Store", "Unpack", "Verify",
            ]),
        .executableTarget(
            name: "ingest",
            dependencies: [
                "CSystem", "Delta", "DictionaryForms", "Diff", "Digest", "Emit", "FHIR", "FeeSchedule", "Fetch", "JSON",
                "Model", "Overlay", "Payment", "Pipeline", "Preview", "Publish", "Schemas", "Site", "Store", "Verify",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        // Not a product: parts of the pipeline by themselves for Scripts/benchmark, beside libcsv without us.
        .executableTarget(
            name: "measure",
            dependencies: [
                "Acquire", "CLibcsv", "CSystem", "Model", "Normalise", "Parallel", "Parse", "Payment", "Schemas",
                "Unpack",
            ]),

        // Not a product: reads a published folder over HTTP with the library, for the tests with nginx.
        .executableTarget(
            name: "hosted-reader", dependencies: ["FeeSchedule", "HostedDataset", "Model"], path: "Tests/HostedReader"),

        // Tests: each stage through its public functions. `TestSupport` writes CMS's files in CMS's layouts.
        .target(
            name: "TestSupport",
            dependencies: ["Digest", "Emit", "Model", "Normalise", "Parse", "Schemas", "Verify"],
            path: "Tests/TestSupport"),
        .testTarget(name: "ModelTests", dependencies: ["Model", "TestSupport"]),
        .testTarget(name: "ParallelTests", dependencies: ["Parallel"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
        .testTarget(name: "CSVTests", dependencies: ["CSV", "TestSupport"]),
        .testTarget(name: "PaymentTests", dependencies: ["Model", "Payment", "TestSupport"]),
        .testTarget(name: "YAMLTests", dependencies: ["TestSupport", "YAML"]),
        .testTarget(name: "FetchTests", dependencies: ["Fetch", "Model", "TestSupport"]),
        .testTarget(name: "ZlibTests", dependencies: ["TestSupport", "Zlib"]),
        .testTarget(name: "UnpackTests", dependencies: ["Model", "TestSupport", "Unpack"]),
        .testTarget(name: "SchemasTests", dependencies: ["CSV", "JSON", "Model", "Schemas", "Store", "TestSupport"]),
        .testTarget(
            name: "ParseTests", dependencies: ["CSV", "Model", "Parse", "Schemas", "TestSupport"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "NormaliseTests", dependencies: ["Model", "Schemas", "TestSupport", "Verify"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "OverlayTests",
            dependencies: ["Digest", "Model", "Overlay", "Pipeline", "Schemas", "TestSupport"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "EmitTests",
            dependencies: [
                "CSV", "Delta", "Emit", "FeeSchedule", "JSON", "Model", "Overlay", "Schemas", "Store", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "DeltaTests",
            dependencies: [
                "Delta", "Digest", "JSON", "Model", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(name: "DiffTests", dependencies: ["CSV", "Diff", "JSON", "Model", "Schemas", "TestSupport"]),
        .testTarget(
            name: "FeeScheduleTests",
            dependencies: ["CSV", "FeeSchedule", "JSON", "Model", "Payment", "Schemas", "TestSupport"]),
        // The tables as the library reads them, for the acceptance tests to hold against the CSV.
        .executableTarget(
            name: "reread", dependencies: ["FeeSchedule", "JSON", "Model"], path: "Tests/Reread"),
        // The example app as a part of this package, so that tests need not build all of it twice.
        .executableTarget(
            name: "sample-wrvu-tracker", dependencies: ["FeeSchedule"], path: "samples/wrvu-tracker/Sources"),
        .testTarget(
            name: "HostedDatasetTests",
            dependencies: ["Digest", "FeeSchedule", "HostedDataset", "Model", "TestSupport"]),
        .testTarget(
            name: "PublishTests", dependencies: ["Digest", "JSON", "Model", "Publish", "Store", "TestSupport"]),
        .testTarget(name: "StoreTests", dependencies: ["Digest", "JSON", "Model", "Store", "TestSupport"]),

        .testTarget(name: "FHIRTests", dependencies: ["Digest", "FHIR", "JSON", "Model", "Schemas", "TestSupport"]),

        // What every reader promises for any bytes; libcsv stands beside our tokeniser.
        .target(
            name: "FuzzTargets",
            dependencies: ["CLibcsv", "CSV", "Diff", "Model", "Overlay", "Parse", "Schemas", "Unpack", "YAML"],
            path: "Tests/Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
    ],
    cLanguageStandard: .c2x
)

// libFuzzer brings its own `main`: only Scripts/fuzz builds this one.
if Context.environment["INGEST_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(name: "Fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver"))
}

let cTargets: Set = ["CLibcurl", "CPages", "CSQLite", "CSchemas", "CSystem"]
for target in package.targets where target.type != .system && !cTargets.contains(target.name) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]
    if target.name == "Fuzz" { target.swiftSettings?.append(.unsafeFlags(["-parse-as-library"])) }
}
