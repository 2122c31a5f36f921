import ArgumentParser
import Testing

@testable import SluiceCLI

@Suite struct HomePathTests {
  private func expanded(_ arguments: String..., home: String = "/home/me") -> [String] {
    HomePath.expanded(arguments) { home }
  }

  @Test func `a leading tilde in the value of a path option becomes the home directory`() {
    #expect(expanded("serve", "--dir=~/up") == ["serve", "--dir=/home/me/up"])
    #expect(
      expanded("serve", "--dir", "~/up", "--tls-key", "~") == [
        "serve", "--dir", "/home/me/up", "--tls-key", "/home/me",
      ]
    )
    #expect(expanded("serve", "--dir=~/up", home: "/") == ["serve", "--dir=/up"])
    #expect(expanded("serve", "--dir=~", home: "/") == ["serve", "--dir=/"])
  }

  @Test(arguments: [
    ["serve", "--dir=./~/up"], ["serve", "--dir=up/~/x"], ["serve", "--dir=~bob/up"], ["serve", "--token=~/x"],
    ["send", "~/f", "--to", "~/x"], ["send", "--", "--dir", "~/x"], ["serve", "--dir"], ["serve", "--dir="],
  ])
  func `a tilde elsewhere, of another user or in another argument is unchanged`(arguments: [String]) {
    #expect(HomePath.expanded(arguments) { "/home/me" } == arguments)
  }

  @Test func `the path options are those whose placeholder in the help is path`() {
    #expect(
      CommandDescription.allPathNames
        == ["dir", "tls-cert", "tls-key", "ca", "s3-ca", "svg", "script", "frames", "settings"]
    )
    for command in CommandDescription.commands {
      let help = SluiceCommand.helpMessage(for: command, columns: 200)
      for match in help.matches(of: /--([a-z0-9-]+) <path>/) {
        #expect(CommandDescription.allPathNames.contains(String(match.1)), "--\(match.1)")
      }
    }
  }
}
