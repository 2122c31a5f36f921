import ArgumentParser
import Testing

@testable import SluiceCLI

@Suite struct EnvironmentDefaultsTests {
  @Test func `the variable of an option is SLUICE_ and the option's name in capitals`() {
    #expect(EnvironmentDefaults.variable(for: "max-size") == "SLUICE_MAX_SIZE")
    #expect(EnvironmentDefaults.variable(for: "to") == "SLUICE_TO")
  }

  @Test func `options and switches that variables set are inserted after the command's name`() {
    let arguments = EnvironmentDefaults.adding(
      ["SLUICE_PORT": "9000", "SLUICE_JSON": "1", "SLUICE_DIR": "", "PORT": "1"],
      to: ["serve", "--host", "::1"]
    )
    #expect(arguments == ["serve", "--port=9000", "--json", "--host", "::1"])
  }

  @Test(arguments: [["serve", "--port", "1"], ["serve", "--port=1"]])
  func `an option on the command line overrides its variable`(arguments: [String]) {
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "9000"], to: arguments) == arguments)
  }

  @Test(arguments: [
    (["serve", "--open"], ["SLUICE_TOKEN": "secret"]), (["serve", "--token", "secret"], ["SLUICE_OPEN": "1"]),
    (["send", "f", "--quiet"], ["SLUICE_JSON": "1"]), (["send", "f", "--json"], ["SLUICE_QUIET": "1"]),
    (["send", "f", "--fingerprint=00"], ["SLUICE_CA": "ca.pem"]),
    (["serve", "--tls", "self-signed"], ["SLUICE_TLS_CERT": "c", "SLUICE_TLS_KEY": "k"]),
    (["serve", "--tls-cert", "c", "--tls-key", "k"], ["SLUICE_TLS": "self-signed"]),
    (["headless", "--script", "s"], ["SLUICE_SIZE": "1MiB", "SLUICE_COUNT": "2"]),
    (["headless", "f"], ["SLUICE_SIZE": "1MiB", "SLUICE_COUNT": "2"]),
    (["headless", "--modes", "stream", "--keep", "f"], ["SLUICE_SIZE": "1MiB"]),
    (["compare", "f"], ["SLUICE_SIZE": "1MiB"]), (["compare", "--", "-f"], ["SLUICE_SIZE": "1MiB"]),
  ])
  func `an option or file on the command line overrides variables that it excludes`(
    arguments: [String],
    environment: [String: String]
  ) {
    #expect(EnvironmentDefaults.adding(environment, to: arguments) == arguments)
  }

  @Test func `the value of an option does not count as a file that excludes SLUICE_SIZE`() {
    let size = ["SLUICE_SIZE": "1MiB"]
    #expect(
      EnvironmentDefaults.adding(size, to: ["headless", "--dir", "d", "--keep"])
        == ["headless", "--size=1MiB", "--dir", "d", "--keep"]
    )
    #expect(EnvironmentDefaults.adding(size, to: ["sample", "f"]) == ["sample", "--size=1MiB", "f"])
  }

  @Test(arguments: [["serve", "--help"], ["serve", "-h"], ["send", "f", "--help"]])
  func `no variable is added where help is requested`(arguments: [String]) {
    let environment = ["SLUICE_PORT": "none", "SLUICE_JOBS": "none"]
    #expect(EnvironmentDefaults.adding(environment, to: arguments) == arguments)
    #expect(EnvironmentDefaults.adding(environment, to: ["send", "--", "-h"]).count == 4)
  }

  @Test func `an error about an option that a variable has set gets a note that names the variable`() {
    let environment = ["SLUICE_PORT": "none", "SLUICE_TLS": "off", "SLUICE_HOST": "::1"]
    let about = { EnvironmentDefaults.note(on: $0, environment, to: ["serve", "--host", "::1"]) }
    #expect(about("The value 'none' is invalid for '--port <port>'") == "--port is set by the variable SLUICE_PORT.")
    #expect(about("Give --tls-cert and --tls-key together") == nil)
    #expect(about("--host is strange") == nil)
    #expect(about("") == nil)
    #expect(EnvironmentDefaults.note(on: "--port", environment, to: ["--help"]) == nil)
  }

  @Test func `an argument after the terminator does not override a variable`() {
    let arguments = EnvironmentDefaults.adding(["SLUICE_TO": "http://h"], to: ["send", "--", "--to"])
    #expect(arguments == ["send", "--to=http://h", "--", "--to"])
  }

  @Test func `a variable of a repeatable option is split at commas into several values`() {
    let arguments = EnvironmentDefaults.adding(["SLUICE_HEADER": "A: 1,B: 2"], to: ["send", "f"])
    #expect(arguments == ["send", "--header=A: 1", "--header=B: 2", "f"])
  }

  @Test(arguments: ["0", "", "no", "false"])
  func `a variable that is 0, no, false or empty does not set its switch`(value: String) {
    #expect(EnvironmentDefaults.adding(["SLUICE_JSON": value], to: ["serve"]) == ["serve"])
  }

  @Test(arguments: [
    ["--help"], ["-h"], ["--version"], ["help", "serve"], ["--generate-completion-script", "bash"],
    ["--generate-completion-script=zsh"], ["---completion", "serve"],
  ])
  func `arguments for the root command are unchanged`(arguments: [String]) {
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "1"], to: arguments) == arguments)
  }

  @Test func `without a command the variables of the dashboard are added`() {
    let environment = ["SLUICE_PORT": "1", "SLUICE_PLAIN": "1", "SLUICE_TO": "http://h", "SLUICE_QUIET": "1"]
    let added = ["dashboard", "--to=http://h", "--port=1", "--plain"]
    #expect(EnvironmentDefaults.adding(environment, to: []) == added)
    #expect(EnvironmentDefaults.adding(environment, to: ["dashboard"]) == added)
    #expect(EnvironmentDefaults.adding(environment, to: ["a.bin", "serve"]) == added + ["a.bin", "serve"])
    #expect(EnvironmentDefaults.adding(environment, to: ["./serve"]) == added + ["./serve"])
    #expect(
      EnvironmentDefaults.adding(environment, to: ["--port", "2", "serve"])
        == ["dashboard", "--to=http://h", "--plain", "--port", "2", "serve"]
    )
    #expect(EnvironmentDefaults.adding([:], to: ["--", "--help"]) == ["dashboard", "--", "--help"])
  }

  /// An option that the description lacks could not be set from the environment, one too many would break every start.
  @Test func `the description of each command has exactly the options of its help`() {
    for command in CommandDescription.commands {
      let help = SluiceCommand.helpMessage(for: command, columns: 200)
      let names = help.split(separator: "\n").compactMap { line -> String? in
        let trimmed = line.drop { $0 == " " }
        guard line.hasPrefix("  --") else { return nil }
        return String(trimmed.dropFirst(2).prefix { $0.isLetter || $0.isNumber || $0 == "-" })
      }
      let description = CommandDescription.of(command)
      #expect(Set(names).subtracting(["version"]) == Set(description.optionNames))
      #expect(!description.valueNames.isEmpty)
    }
  }

  @Test func `only fields, form values, types, origins, proxies and patterns are repeatable options`() {
    let repeatable = CommandDescription.all.reduce(into: Set<String>()) { $0.formUnion($1.repeatable) }
    #expect(
      repeatable == [
        "header", "form-value", "exclude", "allow-type", "deny-type", "allow-origin", "trusted-proxy",
      ]
    )
  }
}
