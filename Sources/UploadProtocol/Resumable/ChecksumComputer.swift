import Basics
import Crypto
package import HTTPTypes
package import UploadCore

/// Computes checksums of a request's body by the algorithms of tus. SHA-1 and MD5 protect against damage on the way,
/// not against an attacker.
package struct ChecksumComputer: Sendable {
  private var sha1: Insecure.SHA1?
  private var sha256: SHA256?
  private var md5: Insecure.MD5?

  package init(_ algorithms: some Sequence<BodyChecksum.Algorithm>) {
    for algorithm in algorithms {
      switch algorithm {
      case .sha1: sha1 = Insecure.SHA1()
      case .sha256: sha256 = SHA256()
      case .md5: md5 = Insecure.MD5()
      }
    }
  }

  /// Prepares what a plan asks for.
  /// - Returns: nil where it asks for no checksum.
  package init?(_ plan: AppendPlan) {
    if let checksum = plan.checksum {
      self.init([checksum.algorithm])
    } else if plan.awaitsChecksumTrailer {
      self.init(BodyChecksum.Algorithm.allCases)
    } else {
      return nil
    }
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha1?.update(bufferPointer: bytes)
    sha256?.update(bufferPointer: bytes)
    md5?.update(bufferPointer: bytes)
  }

  /// The checksum of all bytes so far; nil for an algorithm that is not computed.
  package func finalize(_ algorithm: BodyChecksum.Algorithm) -> BodyChecksum? {
    let digest =
      switch algorithm {
      case .sha1: sha1.map { Array($0.finalize()) }
      case .sha256: sha256.map { Array($0.finalize()) }
      case .md5: md5.map { Array($0.finalize()) }
      }
    return digest.map { BodyChecksum(algorithm: algorithm, digest: $0) }
  }

  /// Compares the body with the checksum that the plan states or awaits in the trailer section.
  /// - Returns: what ``ResumableExchange/bodyEnded(checksumMatches:)`` expects: nil where neither states one.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed one in the trailers, or one of an unknown algorithm.
  package func matches(_ plan: AppendPlan, trailers: HTTPFields?) throws(UploadError) -> Bool? {
    if let checksum = plan.checksum { return finalize(checksum.algorithm) == checksum }
    guard plan.awaitsChecksumTrailer, let value = trailers?[.uploadChecksum] else { return nil }
    let checksum = try BodyChecksum(value)
    return finalize(checksum.algorithm) == checksum
  }
}

extension BodyChecksum {
  /// Reads `Upload-Checksum`: `ALGORITHM BASE64`.
  /// - Throws: ``UploadError`` with code `badRequest` for an unknown algorithm, and for a digest that is not Base64 or
  ///   not as long as the algorithm's.
  package init(_ text: String) throws(UploadError) {
    let parts = text.utf8.split(separator: ASCII.space, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let algorithm = parts.first.flatMap({ Algorithm(rawValue: $0.repairedText) }) else {
      let known = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw UploadError(.badRequest, "Upload-Checksum has no known algorithm. Write ALGORITHM BASE64; known: \(known).")
    }
    guard let digest = parts.last.flatMap({ Base64.decode($0) }), digest.count == algorithm.length else {
      throw UploadError(
        .badRequest,
        "Upload-Checksum is invalid: a digest by \(algorithm.rawValue) is \(algorithm.length) bytes in Base64."
      )
    }
    self.init(algorithm: algorithm, digest: digest)
  }

  /// The value of `Upload-Checksum`.
  package var text: String { "\(algorithm.rawValue) \(Base64.encode(digest))" }
}

extension BodyChecksum.Algorithm {
  /// The length of a digest in bytes.
  var length: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .md5: 16
    }
  }
}
