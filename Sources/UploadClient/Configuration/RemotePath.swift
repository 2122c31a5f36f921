import UploadCore
import UploadProtocol

extension SendTarget {
  /// The method and the target in the request line for a file of a tree.
  ///
  /// | URL | request |
  /// |---|---|
  /// | `http://host:port` | `PUT /files/PATH`, or `POST /file-upload?paths=keep` for forms |
  /// | a path that ends in `/` | `PUT` to that path and the file's path |
  /// | any other | as for a single file: the directories are lost |
  /// - Parameters:
  ///   - remotePath: directories and name, separated by slashes; nil for a file that belongs to no tree.
  ///   - name: the name of such a file.
  func request(
    mode: UploadMode,
    name: String,
    remotePath: String?,
    method: String?
  ) -> (method: String, uri: String) {
    guard let remotePath else { return request(mode: mode, name: name, method: method) }
    switch (path == "/", mode == .stream) {
    case (_, true) where path.hasSuffix("/"): return (method ?? "PUT", putURI(name: name, remotePath: remotePath))
    case (true, false):
      return (method ?? "POST", "/file-upload?" + (query.map { $0 + "&" } ?? "") + "paths=keep")
    case (_, _): return request(mode: mode, name: Self.lastComponent(remotePath), method: method)
    }
  }

  /// Whether a file can be sent by a plain `PUT` to a URL with its path: to a Sluice server, and to a URL that ends in `/`.
  var hasPaths: Bool { path.hasSuffix("/") }

  /// The target of a plain `PUT`, where ``hasPaths``.
  func putURI(name: String, remotePath: String?) -> String {
    let directory = path == "/" ? "/files/" : path
    let encoded = remotePath.map(Self.encoded) ?? PercentEncoding.encode(NameBytes(lossless: name).bytes)
    return directory + encoded + (query.map { "?" + $0 } ?? "")
  }

  /// The last component of a path.
  static func lastComponent(_ remotePath: String) -> String {
    // Split by bytes, as the file system does: a combining mark after a slash would form one character with it.
    let bytes = NameBytes(lossless: remotePath).bytes
    return bytes.split(separator: UInt8(ascii: "/")).last.map { NameBytes($0).losslessText } ?? remotePath
  }

  /// A path with each component percent-encoded.
  private static func encoded(_ remotePath: String) -> String {
    // As most are.
    if remotePath.utf8.allSatisfy(isPlain) { return remotePath }
    return NameBytes(lossless: remotePath).bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { PercentEncoding.encode($0) }.joined(separator: "/")
  }

  /// Whether a byte of a path is itself in a URI: a slash, or unreserved (RFC 3986 section 2.3).
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    case _: false
    }
  }
}
