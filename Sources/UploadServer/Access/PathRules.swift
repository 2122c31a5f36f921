import UploadCore
import UploadProtocol

/// How the paths that requests state become paths in the upload directory.
package struct PathRules: Sendable, Equatable {
  /// Whether directories in paths are kept. Otherwise only the last component counts, no directory is made, and none is
  /// listed (`--flat`).
  package var keepsDirectories = true
  /// Whether the files of each sender are stored in a directory of the sender's name, which all paths that requests state
  /// are below (`--per-sender`).
  package var isPerSender = false
  /// Whether the modification times that clients state are set (`--no-times`: false).
  package var keepsTimes = true

  package init() {}

  /// First components of paths that are endpoints: files in directories of these names are sent to `/files/`.
  private static let endpoints: Set<NameBytes> = [
    "files", "uploads", "info", "session", "metrics", "healthz", "stream-upload", "file-upload",
  ]
  /// Paths that are endpoints, and could be mistaken for names of files.
  private static let endpointPaths: Set<String> = [
    "/stream-upload", "/file-upload", "/info", "/session", "/healthz", "/metrics",
  ]

  /// The modification time to set for a file, in seconds since 1970, by the time that its request states; nil for the
  /// time at which it is stored.
  func modified(_ text: String?) -> Int64? {
    keepsTimes ? text.flatMap { ModificationTime.seconds($0) } : nil
  }

  /// Whether the upload directory has directories that clients may read.
  var hasDirectories: Bool { keepsDirectories || isPerSender }

  /// The directory for the files of a sender; nil where senders have none.
  /// - Parameter sender: nil for one that states no name.
  func directory(of sender: SenderName?) -> FileName? {
    guard isPerSender else { return nil }
    return sender?.directory ?? SenderName.unknownDirectory
  }

  // MARK: Paths of targets

  /// The path that a PUT request states: `/files/PATH`, or in short `/PATH`.
  /// - Throws: ``UploadError`` with code `methodNotAllowed` for the short form of a path that begins with an endpoint, or
  ///   `badRequest` for a path that is unusable (``FilePath``) or names no file.
  func filePath(_ target: RequestTarget) throws(UploadError) -> FilePath {
    guard keepsDirectories else { return FilePath(try flatName(target)) }
    let components = try pathComponents(target)
    guard components.last?.isEmpty == false else {
      throw UploadError(.badRequest, "No file name in the path. Send PUT /files/PATH.")
    }
    return try FilePath(components: components)
  }

  /// The path of a directory that MKCOL states, in the same forms, with or without a slash at its end.
  /// - Throws: ``UploadError`` as ``filePath(_:)``; with code `forbidden` where directories are not kept.
  func directoryPath(_ target: RequestTarget) throws(UploadError) -> DirectoryPath {
    guard keepsDirectories else {
      throw UploadError(.forbidden, "This server keeps no directories (--flat). Send files with PUT /files/NAME.")
    }
    return try DirectoryPath(components: pathComponents(target)[...])
  }

  /// The components of a path, without that of `/files/`.
  private func pathComponents(_ target: RequestTarget) throws(UploadError) -> [NameBytes] {
    let components = try target.pathComponents()
    if components.count > 1, components[0].bytes.elementsEqual("files".utf8) { return Array(components.dropFirst()) }
    if let first = components.first(where: { !$0.isEmpty && !$0.isDot }), Self.endpoints.contains(first) {
      let path = PlainText.sanitized(String(target.path.prefix(100)))
      let message = "\"\(path)\" begins with the name of an endpoint. Send it as /files\(path) instead."
      throw UploadError(.methodNotAllowed, message)
    }
    return components
  }

  /// The last component of a path alone.
  private func flatName(_ target: RequestTarget) throws(UploadError) -> FileName {
    guard !Self.endpointPaths.contains(target.path) else {
      throw UploadError(.methodNotAllowed, "\(target.path) is not a file. Send PUT /files/NAME.")
    }
    guard let component = try target.lastPathComponent(),
      let name = FileName(component, isFlattened: target.hasDirectories)
    else { throw UploadError(.badRequest, "No file name in the path. Send PUT /files/NAME.") }
    return name
  }

  // MARK: Paths of other names

  /// Whether a request keeps the directories of the names that it states outside its path: with `paths=keep` in its
  /// query.
  func keepsPaths(_ target: RequestTarget) -> Bool {
    keepsDirectories && (try? target.parameter("paths")) == "keep"
  }

  /// The path for a name of the query or of metadata.
  /// - Parameter keepsPath: whether its directories are kept; otherwise it is its last component.
  /// - Returns: nil when nothing usable is left of a name without directories: then one is generated.
  /// - Throws: ``UploadError`` with code `badRequest` for a path that is unusable.
  func path(_ name: NameBytes, keepsPath: Bool) throws(UploadError) -> FilePath? {
    guard keepsDirectories, keepsPath, name.hasDirectories else { return FileName(name).map { FilePath($0) } }
    return try FilePath(name)
  }

  /// The path for the `filename` of a form's part, as ``path(_:keepsPath:)``. A whole path of Windows, as old browsers
  /// state it, is its last component.
  func path(formFilename name: NameBytes, keepsPath: Bool) throws(UploadError) -> FilePath? {
    guard keepsDirectories, keepsPath, name.hasDirectories else {
      return FileName(formFilename: name).map { FilePath($0) }
    }
    return try FilePath(name)
  }
}

extension NameBytes {
  fileprivate var hasDirectories: Bool { bytes.contains(UInt8(ascii: "/")) }
}
