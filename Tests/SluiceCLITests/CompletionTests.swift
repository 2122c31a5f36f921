import ArgumentParser
import Testing

@testable import SluiceCLI

/// The completion scripts for shells.
@Suite struct CompletionTests {
  @Test(arguments: [CompletionShell.bash, .zsh, .fish])
  func `a shell's completion script contains every command and option`(shell: CompletionShell) {
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
