import UploadCore
import UploadProtocol

/// What a path at or below `/files` names, as it was sent.
struct BrowsedPath: Sendable, Equatable {
  /// Names separated by slashes, without one at either end; empty for the upload directory itself.
  let path: NameBytes
  /// Whether it ends in a slash, or is that of the upload directory: then it names a directory.
  let isDirectory: Bool

  /// Reads the path of a request.
  /// - Parameter escaped: as it was sent, from `/files` on. The router decodes an escaped slash, so this must be the
  ///   undecoded one.
  /// - Returns: nil where nothing can have that path: a component is empty, `.` or `..`, contains a slash or a NUL, or
  ///   is a name that the store uses for itself.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed escape.
  init?(_ escaped: String) throws(UploadError) {
    var components: [NameBytes] = []
    for component in escaped.utf8.dropFirst("/files/".utf8.count).split(
      separator: UInt8(ascii: "/"),
      omittingEmptySubsequences: false
    ) {
      guard let bytes = PercentEncoding.decodedBytes(component) else {
        throw UploadError(.badRequest, "Malformed path: % must precede two hexadecimal digits. Send %25 for a %.")
      }
      components.append(NameBytes(bytes))
    }
    isDirectory = components.last?.isEmpty ?? true
    if components.last?.isEmpty == true { components.removeLast() }
    guard components.allSatisfy(Self.isName) else { return nil }
    path = NameBytes(components.map(\.bytes).joined(separator: "/".utf8))
  }

  private static func isName(_ component: NameBytes) -> Bool {
    !component.isEmpty && component != "." && component != ".." && !FileName.isReserved(component)
      && !component.bytes.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
  }
}
