import UploadCore
import UploadProtocol
import UploadStorage

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
    let slash = UInt8(ascii: "/")
    var rest = escaped.utf8.dropFirst("/files/".utf8.count)
    isDirectory = rest.last ?? slash == slash
    if rest.last == slash { rest = rest.dropLast() }
    var path: [UInt8] = []
    path.reserveCapacity(rest.count)
    // An only component is empty for the upload directory itself, and in `/files//`.
    if !rest.isEmpty || escaped.utf8.count > "/files/".utf8.count {
      for component in rest.split(separator: slash, omittingEmptySubsequences: false) {
        guard let bytes = PercentEncoding.decodedBytes(component) else {
          throw UploadError(.badRequest, "Malformed path: % must precede two hexadecimal digits. Send %25 for a %.")
        }
        guard Self.isName(bytes) else { return nil }
        if !path.isEmpty { path.append(slash) }
        path += bytes
      }
    }
    self.path = NameBytes(path)
  }

  private static func isName(_ bytes: [UInt8]) -> Bool {
    guard !bytes.isEmpty, !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0) else { return false }
    // All others begin with this.
    guard bytes.first == UInt8(ascii: ".") else { return true }
    return !bytes.elementsEqual(".".utf8) && !bytes.elementsEqual("..".utf8) && !FileName.isReserved(NameBytes(bytes))
  }
}

/// A directory whose content is listed: the upload directory, or one beneath it.
struct BrowsedDirectory: Sendable {
  /// Names separated by slashes; empty for the upload directory itself.
  let path: NameBytes

  init(_ path: NameBytes) { self.path = path }

  /// Where it is listed, below the server's root, with a slash at its end: `files/photos/`.
  var url: String { "files/" + (path.isEmpty ? "" : path.urlPath + "/") }

  /// Where a file in it is downloaded, below the server's root.
  func url(of name: NameBytes) -> String { url + PercentEncoding.encode(name.bytes) }
}

extension NameBytes {
  /// The path, byte for byte, as components of a URL's path: each is percent-encoded, the slashes between them are not.
  var urlPath: String { PercentEncoding.encode(path: bytes) }
}

extension StoredFile {
  /// Where it can be downloaded, below the server's root.
  var url: String { "files/" + nameBytes.urlPath }

  /// Where it can be downloaded, as a reference relative to the URL of a request (RFC 3986 section 4.2), without a
  /// token: right also behind a proxy that adds a prefix to all paths or removes one.
  /// - Parameter path: the request's, with or without a query.
  func url(relativeTo path: String) -> String {
    Page(path: path).link(to: url)
  }
}
