import ArgumentParser
import DashboardApp
import Testing
import UploadClient
import UploadCore
import UploadServer

@testable import SluiceCLI

@Suite struct ResumableOptionsTests {
  private static let send = ["/dev/null", "--to", "http://h"]

  @Test func `the limits on unfinished uploads have the defaults that the help states`() throws {
    let configuration = try ServeCommand.parse([]).server.configuration(port: 0)
    #expect(configuration.limits.expireUnfinished == .seconds(86_400))
    #expect(configuration.limits.maxUnfinished == 1000)
    #expect(configuration.limits.maxAppendSize == nil && configuration.publicURL == nil)
    let help = SluiceCommand.helpMessage(for: ServeCommand.self, columns: 200)
    for value in ["24h", "1000"] { #expect(help.contains("default: \(value)"), "\(value)") }
  }

  @Test func `options about unfinished uploads become the server's configuration`() throws {
    let command = try ServeCommand.parse([
      "--expire-unfinished", "2h", "--max-append-size", "8MiB", "--max-unfinished", "7", "--public-url",
      "https://files.example:8443/up/",
    ])
    let configuration = try command.server.configuration(port: 0)
    #expect(configuration.limits.expireUnfinished == .seconds(7200))
    #expect(configuration.limits.maxAppendSize?.bytes == 8 << 20)
    #expect(configuration.limits.maxUnfinished == 7)
    #expect(configuration.publicURL == "https://files.example:8443/up")
  }

  @Test(arguments: [
    (["--expire-unfinished", "0"], "too short"), (["--expire-unfinished", "999ms"], "at least 1s"),
    (["--expire-unfinished", "soon"], "is not a time"), (["--expire-unfinished", "-1h"], "expire-unfinished"),
    (["--expire-unfinished", "366d"], "at most 365d"),
    (["--max-append-size", "0"], "above 0"), (["--max-size", "0"], "--max-size must be above 0"),
    (["--max-append-size", "much"], "64KiB"),
    (["--max-unfinished", "0"], "of at least 1"), (["--max-unfinished", "many"], "of at least 1"),
    (["--max-unfinished", "-1"], "of at least 1"), (["--raw-port", "-1"], "from 0 to 65535"),
    (["--public-url", "files.example"], "does not begin with http:// or https://"),
    (["--public-url", "ftp://files.example"], "does not begin with"), (["--public-url", "https://"], "host"),
    (["--public-url", "https://h/?a=b"], "query"), (["--public-url", "https://h/#top"], "after #"),
    (["--public-url", "https://user:secret@h/"], "user name"), (["--public-url", "https://h:70000/"], "port"),
    (["--public-url", "https://h/a b"], "%XX"), (["--public-url", ""], "does not begin with"),
  ])
  func `an invalid value of an option about unfinished uploads is rejected with the reason`(
    arguments: [String],
    hint: String
  ) {
    let message = usageError(ServeCommand.self, arguments)
    #expect(message?.lowercased().contains(hint.lowercased()) == true, "\(message ?? "accepted")")
    #expect(usageError(DashboardCommand.self, arguments) != nil)
  }

  @Test(arguments: [
    ("https://files.example", "https://files.example"), ("http://[::1]:8080/", "http://[::1]:8080"),
    ("https://files.example/a/b//", "https://files.example/a/b"), ("http://h/%20", "http://h/%20"),
  ])
  func `a public URL loses the slashes at its end`(text: String, wanted: String) throws {
    #expect(try PublicURL(text).text == wanted)
  }

  @Test func `send resumes by itself, and not with --no-resume`() throws {
    let resume = try #require(try SendCommand.parse(Self.send).clientConfiguration().resume)
    #expect(resume.maxRequest == nil && resume.threshold == 4 << 20)
    let split = try SendCommand.parse(Self.send + ["--max-request", "50MB", "--mode", "resumable"])
    #expect(try split.clientConfiguration().resume?.maxRequest == 50_000_000)
    #expect(split.mode.uploadMode == .resumable)
    #expect(try SendCommand.parse(Self.send + ["--no-resume"]).clientConfiguration().resume == nil)
  }

  @Test(arguments: [
    (["--no-resume", "--mode", "resumable"], "exclude"), (["--no-resume", "--max-request", "1MB"], "exclude"),
    (["--max-request", "0"], "above 0"), (["--max-request", "lots"], "64KiB"),
    (["--mode", "resumable", "--form-field", "f"], "need a form"),
    (["--mode", "resumable", "--form-value", "a=b"], "need a form"),
  ])
  func `send rejects invalid combinations of the options of resumable uploads`(arguments: [String], hint: String) {
    let message = usageError(SendCommand.self, Self.send + arguments)
    #expect(message?.contains(hint) == true, "\(message ?? "accepted")")
  }

  @Test func `--no-resume on the command line overrides the variable of --max-request`() throws {
    let arguments = EnvironmentDefaults.adding(
      ["SLUICE_MAX_REQUEST": "1MB"],
      to: ["send"] + Self.send + ["--no-resume"]
    )
    #expect(!arguments.contains { $0.hasPrefix("--max-request") })
    let other = EnvironmentDefaults.adding(["SLUICE_NO_RESUME": "1"], to: ["send"] + Self.send)
    #expect(other.contains("--no-resume"))
  }

  /// The message about wrong usage; nil when the arguments are accepted.
  private func usageError<Command: ParsableCommand>(_ command: Command.Type, _ arguments: [String]) -> String? {
    do {
      _ = try command.parse(arguments)
      return nil
    } catch {
      #expect(command.exitCode(for: error).rawValue == 64)
      return command.fullMessage(for: error)
    }
  }
}
