import Testing
import UploadTestSupport

/// The completions for bash, in bash.
@Suite(.bash) struct CompletionTests {
  @Test(arguments: [
    ("se", ["serve", "send"]),
    ("serve --lim", ["--limit-rate", "--limit-rate-per-upload"]),
    ("serve --durability f", ["full", "file"]),
    ("send --mode m", ["multipart"]),
    ("send big", ["big.iso"]),
    ("serve --dir upl", ["uploads"]),
  ])
  func `bash completes commands, options, values and paths`(line: String, expected: [String]) async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "big.iso")
      _ = try directory.directory("uploads")
      let script = try await Sluice.run(["--generate-completion-script", "bash"])
      #expect(script.exit == .status(0) && script.errors == "", "\(script)")
      try directory.write(script.output.utf8, to: "completions")
      // As bash does it when Tab is pressed.
      let driver = #"""
        source ./completions
        COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
        read -ra COMP_WORDS <<< "$1"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p sluice | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" sluice "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
        """#
      let ended = try await ProcessRunner.run(
        "bash",
        ["--norc", "-c", driver, "bash", "sluice \(line)"],
        directory: directory.path
      )
      #expect(ended.exit == .status(0), "\(ended)")
      let words = ended.output.split(separator: "\n").map { $0.filter { $0 != " " && $0 != "/" } }
      #expect(Set(words) == Set(expected), "\(ended)")
    }
  }
}
