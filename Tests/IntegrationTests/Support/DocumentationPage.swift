import Foundation
import UploadTestSupport

/// A page of the documentation, for tests that run the programs and commands in it.
struct DocumentationPage {
  /// The server that the pages name.
  static let address = "http://127.0.0.1:8080"

  /// Relative to the package.
  let path: String
  let text: String

  /// - Throws: when there is no such page.
  init(_ path: String) throws {
    self.path = path
    text = try String(contentsOf: URL(filePath: "\(Sluice.package)/\(path)"), encoding: .utf8)
  }

  /// The fenced blocks of a language.
  func blocks(_ language: String) -> [String] {
    text.components(separatedBy: "```\(language)\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
  }

  /// The first block of a language that names the server.
  /// - Throws: when the page has none.
  func block(_ language: String) throws -> String {
    guard let block = blocks(language).first(where: { $0.contains(Self.address) }) else {
      throw TimeoutError("\(path) has no block in \(language) that names \(Self.address)")
    }
    return block
  }

  /// The block of commands that begins with `command`, otherwise the first command of that name within the text.
  /// - Throws: when the page has neither.
  func commands(_ command: String) throws -> String {
    if let block = blocks("sh").first(where: { $0.hasPrefix("\(command) ") }) { return block }
    guard let line = text.firstMatch(of: try Regex("`(\(command) [^`]+)`", as: (Substring, Substring).self)) else {
      throw TimeoutError("\(path) shows no \(command)")
    }
    return String(line.output.1)
  }
}
