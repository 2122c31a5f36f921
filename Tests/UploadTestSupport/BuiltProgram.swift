import Foundation

/// A program of this package as the build has made it.
package enum BuiltProgram {
  /// The path of a program by its name: beside the test bundle, otherwise in `.build/debug`. Where it has not been
  /// built, a name that cannot be started and says so.
  package static func path(_ name: String) -> String {
    let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }
    let places = ["/proc/self/exe"].compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: $0) }
    let candidates =
      (places + bundles).map { URL(filePath: $0).deletingLastPathComponent().path + "/\(name)" }
      + ["\(package)/.build/debug/\(name)"]
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "\(name)-was-not-built"
  }

  /// The root directory of the package, absolute.
  package static let package: String = {
    var place = URL(filePath: #filePath)
    while place.path != "/", !FileManager.default.fileExists(atPath: place.path + "/Package.swift") {
      place.deleteLastPathComponent()
    }
    return place.path
  }()
}
