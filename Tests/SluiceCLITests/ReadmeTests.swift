import ArgumentParser
import Dashboard
import Foundation
import Testing
import UploadCore
import UploadReport

@testable import SluiceCLI

/// Holds the README to what the code says.
@Suite struct ReadmeTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private let readme: String

  init() throws {
    readme = try Self.text("README.md")
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func `the README has at most 400 lines`() {
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 400)
  }

  @Test func `the README lists all error codes`() throws {
    let marker = try #require(readme.range(of: "<!-- error codes -->\n"))
    let paragraph = readme[marker.upperBound...].components(separatedBy: "\n\n")[0]
    let listed = paragraph.split { $0 == " " || $0 == "\n" }.map { $0.trimmingCharacters(in: ["`"]) }
    #expect(listed == UploadError.Code.allCases.map(\.rawValue))
  }

  @Test func `the README lists all options of serve with their defaults`() throws {
    let help = SluiceCommand.helpMessage(for: ServeCommand.self, columns: 1000)
    var named: [String] = []
    for row in try rows(behind: "<!-- options -->") {
      let names = row[0].matches(of: /`--([a-z-]+)`/).map { String($0.1) }
      let defaults = row[1].components(separatedBy: ", ")
      named += names
      for (index, name) in names.enumerated() {
        let start = try #require(help.range(of: "\n  --\(name) "), "--\(name) is not in the help")
        // A long one goes on in the next line.
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
    #expect(named.sorted() == (serve.valueNames + serve.switchNames).sorted())
  }

  @Test func `the README explains all states, causes, modes and verdicts`() {
    let words =
      UploadState.allCases.map(\.rawValue) + StallCause.allCases.map(\.rawValue) + UploadMode.allCases.map(\.rawValue)
      + UploadVerdict.allCases.map(\.rawValue)
    for word in words { #expect(readme.contains("`\(word)`"), "\(word)") }
  }

  @Test func `the README's keys are those of the key table`() throws {
    let begin = try #require(readme.range(of: "<!-- keys -->\n"))
    let end = try #require(readme.range(of: "<!-- /keys -->"))
    #expect(readme[begin.upperBound..<end.lowerBound] == KeyTable.markdown(), "it should be:\n\(KeyTable.markdown())")
  }

  @Test func `the README's test command is marked for the gate`() {
    #expect(readme.contains("<!-- ci:test -->\n```sh\n"))
  }

  @Test(arguments: ["README.md", "example/README.md", "Tests/Tools/README.md", "Tests/Tools/bench/README.md"])
  func `links lead to existing files`(page: String) throws {
    let text = try Self.text(page)
    let place = Self.root.appending(path: page).deletingLastPathComponent()
    let links = text.matches(of: /\]\(([^)#:]*)(#[^)]*)?\)/).map { String($0.1) }.filter { !$0.isEmpty }
    for link in links {
      #expect(FileManager.default.fileExists(atPath: place.appending(path: link).path), "\(link)")
    }
  }

  /// Every command line of sluice's own, in blocks and within the text.
  @Test(arguments: ["README.md", "example/README.md"]) func `documented commands can be parsed`(page: String) throws {
    let text = try Self.text(page)
    let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    let inBlocks = blocks.flatMap { $0.split(separator: "\n") }.flatMap { line in
      line.split(whereSeparator: { "|#&;>".contains($0) }).map { $0.split(separator: " ") }
    }
    let within = text.matches(of: /`(sluice [^`]+)`/).map { $0.1.split(separator: " ") }
    let commands = (inBlocks + within).filter { $0.first == "sluice" }.map { $0.map(String.init) }
    #expect(commands.count > 3)
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

  /// The cells of a table's rows but the heading.
  private func rows(behind marker: String) throws -> [[String]] {
    let begin = try #require(readme.range(of: "\(marker)\n"))
    let lines = readme[begin.upperBound...].components(separatedBy: "\n\n")[0].split(separator: "\n").dropFirst(2)
    return lines.map { $0.dropFirst(2).dropLast(2).components(separatedBy: " | ") }
  }
}
