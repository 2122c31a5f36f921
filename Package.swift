// swift-tools-version: 6.2
import PackageDescription

/// A library target and its test target.
/// - Parameters:
///   - testFiles: directories of the test target with files that tests read and that are not compiled.
///   - embedded: files of the target whose bytes the compiler embeds in it, as `PackageResources.NAME_EXTENSION`.
func library(
  _ name: String,
  _ dependencies: [Target.Dependency],
  tests: [Target.Dependency] = [],
  testFiles: [String] = [],
  embedded: [String] = []
) -> [Target] {
  [
    .target(name: name, dependencies: dependencies, resources: embedded.map { .embedInCode($0) }),
    .testTarget(
      name: "\(name)Tests",
      dependencies: [.target(name: name), "UploadTestSupport"] + dependencies + tests,
      exclude: testFiles
    ),
  ]
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// A target imports only targets of lower layers. `.ci/check-imports` checks this.

/// Layer 0: system calls that the Glibc module does not import, and curses behind a small C header.
let shims: [Target] = [
  .target(name: "CLinux"),
  .target(
    name: "CNCurses",
    cSettings: [.define("NCURSES_WIDECHAR", to: "1"), .define("_GNU_SOURCE")],
    linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]
  ),
]

/// Layer 0: column widths, Base64, random numbers and complete writes, for targets of all layers.
let basics = library("Basics", [])

/// Layer 1: shared types (errors, meters, snapshots), and the cells and widgets of a terminal screen.
let vocabulary = library("UploadCore", ["CLinux"]) + library("TerminalUI", ["Basics"])

/// Layer 2: protocols without I/O, storage, events and metrics, and the ncurses terminal; above the protocols, connections to
/// HTTP servers.
let parts =
  library("UploadProtocol", ["Basics", "UploadCore", nioCore, httpTypes, crypto])
  + library("UploadStorage", ["UploadCore", "CLinux", nioCore, nioPosix], tests: [crypto, nioEmbedded])
  + library("UploadReport", ["Basics", "UploadCore"])
  + library(
    "HTTPExchange",
    ["Basics", "UploadCore", "UploadProtocol", nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL],
    tests: [nioEmbedded]
  )
  + library("TerminalNCurses", ["Basics", "TerminalUI", "CNCurses"], tests: ["TerminalProbe"])

/// Layer 3: server, client, the store in an S3-compatible engine, and the contents of the dashboard.
let ends =
  library(
    "UploadServer",
    [
      "Basics", "UploadCore", "UploadProtocol", "UploadStorage", "UploadReport", "CLinux",
      hummingbird, hummingbirdCore, nioCore, nioPosix, nioHTTP1, nioExtras, nioHTTPTypes, nioHTTPTypesHTTP1,
      httpTypes, logging, lifecycle, nioSSL, x509, asn1, crypto,
    ],
    tests: [nioEmbedded],
    embedded: [
      "page.html", "page.css", "listing.css", "format.js", "settings.js", "request.js", "files.js", "queue.js",
      "upload.js", "rows.js", "view.js", "main.js",
    ].map { "UploadPage/\($0)" }
  )
  + library(
    "UploadClient",
    ["Basics", "UploadCore", "UploadProtocol", "HTTPExchange", "CLinux", nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL],
    tests: [nioEmbedded]
  )
  + library(
    "UploadStorageS3",
    [
      "Basics", "UploadCore", "UploadProtocol", "UploadStorage", "HTTPExchange", "CLinux", nioCore, nioPosix, nioHTTP1,
      nioSSL, crypto,
    ],
    tests: [nioEmbedded]
  )
  + library("Dashboard", ["TerminalUI", "UploadCore", "UploadReport"], testFiles: ["Golden"])

/// Layer 4: a server and a client hosted in one process, and the dashboard on a terminal.
let app = library(
  "DashboardApp",
  [
    "Basics", "UploadCore", "UploadProtocol", "UploadStorage", "UploadStorageS3", "UploadReport", "HTTPExchange",
    "UploadServer", "UploadClient", "CLinux", "Dashboard", "TerminalUI", "TerminalNCurses", logging, nioCore, nioPosix,
  ]
)

/// Layer 5: `headless` (uploads compared byte by byte, scripted dashboard), `compare` and `sample`.
let trials = library(
  "UploadTrials",
  [
    "Basics", "UploadCore", "UploadProtocol", "UploadStorage", "UploadReport", "HTTPExchange", "UploadServer",
    "UploadClient", "CLinux", "Dashboard", "DashboardApp", "TerminalUI", crypto,
  ]
)

/// Layer 6: commands, options and the process life cycle.
let commandLine = library(
  "SluiceCLI",
  [
    "UploadCore", "UploadProtocol", "UploadStorage", "UploadStorageS3", "UploadReport", "HTTPExchange", "UploadServer",
    "UploadClient", "CLinux", "DashboardApp", "UploadTrials", "TerminalUI", argumentParser, logging,
  ],
  tests: ["Dashboard"]
)

/// Layer 7: the executable, and the micro-benchmarks.
let executables: [Target] = [
  .executableTarget(name: "sluice", dependencies: ["SluiceCLI"]),
  .executableTarget(
    name: "sluice-bench",
    dependencies: [
      "UploadCore", "UploadProtocol", "UploadStorage", "UploadReport", "Dashboard", "TerminalUI", "TerminalNCurses",
      "Basics", "CLinux", nioCore, nioPosix, argumentParser,
    ]
  ),
  .testTarget(
    name: "SluiceBenchTests",
    dependencies: ["sluice-bench", "UploadCore", "UploadProtocol", "UploadReport", "UploadTestSupport", nioCore]
  ),
]

/// Helpers shared by tests, and the tests of the built binary with real clients.
let shared: [Target] = [
  .target(
    name: "UploadTestSupport",
    dependencies: ["Basics", "UploadCore", "UploadStorage", "CLinux", crypto, nioCore],
    path: "Tests/UploadTestSupport"
  ),
  .executableTarget(
    name: "TerminalProbe",
    dependencies: ["TerminalUI", "TerminalNCurses", "Dashboard", "UploadCore", "UploadTestSupport"],
    path: "Tests/TerminalProbe"
  ),
  .testTarget(
    name: "IntegrationTests",
    dependencies: ["UploadCore", "UploadProtocol", "UploadTestSupport", "sluice"]
  ),
]

let package = Package(
  name: "sluice",
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    .executable(name: "sluice-bench", targets: ["sluice-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
  ],
  targets: shims + basics + vocabulary + parts + ends + app + trials + commandLine + executables + shared
)

for target in package.targets {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}
