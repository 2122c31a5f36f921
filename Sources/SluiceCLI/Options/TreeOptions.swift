import ArgumentParser
import UploadClient
import UploadCore

/// The options about directories.
struct TreeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Pattern of files and directories to leave out; may be repeated.",
      discussion: "Without a slash it matches names at any level, with one the path below the directory that is sent; "
        + "with a slash at its end, only directories. *, ? and [a-z] match within a name, ** any directories.",
      valueName: "glob"
    ),
    transform: OptionValue<GlobPattern>.init(parsing:)
  )
  var exclude: [OptionValue<GlobPattern>] = []

  @Flag(help: "Follow symbolic links in directories; otherwise they are reported and skipped.")
  var follow = false

  @Flag(help: "List what would be sent, with sizes, and send nothing.")
  var dryRun = false

  @Flag(
    help: """
      Skip files that the server has: of equal name, size and SHA-256, or size and time where it lists no SHA-256. \
      Needs a Sluice server that lists its files.
      """
  )
  var skipExisting = false

  var rules: TreeRules { TreeRules(excludes: exclude.map(\.value), followsLinks: follow) }
}

/// Patterns for `--exclude`, written as `*.tmp`, `build/` or `docs/**/draft-?.txt`.
extension GlobPattern: OptionReadable {}
