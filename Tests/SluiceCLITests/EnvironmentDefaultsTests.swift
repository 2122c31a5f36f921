import ArgumentParser
import Testing

@testable import SluiceCLI

@Suite struct EnvironmentDefaultsTests {
  @Test func variablesFollowTheOptionsName() {
    #expect(EnvironmentDefaults.variable(for: "max-size") == "SLUICE_MAX_SIZE")
    #expect(EnvironmentDefaults.variable(for: "to") == "SLUICE_TO")
  }

  @Test func valuesAndSwitchesAreAddedBehindTheCommand() {
    let arguments = EnvironmentDefaults.adding(
      ["SLUICE_PORT": "9000", "SLUICE_JSON": "1", "SLUICE_DIR": "", "PORT": "1"],
      to: ["serve", "--host", "::1"]
    )
    #expect(arguments == ["serve", "--port=9000", "--json", "--host", "::1"])
  }

  @Test(arguments: [["serve", "--port", "1"], ["serve", "--port=1"]])
  func theCommandLineWins(arguments: [String]) {
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "9000"], to: arguments) == arguments)
  }

  @Test func whatComesAfterTheTerminatorIsNoOption() {
    let arguments = EnvironmentDefaults.adding(["SLUICE_TO": "http://h"], to: ["send", "--", "--to"])
    #expect(arguments == ["send", "--to=http://h", "--", "--to"])
  }

  @Test func repeatableOptionsAreSeparatedByCommas() {
    let arguments = EnvironmentDefaults.adding(["SLUICE_HEADER": "A: 1,B: 2"], to: ["send", "f"])
    #expect(arguments == ["send", "--header=A: 1", "--header=B: 2", "f"])
  }

  @Test(arguments: ["0", "", "no", "false"])
  func aSwitchIsOffUnlessItSaysOn(value: String) {
    #expect(EnvironmentDefaults.adding(["SLUICE_JSON": value], to: ["serve"]) == ["serve"])
  }

  @Test func otherCommandsAndNoneAreLeftAlone() {
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "1"], to: []) == [])
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "1"], to: ["--help"]) == ["--help"])
    #expect(EnvironmentDefaults.adding(["SLUICE_PORT": "1"], to: ["help", "serve"]) == ["help", "serve"])
  }

  /// An option that the lists forget could not be set from the environment, one too many would break every start.
  @Test(arguments: [
    Listed(ServeCommand.self), Listed(SendCommand.self), Listed(HeadlessCommand.self), Listed(SampleCommand.self),
  ])
  func theListsNameEveryOptionOfTheCommand(listed: Listed) {
    let help = SluiceCommand.helpMessage(for: listed.command, columns: 200)
    let names = help.split(separator: "\n").compactMap { line -> String? in
      let trimmed = line.drop { $0 == " " }
      guard line.hasPrefix("  --") else { return nil }
      return String(trimmed.dropFirst(2).prefix { $0.isLetter || $0 == "-" })
    }
    let told = Set(names).subtracting(["version"])
    #expect(told == Set(listed.command.valueNames + listed.command.switchNames))
  }

  struct Listed: Sendable, CustomTestStringConvertible {
    let command: any EnvironmentDefaults.Reading.Type
    var testDescription: String { "\(command)" }

    init(_ command: any EnvironmentDefaults.Reading.Type) {
      self.command = command
    }
  }
}
