import Foundation
import Testing
import UploadCore
import UploadReport

@testable import SluiceCLI

/// Holds the README to what the code says.
@Suite struct ReadmeTests {
  private let readme: String

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
  }

  @Test func errorCodesAreAllListed() throws {
    let marker = try #require(readme.range(of: "<!-- error codes -->\n"))
    let paragraph = readme[marker.upperBound...].components(separatedBy: "\n\n")[0]
    let listed = paragraph.split { $0 == " " || $0 == "\n" }.map { $0.trimmingCharacters(in: ["`"]) }
    #expect(listed == UploadError.Code.all.map(\.rawValue))
  }

  @Test(arguments: ServeCommand.valueNames + ServeCommand.switchNames)
  func everyOptionOfServeIsNamed(option: String) {
    #expect(readme.contains("`--\(option)`"))
  }

  @Test func wordsOfTheEventsAreAllExplained() {
    let words =
      UploadState.allCases.map(\.rawValue) + StallCause.allCases.map(\.rawValue) + UploadMode.allCases.map(\.rawValue)
      + UploadVerdict.allCases.map(\.rawValue)
    for word in words { #expect(readme.contains("`\(word)`"), "\(word)") }
  }

  @Test func theTestCommandIsMarkedForTheGate() {
    #expect(readme.contains("<!-- ci:test -->\n```sh\n"))
  }
}
