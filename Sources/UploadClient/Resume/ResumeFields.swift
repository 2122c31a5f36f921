import NIOHTTP1
import UploadCore
import UploadProtocol

/// A protocol for uploads in several requests.
enum ResumableProtocol: String, Sendable, CaseIterable {
  /// The IETF draft (draft-ietf-httpbis-resumable-upload).
  case draft = "rufh"
  /// tus 1.0.0.
  case tus
}

/// What the header fields of a response say about a resumable upload. Invalid values count as missing.
struct ResumeFields: Equatable {
  /// `Upload-Offset`: how many bytes the server has stored.
  var offset: UInt64?
  /// `Upload-Length`: how many bytes the file has by the server.
  var length: UInt64?
  /// `Upload-Complete` (draft): whether the upload is over, successful or not.
  var isComplete: Bool?
  /// Whether there is an `Upload-Limit` (draft).
  var hasLimit = false
  /// The most bytes in one request, at least 1 (draft).
  var maxAppendSize: UInt64?
  /// When the server deletes the upload unless a request continues it, in seconds since 1970.
  var expires: Int64?

  /// - Parameter now: the time of day, in seconds since 1970.
  init(_ headers: HTTPHeaders, now: Int64) {
    func single(_ name: String) -> String? {
      let values = headers[canonicalForm: name]
      return values.count == 1 ? values.first.map { String($0) } : nil
    }
    offset = single("upload-offset").flatMap { Self.number($0) }
    length = single("upload-length").flatMap { Self.number($0) }
    switch single("upload-complete") {
    case "?1": isComplete = true
    case "?0": isComplete = false
    case _: isComplete = nil
    }
    hasLimit = headers.contains(name: "upload-limit")
    let limits = Self.limits(headers[canonicalForm: "upload-limit"])
    maxAppendSize = limits["max-append-size"].flatMap { $0 > 0 ? $0 : nil }
    if let age = limits["max-age"] ?? limits["expires"] {
      // At most ten years: no sum overflows.
      expires = now + Int64(min(age, 315_360_000))
    } else if headers.contains(name: "upload-expires") {
      // A date contains a comma, so it is not in canonical form.
      expires = headers.first(name: "upload-expires").flatMap { HTTPDate.seconds($0, now: now) }
    }
  }

  /// The members with numbers of a dictionary (RFC 9651), without their parameters; others are ignored.
  private static func limits(_ members: [Substring]) -> [String: UInt64] {
    var limits: [String: UInt64] = [:]
    for member in members {
      let parts = member.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let value = number(String(parts[1])) else { continue }
      limits[String(parts[0])] = value
    }
    return limits
  }

  /// A number of ASCII digits alone, without a sign; nil for any other text, and beyond what a file can have.
  private static func number(_ text: String) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(text),
      value <= UInt64(Int64.max)
    else { return nil }
    return value
  }
}
