import ArgumentParser
import Testing

@testable import SluiceCLI

/// What shells are given to complete with.
@Suite struct CompletionTests {
  @Test(arguments: [CompletionShell.bash, .zsh, .fish])
  func `completions contain every command and option`(shell: CompletionShell) {
    let script = SluiceCommand.completionScript(for: shell)
    #expect(CommandDescription.all.count == SluiceCommand.configuration.subcommands.count)
    for command in CommandDescription.all {
      #expect(script.contains(command.name))
      for name in command.optionNames {
        #expect(script.contains(shell == .fish ? "-l '\(name)'" : "--\(name)"), "\(name)")
      }
    }
  }
}
