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

  /// The most arguments that ``title`` names, and the most characters of each.
  private static let named = (count: 3, length: 40)

  /// The name of the run for a server: that of the only argument, or the first names, those of directories last and with a
  /// slash, so that it ends like that of a directory: `notes.txt, photos/`, `a, b, …, photos/`.
  var title: String {
    guard arguments.count > 1 else { return arguments.first.map(Self.title) ?? "" }
    var files: [String] = []
    var directories: [String] = []
    for argument in arguments {
      let title = Self.title(of: argument)
      let name = title.count <= Self.named.length ? title : title.prefix(Self.named.length - 1) + "…"
      if case .directory = argument { directories.append(name + "/") } else { files.append(name) }
    }
    var names = files + directories
    if names.count > Self.named.count { names.replaceSubrange((Self.named.count - 1)..<(names.count - 1), with: ["…"]) }
    return names.joined(separator: ", ")
  }

  /// The name of an argument, safe to show: of `.` and `..` that of the directory itself.
  private static func title(of argument: TreeArgument) -> String {
    guard case .directory(let path, nil) = argument, [".", ".."].contains(argument.title),
      let real = NameBytes.withPath(path, { realpath($0, nil) })
    else { return PlainText.sanitized(argument.title) }
    defer { free(real) }
    let name = NameBytes(cString: real).lastComponent
    return PlainText.sanitized(name.isEmpty ? "/" : name.losslessText)
  }

  /// The sources that are no files of a tree.
  var sources: [UploadSource] {
    arguments.compactMap { if case .source(let source) = $0 { source } else { nil } }
  }
}
