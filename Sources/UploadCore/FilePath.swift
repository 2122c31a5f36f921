/// Directories beneath the upload directory, outermost first, each with a name that is safe to create.
package struct DirectoryPath: Hashable, Sendable, CustomStringConvertible {
  /// The most directories of a path: far more than trees that people have.
  package static let maximumDepth = 32
  /// The longest path of directories and name, in bytes (PATH_MAX).
  package static let maximumLength = 4096

  /// The upload directory itself.
  package static let root = DirectoryPath(components: [])

  package let components: [FileName]

  /// - Parameter components: at most ``maximumDepth``.
  package init(components: [FileName]) { self.components = components }

  package var isRoot: Bool { components.isEmpty }

  /// Whether a component differs from the one requested.
  package var wasAltered: Bool { components.contains(where: \.wasAltered) }

  /// The names separated by slashes; empty for ``root``.
  package var bytes: NameBytes { NameBytes(components.map(\.bytes.bytes).joined(separator: "/".utf8)) }

  /// The names separated by slashes, safe to show.
  package var description: String { components.map(\.description).joined(separator: "/") }

  /// Makes a safe path of the requested one. Empty components and `.` are left out.
  /// - Throws: ``UploadError`` with code `badRequest` for a path with `..`, with a component of which nothing is left
  ///   (``FileName``), or that is too deep or too long.
  package init(_ path: NameBytes) throws(UploadError) {
    var components: [FileName] = []
    for component in path.bytes.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
      components.append(try FilePath.component(component))
    }
    try FilePath.checkDepth(components.count, path)
    self.init(components: components)
  }
}

/// Where a file is stored beneath the upload directory: the directories that lead to it, and its name.
///
/// Each component is made safe by the rules of ``FileName``. A path that these rules change never replaces another file:
/// see ``wasAltered``.
package struct FilePath: Hashable, Sendable, CustomStringConvertible {
  package let directory: DirectoryPath
  package let name: FileName
  /// Whether the requested path was changed to this one: a component, or the path itself, such as by leaving out an
  /// empty component. A number from ``numbered(_:)`` does not count.
  package let wasAltered: Bool

  /// A file in the upload directory itself.
  package init(_ name: FileName) { self.init(directory: .root, name: name) }

  package init(directory: DirectoryPath, name: FileName) {
    self.init(directory: directory, name: name, isChanged: false)
  }

  private init(directory: DirectoryPath, name: FileName, isChanged: Bool) {
    (self.directory, self.name) = (directory, name)
    wasAltered = isChanged || name.wasAltered || directory.wasAltered
  }

  /// Makes a safe path of the requested one. A slash at its beginning, empty components and `.` are left out.
  /// - Throws: ``UploadError`` with code `badRequest` for a path that ends in a slash, contains `..`, has a component of
  ///   which nothing is left (``FileName``), or is too deep or too long.
  package init(_ path: NameBytes) throws(UploadError) {
    let parts = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard let last = parts.last, !last.isEmpty, !last.elementsEqual(".".utf8) else {
      throw UploadError(.badRequest, "The path names a directory. Add the name of a file.")
    }
    let name = try Self.component(last)
    let kept = parts.dropLast().filter { !$0.isEmpty && !$0.elementsEqual(".".utf8) }
    var components: [FileName] = []
    for component in kept { components.append(try Self.component(component)) }
    try Self.checkDepth(components.count, path)
    let directory = DirectoryPath(components: components)
    self.init(directory: directory, name: name, isChanged: kept.count + 1 != parts.count)
  }

  /// Directories and name separated by slashes.
  package var bytes: NameBytes {
    directory.isRoot ? name.bytes : NameBytes(directory.bytes.bytes + "/".utf8 + name.bytes.bytes)
  }

  /// Directories and name separated by slashes, safe to show.
  package var description: String {
    directory.isRoot ? name.description : directory.description + "/" + name.description
  }

  /// The path with the ``FileName/numbered(_:)`` name.
  package func numbered(_ number: Int) -> FilePath {
    FilePath(directory: directory, name: name.numbered(number), isChanged: wasAltered)
  }

  fileprivate static func component(_ bytes: ArraySlice<UInt8>) throws(UploadError) -> FileName {
    guard !bytes.elementsEqual("..".utf8) else {
      throw UploadError(.badRequest, "The path contains \"..\". Send a path without it.")
    }
    guard let name = FileName(NameBytes(bytes)) else {
      throw UploadError(.badRequest, "A name in the path has no visible characters. Send a path with other names.")
    }
    return name
  }

  fileprivate static func checkDepth(_ directories: Int, _ path: NameBytes) throws(UploadError) {
    guard directories <= DirectoryPath.maximumDepth, path.bytes.count <= DirectoryPath.maximumLength else {
      throw UploadError(
        .badRequest,
        "The path is too long: it may have \(DirectoryPath.maximumDepth) directories and "
          + "\(DirectoryPath.maximumLength) bytes. Send the file under a shorter path."
      )
    }
  }
}
