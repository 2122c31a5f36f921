import ArgumentParser
import Testing

@testable import SluiceCLI

/// What shells are given to complete with.
@Suite struct CompletionTests {
  @Test(arguments: [CompletionShell.bash, .zsh, .fish]) func everyCommandAndOptionIsThere(shell: CompletionShell) {
    let script = SluiceCommand.completionScript(for: shell)
    let commands: [any EnvironmentDefaults.Reading.Type] = [
      DashboardCommand.self, ServeCommand.self, SendCommand.self, HeadlessCommand.self, CompareCommand.self,
      SampleCommand.self,
    ]
    #expect(commands.count == SluiceCommand.configuration.subcommands.count)
    for command in commands {
      #expect(script.contains(command._commandName))
      for name in command.valueNames + command.switchNames {
        #expect(script.contains(shell == .fish ? "-l '\(name)'" : "--\(name)"), "\(name)")
      }
    }
  }
}
