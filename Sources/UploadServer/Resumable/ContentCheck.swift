import HTTPTypes
import UploadCore
import UploadProtocol

/// Compares the content of one request with its `Content-Digest` (RFC 9530), which is in the headers, or in a trailer
/// section that the `Trailer` field announces.
struct ContentCheck {
  private var expected: DigestRequest
  /// nil where no digest is stated or announced.
  private var hash: SHAHash?

  /// - Throws: ``UploadError`` with code `badRequest` where the digest is malformed.
  init(_ headers: HTTPFields) throws(UploadError) {
    expected = try DigestRequest(Self.only(headers))
    let announced = headers[.trailer]?.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" } ?? []
    hash = SHAHash(announced.contains("content-digest") ? Set(DigestAlgorithm.allCases) : expected.algorithms)
  }

  /// Whether there is something to compare, so that nothing of the content counts before its end.
  var isNeeded: Bool { hash != nil }

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash?.update(bytes) }

  /// Compares all bytes with the digest.
  /// - Throws: ``UploadError`` with code `badRequest` when they differ, or the trailers state a digest that is malformed
  ///   or was not announced.
  mutating func end(_ trailers: HTTPFields?) throws(UploadError) {
    if let trailers { try expected.add(Self.only(trailers)) }
    let stated = expected.expected
    guard let actual = hash?.digests else {
      guard stated.algorithms.isEmpty else {
        throw UploadError(.badRequest, "Content-Digest comes in the trailers without having been announced in Trailer.")
      }
      return
    }
    do throws(UploadError) { try actual.require(stated) } catch {
      // The upload has not failed, only this request.
      throw UploadError(.badRequest, "Checksum mismatch: nothing of this request's content counts. Send it again.")
    }
  }

  private static func only(_ fields: HTTPFields) -> HTTPFields {
    var only: HTTPFields = [:]
    only[.contentDigest] = fields[.contentDigest]
    return only
  }
}
