import ArgumentParser
import Dashboard
import Foundation
import Testing
import UploadCore
import UploadReport

@testable import SluiceCLI

/// Compares the documentation with the code.
@Suite struct DocumentationTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Pages in which links are checked.
  private static let pages = [
    "README.md", "example/README.md", "example/docs/architecture.md", "example/docs/contributing.md",
    "example/docs/http.md", "example/docs/json.md", "example/docs/keys.md", "example/docs/options.md",
    "example/docs/performance.md", "example/docs/s3.md", "example/docs/security.md", "Tests/Tools/README.md",
    "Tests/Tools/bench/README.md",
    "Tests/Tools/hostile/README.md",
  ]

  @Test func `the README has at most 1500 words`() throws {
    #expect(try Self.text("README.md").split(whereSeparator: \.isWhitespace).count <= 1500)
  }

  @Test(arguments: pages) func `each source file that a page names exists`(page: String) throws {
    for name in try Self.text(page).matches(of: /`([A-Za-z-]+\/[A-Za-z\/+-]+\.swift)`/).map({ String($0.1) }) {
      let file = Self.root.appending(path: "Sources/\(name)").path
      #expect(FileManager.default.fileExists(atPath: file), "\(name)")
    }
  }

  @Test func `the page on JSON lines lists all error codes`() throws {
    let page = try Self.text("example/docs/json.md")
    let marker = try #require(page.range(of: "<!-- error codes -->\n"))
    let paragraph = page[marker.upperBound...].components(separatedBy: "\n\n")[0]
    let listed = paragraph.split { $0 == " " || $0 == "\n" }.map { $0.trimmingCharacters(in: ["`"]) }
    #expect(listed == UploadError.Code.allCases.map(\.rawValue))
  }

  @Test func `the page on options lists all options of serve with their defaults`() throws {
    let help = SluiceCommand.helpMessage(for: ServeCommand.self, columns: 1000)
    var named: [String] = []
    for row in try Self.rows(behind: "<!-- options -->", of: "example/docs/options.md") {
      let names = row[0].matches(of: /`--([a-z0-9-]+)`/).map { String($0.1) }
      let defaults = row[1].components(separatedBy: ", ")
      named += names
      for (index, name) in names.enumerated() {
        let start = try #require(help.range(of: "\n  --\(name) "), "--\(name) is not in the help")
        // A long text continues in the next line.
        let line = help[start.upperBound...].components(separatedBy: "\n  -")[0]
        let value = defaults.count == names.count ? defaults[index] : defaults[0]
        if ["none", "off", "all"].contains(value) {
          let isUnset = !line.contains("default: ") || line.contains(/default: (no limit|none|all|off)/)
          #expect(isUnset, "--\(name): \(line)")
        } else if value != "see below" {
          #expect(line.contains("default: \(value)"), "--\(name): \(line)")
        }
      }
    }
    let serve = CommandDescription.of(ServeCommand.self)
    #expect(named.sorted() == serve.optionNames.sorted())
  }

  @Test(arguments: [
    ("state", UploadState.allCases.map(\.rawValue)), ("cause", StallCause.allCases.map(\.rawValue)),
    ("mode", UploadMode.allCases.map(\.rawValue)), ("verdict", UploadVerdict.allCases.map(\.rawValue)),
  ])
  func `the page on JSON lines lists all values of a field`(field: String, values: [String]) throws {
    let rows = try Self.rows(behind: "<!-- values -->", of: "example/docs/json.md")
    let row = try #require(rows.first { $0[0] == "`\(field)`" })
    let listed = row[1].matches(of: /`(\w+)`/).map { String($0.1) }
    #expect(listed.sorted() == values.sorted())
  }

  @Test func `the page on keys has the key table as the dashboard generates it`() throws {
    let page = try Self.text("example/docs/keys.md")
    let begin = try #require(page.range(of: "<!-- keys -->\n"))
    let end = try #require(page.range(of: "<!-- /keys -->"))
    #expect(page[begin.upperBound..<end.lowerBound] == KeyTable.markdown(), "it should be:\n\(KeyTable.markdown())")
  }

  @Test(arguments: ["ci:run", "ci:test"])
  func `the README's install commands have the marker by which CI runs them`(marker: String) throws {
    #expect(try Self.text("README.md").contains("<!-- \(marker) -->\n```sh\n.ci/install "))
  }

  @Test func `every page in example/docs is in the list of checked pages`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "example/docs").path)
    #expect(Set(names.map { "example/docs/\($0)" }).isSubset(of: Self.pages))
  }

  @Test(arguments: pages)
  func `relative links of the documentation lead to existing files and headings`(page: String) throws {
    let file = Self.root.appending(path: page)
    for link in try Self.text(page).matches(of: /\]\(([^)#:]*)(#[^)]*)?\)/) {
      let target = link.1.isEmpty ? file : file.deletingLastPathComponent().appending(path: String(link.1))
      #expect(FileManager.default.fileExists(atPath: target.path), "\(link.0)")
      if let anchor = link.2.map({ String($0.dropFirst()) }) {
        let text = try String(contentsOf: target, encoding: .utf8)
        #expect(Self.anchors(of: text).contains(anchor), "\(link.0)")
      }
    }
  }

  /// Command lines of `sluice`, in blocks and within the text.
  @Test(arguments: [
    ("README.md", 5), ("example/README.md", 4), ("example/docs/options.md", 5), ("example/docs/keys.md", 2),
  ])
  func `sluice commands in the documentation can be parsed`(page: String, least: Int) throws {
    let text = try Self.text(page)
    let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    let inBlocks = blocks.flatMap { $0.split(separator: "\n") }.flatMap { line in
      line.split(whereSeparator: { "|#&;>".contains($0) }).map { $0.split(separator: " ") }
    }
    let within = text.matches(of: /`(sluice [^`]+)`/).map { $0.1.split(separator: " ") }
    let commands = (inBlocks + within).filter { $0.first == "sluice" }.map { $0.map(String.init) }
    #expect(commands.count >= least)
    for command in commands {
      let words = command.dropFirst().map { $0.replacing(/FILE(\.\.\.)?/, with: "/dev/null") }
      // A command that is only named.
      if words.count == 1, SluiceCommand.configuration.subcommands.contains(where: { $0._commandName == words[0] }) {
        continue
      }
      do {
        _ = try SluiceCommand.parseAsRoot(EnvironmentDefaults.adding([:], to: words))
      } catch {
        #expect(SluiceCommand.exitCode(for: error) == .success, "\(command): \(SluiceCommand.message(for: error))")
      }
    }
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The cells of a table, by rows, without the heading.
  private static func rows(behind marker: String, of page: String) throws -> [[String]] {
    let page = try text(page)
    let begin = try #require(page.range(of: "\(marker)\n"))
    let lines = page[begin.upperBound...].components(separatedBy: "\n\n")[0].split(separator: "\n").dropFirst(2)
    return lines.map { $0.dropFirst(2).dropLast(2).components(separatedBy: " | ") }
  }

  /// The anchors of a page's headings as GitHub names them: in lower case, without punctuation, with hyphens for
  /// spaces.
  private static func anchors(of text: String) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
      let title = line.drop(while: { $0 == "#" }).dropFirst().lowercased()
      return title.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.replacing(" ", with: "-")
    }
  }
}
