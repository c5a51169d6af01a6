// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "wrvu-tracker",
    platforms: [.macOS(.v15)],
    dependencies: [
        // An app of yours names the repository's address and a version here.
        .package(name: "ingest", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "wrvu-tracker", dependencies: [.product(name: "FeeSchedule", package: "ingest")], path: "Sources")
    ]
)
