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
  package var bytes: NameBytes { NameBytes(joined()) }

  /// The names separated by slashes, safe to show.
  package var description: String { bytes.description }

  /// The names separated by slashes, and `name` behind them unless it is nil.
  fileprivate func joined(with name: FileName? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(components.reduce(name?.bytes.bytes.count ?? 0) { $0 + $1.bytes.bytes.count + 1 })
    for component in components {
      if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
      bytes += component.bytes.bytes
    }
    guard let name else { return bytes }
    if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
    return bytes + name.bytes.bytes
  }

  /// Makes a safe path of the requested one. Empty components and `.` are left out.
  /// - Throws: ``UploadError`` with code `badRequest` for a path with `..`, with a component of which nothing is left
  ///   (``FileName``), or that is too deep or too long.
  package init(_ path: NameBytes) throws(UploadError) {
    try self.init(components: path.bytes.split(separator: UInt8(ascii: "/")).map(NameBytes.init)[...])
  }

  /// Makes a safe path of the components of the requested one, as ``init(_:)`` does.
  package init(components requested: ArraySlice<NameBytes>) throws(UploadError) {
    let kept = requested.filter { !$0.isEmpty && !$0.isDot }
    guard kept.count <= Self.maximumDepth else { throw FilePath.tooLong }
    var components: [FileName] = []
    for component in kept { components.append(try FilePath.component(component)) }
    try FilePath.checkLength(components)
    self.init(components: components)
  }

  /// The same directories in another one.
  /// - Throws: ``UploadError`` with code `badRequest` where the path is too deep or too long.
  package func below(_ parent: FileName) throws(UploadError) -> DirectoryPath {
    let all = [parent] + components
    guard all.count <= Self.maximumDepth else { throw FilePath.tooLong }
    try FilePath.checkLength(all)
    return DirectoryPath(components: all)
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
    try self.init(
      components: path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(NameBytes.init)
    )
  }

  /// Makes a safe path of the components of the requested one, as ``init(_:)`` does. A slash within a component does not
  /// separate: the rules of ``FileName`` keep what follows it.
  package init(components requested: [NameBytes]) throws(UploadError) {
    guard let last = requested.last, !last.isEmpty, !last.isDot else {
      throw UploadError(.badRequest, "The path names a directory. Add the name of a file.")
    }
    let directory = try DirectoryPath(components: requested.dropLast())
    let name = try Self.component(last)
    let isChanged = directory.components.count + 1 != requested.count
    try Self.checkLength(directory.components, name)
    self.init(directory: directory, name: name, isChanged: isChanged)
  }

  /// The same path in a directory: `photos/a.jpg` below `Anna` is `Anna/photos/a.jpg`.
  /// - Throws: ``UploadError`` with code `badRequest` where that is too deep or too long.
  package func below(_ parent: FileName) throws(UploadError) -> FilePath {
    let directory = try directory.below(parent)
    try Self.checkLength(directory.components, name)
    return FilePath(directory: directory, name: name, isChanged: wasAltered)
  }

  /// Directories and name separated by slashes.
  package var bytes: NameBytes {
    directory.isRoot ? name.bytes : NameBytes(directory.joined(with: name))
  }

  /// Directories and name separated by slashes, safe to show.
  package var description: String { bytes.description }

  /// The path with the ``FileName/numbered(_:)`` name.
  package func numbered(_ number: Int) -> FilePath {
    FilePath(directory: directory, name: name.numbered(number), isChanged: wasAltered)
  }

  fileprivate static func component(_ bytes: NameBytes) throws(UploadError) -> FileName {
    guard !bytes.isDotDot else {
      throw UploadError(.badRequest, "The path contains \"..\". Send a path without it.")
    }
    guard let name = FileName(bytes) else {
      throw UploadError(.badRequest, "A name in the path has no visible characters. Send a path with other names.")
    }
    return name
  }

  fileprivate static func checkLength(_ components: [FileName], _ name: FileName? = nil) throws(UploadError) {
    let own = name.map { $0.bytes.bytes.count + 1 } ?? 0
    let length = components.reduce(components.count - 1 + own) { $0 + $1.bytes.bytes.count }
    guard length <= DirectoryPath.maximumLength else { throw tooLong }
  }

  fileprivate static let tooLong = UploadError(
    .badRequest,
    "The path is too long: it may have \(DirectoryPath.maximumDepth) directories and "
      + "\(DirectoryPath.maximumLength) bytes. Send the file under a shorter path."
  )
}

extension NameBytes {
  /// What follows the last slash: the name of a file without its directories.
  package var lastComponent: NameBytes {
    NameBytes(bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[($0 + 1)...] } ?? bytes[...])
  }
}
