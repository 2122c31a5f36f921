import Glibc
import UploadClient
import UploadCore

/// The files and directories that the command line of `send` names.
struct SendArguments: Sendable {
  let arguments: [TreeArgument]

  /// Whether a directory is among them: then files are counted first, and shown together.
  let hasDirectory: Bool

  /// From so many paths on, files that are small are sent together on few connections, as those of directories are.
  private static let many = 16

  /// - Parameters:
  ///   - paths: as named; `-` is standard input (``NameBytes/losslessText``).
  ///   - name: the name at the server for a single file or for standard input.
  ///   - needsSizes: whether the sizes of files have to be known before they are sent.
  init(_ paths: [String], name: String?, needsSizes: Bool = false) {
    var hasDirectory = false
    let hasSizes = needsSizes || paths.count >= Self.many
    arguments = paths.map { path in
      guard path != "-" else { return .source(.standardInput(name: name ?? "stdin.bin")) }
      let status = Self.status(path)
      if let status, status.st_mode & S_IFMT == S_IFDIR {
        hasDirectory = true
        return .directory(path)
      }
      var source = UploadSource.file(path, name: name)
      // A file that cannot be read fails when it is sent; the size of a device is none.
      if let status, status.st_mode & S_IFMT == S_IFREG {
        let stamp = FileStamp(status)
        source.modified = stamp.modifiedSeconds
        // The files of /sys have another size than they say, and no blocks.
        if hasSizes, stamp.size == 0 || status.st_blocks > 0 { source.size = stamp.size }
      }
      return .source(source)
    }
    self.hasDirectory = hasDirectory
  }

  /// Whether a path names a directory, perhaps through a symbolic link.
  static func isDirectory(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return NameBytes.withPath(path) { fstatat(AT_FDCWD, $0, &status, 0) } == 0 ? status : nil
  }

  /// The name of the run for a server: that of the only argument, or how many there are.
  var title: String {
    arguments.count == 1 ? PlainText.sanitized(arguments[0].title) : "\(arguments.count) items"
  }

  /// The sources that are no files of a tree.
  var sources: [UploadSource] {
    arguments.compactMap { if case .source(let source) = $0 { source } else { nil } }
  }
}
