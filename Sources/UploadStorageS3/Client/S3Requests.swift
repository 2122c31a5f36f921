package import NIOCore
import UploadCore

/// The requests to one bucket that the store makes: those of ``S3Client``, which tests replace.
package protocol S3Requests: Sendable {
  /// See ``S3Client/signsFiles``.
  var signsFiles: Bool { get }
  /// See ``S3Client/engineTime``.
  var engineTime: Int64 { get }
  /// See ``S3Client/snapshot()``.
  func snapshot() -> S3ClientSnapshot
  /// See ``S3Client/put(_:_:_:ifAbsent:)``.
  func put(_ key: String, _ body: S3Body, _ headers: S3ObjectHeaders, ifAbsent: Bool) async throws(S3Failure)
  /// See ``S3Client/createMultipart(_:_:)``.
  func createMultipart(_ key: String, _ headers: S3ObjectHeaders) async throws(S3Failure) -> String
  /// See ``S3Client/uploadPart(_:uploadID:number:_:)``.
  func uploadPart(_ key: String, uploadID: String, number: Int, _ body: S3Body) async throws(S3Failure) -> String
  /// See ``S3Client/completeMultipart(_:uploadID:parts:ifAbsent:)``.
  func completeMultipart(_ key: String, uploadID: String, parts: [S3Part], ifAbsent: Bool) async throws(S3Failure)
  /// See ``S3Client/listParts(_:uploadID:)``.
  func listParts(_ key: String, uploadID: String) async throws(S3Failure) -> [S3Part]
  /// See ``S3Client/abortMultipart(_:uploadID:)``.
  func abortMultipart(_ key: String, uploadID: String) async throws(S3Failure)
  /// See ``S3Client/head(_:isPatient:)``.
  func head(_ key: String, isPatient: Bool) async throws(S3Failure) -> S3Object?
  /// See ``S3Client/get(_:range:ifMatch:onBytes:)``.
  func get(
    _ key: String,
    range: Range<UInt64>?,
    ifMatch tag: String?,
    onBytes: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  ) async throws(S3Failure)
  /// See ``S3Client/getSmall(_:upTo:)``.
  func getSmall(_ key: String, upTo limit: Int) async throws(S3Failure) -> (S3Object, ByteBuffer)?
  /// See ``S3Client/list(prefix:delimiter:continuation:)``.
  func list(prefix: String, delimiter: String?, continuation: String?) async throws(S3Failure) -> S3ListingPage
  /// See ``S3Client/delete(_:)``.
  func delete(_ key: String) async throws(S3Failure)
  /// See ``S3Client/presignedGet(_:expires:fileName:)``.
  func presignedGet(_ key: String, expires: Duration, fileName: String?) -> String
}

extension S3Requests {
  /// For an upload, which waits for the engine.
  package func head(_ key: String) async throws(S3Failure) -> S3Object? { try await head(key, isPatient: true) }
}

extension S3Requests {
  /// Stores an object unless there is one of that key.
  ///
  /// Where the engine does not support that, the key is looked up before. Then two calls at once may both succeed, and one
  /// object replaces the other: read it back.
  /// - Throws: ``S3Failure``: with kind `conditionFailed` when there is one, perhaps that of an earlier attempt.
  func putIfAbsent(
    _ key: String,
    _ body: S3Body,
    _ headers: S3ObjectHeaders,
    _ capabilities: S3Capabilities
  ) async throws(S3Failure) {
    if !capabilities.conditionalPut, try await head(key) != nil {
      throw S3Failure(.conditionFailed, "There is an object \"\(PlainText.sanitized(key))\" already.")
    }
    try await put(key, body, headers, ifAbsent: capabilities.conditionalPut)
  }
}

extension S3Client: S3Requests {}
