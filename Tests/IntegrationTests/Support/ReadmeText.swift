import Foundation
import UploadTestSupport

/// README.md, for tests that run what it shows.
struct ReadmeText {
  /// The server that it speaks of.
  static let address = "http://127.0.0.1:8080"

  let text: String

  init() throws {
    text = try String(contentsOf: URL(filePath: "\(Sluice.package)/README.md"), encoding: .utf8)
  }

  /// The fenced blocks of a language.
  func blocks(_ language: String) -> [String] {
    text.components(separatedBy: "```\(language)\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
  }

  /// The first block of a language that names the server.
  func block(_ language: String) throws -> String {
    guard let block = blocks(language).first(where: { $0.contains(Self.address) }) else {
      throw TimeoutError("README.md has no block in \(language) that names \(Self.address)")
    }
    return block
  }

  /// The block of commands that begins with `command`, else what stands in a line of the text.
  func commands(_ command: String) throws -> String {
    if let block = blocks("sh").first(where: { $0.hasPrefix("\(command) ") }) { return block }
    guard let line = text.firstMatch(of: try Regex("`(\(command) [^`]+)`", as: (Substring, Substring).self)) else {
      throw TimeoutError("README.md shows no \(command)")
    }
    return String(line.output.1)
  }
}
