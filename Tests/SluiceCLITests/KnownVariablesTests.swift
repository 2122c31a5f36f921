import Foundation
import Testing
import UploadTestSupport

@testable import SluiceCLI

@Suite struct KnownVariablesTests {
  // Written in two parts, so that the search below does not find them.
  private static let misspelt = "SLUICE_" + "MAXSIZE"

  @Test func `an unknown variable is reported, with the similar one if there is one`() {
    #expect(
      KnownVariables.warnings([Self.misspelt: "1GB"])
        == ["Unknown environment variable \(Self.misspelt) is ignored. Did you mean SLUICE_MAX_SIZE?"]
    )
    #expect(KnownVariables.warnings(["SLUICE_" + "TOKN": "x"]).first?.contains("Did you mean SLUICE_TOKEN?") == true)
    let strange = KnownVariables.warnings(["SLUICE_" + "SERVICE_HOST": "10.0.0.1"])
    #expect(strange.count == 1 && strange.first?.contains("Did you mean") == false, "\(strange)")
  }

  @Test func `known and empty variables, and those without the prefix, are not reported`() {
    let known = ["SLUICE_MAX_SIZE": "1GB", "SLUICE_TO": "http://h", "SLUICE_BINARY": "x", "SLUICE_JSON": "yes"]
    #expect(KnownVariables.warnings(known) == [])
    #expect(KnownVariables.warnings([Self.misspelt: "", "OTHER_" + "MAXSIZE": "1", "SLUICEX": "1"]) == [])
  }

  @Test func `the value of an unknown variable is not in the warning`() {
    #expect(!KnownVariables.warnings(["SLUICE_" + "TOKN": "geheim"]).joined().contains("geheim"))
  }

  @Test(arguments: ["on", "2", "nope"]) func `a switch with an invalid value is reported`(value: String) {
    #expect(KnownVariables.warnings(["SLUICE_JSON": value]).first?.contains("SLUICE_JSON is ignored") == true)
  }

  @Test(arguments: [["--help"], ["serve", "--help"], ["send", "f", "--quiet"], ["--version"]])
  func `with --help, --version or --quiet no variable is reported`(arguments: [String]) {
    #expect(EnvironmentDefaults.warnings([Self.misspelt: "1"], for: arguments) == [])
    #expect(EnvironmentDefaults.warnings([Self.misspelt: "1"], for: ["serve"]).count == 1)
  }

  @Test func `a token in the environment that --open overrides is reported, without its value`() {
    let environment = ["SLUICE_TOKEN": "token-of-the-environment"]
    let warnings = EnvironmentDefaults.warnings(environment, for: ["serve", "--open"])
    #expect(warnings.count == 1 && warnings.first?.contains("SLUICE_TOKEN is ignored") == true, "\(warnings)")
    #expect(!warnings.joined().contains("of-the-environment"))
    for arguments in [["serve"], ["serve", "--open", "--token", "another-token"], ["send", "f"]] {
      #expect(EnvironmentDefaults.warnings(environment, for: arguments) == [], "\(arguments)")
    }
  }

  @Test func `control characters in a variable's name are not in the warning`() {
    let text = KnownVariables.warnings(["SLUICE_\u{1B}[31m": "1"]).joined()
    #expect(text.contains("Unknown") && !text.contains("\u{1B}"))
  }

  /// All variables that the package itself reads or sets are in one list.
  @Test func `every SLUICE variable that the package's files mention is known`() throws {
    let root = URL(filePath: BuiltProgram.package)
    var mentioned: Set<String> = []
    for place in ["Sources", "Tests", "example", ".ci", "README.md"] {
      let base = root.appending(path: place)
      let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.allObjects as? [URL]
      for file in (files ?? []) + [base] {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
        mentioned.formUnion(text.matches(of: /SLUICE_[A-Z][A-Z_]*[A-Z]/).map { String($0.output) })
      }
    }
    #expect(mentioned.count > 20)
    #expect(mentioned.subtracting(KnownVariables.options).subtracting(KnownVariables.others) == [])
  }

  @Test func `the edit distance counts insertions, deletions and replacements`() {
    func distance(_ left: String, _ right: String) -> Int { EditDistance.between(Array(left.utf8), Array(right.utf8)) }
    #expect(distance("", "") == 0)
    #expect(distance("abc", "") == 3)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("maxsize", "maxsize") == 0)
  }
}
