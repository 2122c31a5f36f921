import Testing
import UploadTestSupport

/// What is said of a command line whose intention can be guessed.
@Suite struct UsageHintTests {
  /// Runs it with a file `f` in the current directory, and expects wrong usage.
  private func errors(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "f")
      let ended = try await Sluice.run(arguments, directory: directory.path)
      #expect(ended.exit == .status(64) && ended.output == "", "\(ended)", sourceLocation: sourceLocation)
      #expect(try directory.names() == ["f"], sourceLocation: sourceLocation)
      return ended.errors
    }
  }

  @Test(arguments: [
    (["--theme", "light"], "--theme"),
    (["serve", "--theme", "light"], "--theme"), (["serve", "--to", "http://127.0.0.1:1"], "--to"),
    (["headless", "f", "--to=http://127.0.0.1:1"], "--to"),
    (["send", "f", "--to", "http://127.0.0.1:1", "--max-size", "1MB"], "--max-size"),
  ])
  func `an unknown option is named in the error`(arguments: [String], option: String) async throws {
    let errors = try await errors(arguments)
    #expect(errors.contains("Error: Unknown option '\(option)'"), "\(errors)")
    #expect(!errors.contains("is no command"), "\(errors)")
  }

  @Test(arguments: [
    (
      ["serve", "--to", "http://127.0.0.1:1"],
      "--to is an option of sluice dashboard, sluice send. See sluice help dashboard."
    ),
    (["send", "f", "--to", "http://127.0.0.1:1", "--max-size", "1MB"], "--max-size is an option of sluice dashboard,"),
  ])
  func `an option that only other commands have gets a hint at them`(arguments: [String], hint: String) async throws {
    let errors = try await errors(arguments)
    #expect(errors.contains("sluice: \(hint)"), "\(errors)")
  }

  @Test(arguments: [["send", "f", "http://127.0.0.1:1/in"], ["send", "http://127.0.0.1:1/in", "f", "--json"]])
  func `send with a URL but without --to suggests the right command line`(arguments: [String]) async throws {
    let errors = try await errors(arguments)
    #expect(errors.contains("sluice: Name the server with --to: sluice send FILE --to http://127.0.0.1:1/in\n"))
    #expect(errors.contains("Error: Missing expected argument '--to <url>'"), "\(errors)")
  }

  @Test func `an argument that is neither a command nor a file is named`() async throws {
    let errors = try await errors(["nothing"])
    #expect(errors.contains("\"nothing\" is neither a command nor an existing file."), "\(errors)")
  }
}
