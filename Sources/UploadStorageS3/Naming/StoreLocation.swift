package import UploadCore

/// The bucket and the prefix that `--store s3://BUCKET/PREFIX` names.
package struct StoreLocation: Sendable, Equatable, CustomStringConvertible {
  private static let scheme = "s3://"

  /// The name of the bucket.
  package let bucket: String
  /// Without slashes at its beginning and end; empty for the whole bucket.
  package let prefix: String

  /// - Throws: ``UploadError`` with code `badURL` when it is not such a URL, or no bucket can have that name.
  package init(_ url: String) throws(UploadError) {
    guard url.lowercased().hasPrefix(Self.scheme) else {
      throw Self.malformed(url, "does not begin with \(Self.scheme)")
    }
    let rest = url.dropFirst(Self.scheme.count)
    let name = rest.prefix { $0 != "/" }
    let allowed = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }
    guard (3...63).contains(name.utf8.count), allowed, name.first != ".", name.first != "-" else {
      throw Self.malformed(url, "names no bucket: 3 to 63 lower-case letters, digits, dots, hyphens and underscores")
    }
    let path = rest[name.endIndex...].split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    for component in path where !ObjectNaming.isName(NameBytes(component)) {
      throw Self.malformed(url, "has a prefix with a name that no directory can have")
    }
    guard path.first != ObjectNaming.ownDirectory else {
      throw Self.malformed(url, "has a prefix that is reserved for the server")
    }
    let prefix = path.joined(separator: "/")
    guard prefix.utf8.count <= Self.longestPrefix else {
      throw Self.malformed(url, "has a prefix of more than \(Self.longestPrefix) bytes")
    }
    (bucket, self.prefix) = (String(name), prefix)
  }

  /// Leaves room for names and for the store's own objects.
  private static let longestPrefix = 512

  /// `s3://BUCKET/PREFIX`
  package var description: String { prefix.isEmpty ? Self.scheme + bucket : "\(Self.scheme)\(bucket)/\(prefix)" }

  private static func malformed(_ url: String, _ reason: String) -> UploadError {
    let message = "The store \"\(PlainText.sanitized(url))\" \(reason). Write s3://BUCKET or s3://BUCKET/PREFIX."
    return UploadError(.badURL, message)
  }
}
