package import NIOCore

/// The requests to one bucket that the store makes: those of ``S3Client``, which tests replace.
package protocol S3Requests: Sendable {
  /// See ``S3Client/signsFiles``.
  var signsFiles: Bool { get }
  /// See ``S3Client/engineTime``.
  var engineTime: Int64 { get }
  func snapshot() -> S3ClientSnapshot
  func put(_ key: String, _ body: S3Body, _ headers: S3ObjectHeaders, ifAbsent: Bool) async throws(S3Failure)
  func createMultipart(_ key: String, _ headers: S3ObjectHeaders) async throws(S3Failure) -> String
  func uploadPart(_ key: String, uploadID: String, number: Int, _ body: S3Body) async throws(S3Failure) -> String
  func completeMultipart(_ key: String, uploadID: String, parts: [S3Part], ifAbsent: Bool) async throws(S3Failure)
  func listParts(_ key: String, uploadID: String) async throws(S3Failure) -> [S3Part]
  func abortMultipart(_ key: String, uploadID: String) async throws(S3Failure)
  func head(_ key: String, isPatient: Bool) async throws(S3Failure) -> S3Object?
  func get(
    _ key: String,
    range: Range<UInt64>?,
    ifMatch tag: String?,
    onBytes: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  ) async throws(S3Failure)
  func getSmall(_ key: String, upTo limit: Int) async throws(S3Failure) -> (S3Object, ByteBuffer)?
  func list(prefix: String, delimiter: String?, continuation: String?) async throws(S3Failure) -> S3ListingPage
  func delete(_ key: String) async throws(S3Failure)
  func presignedGet(_ key: String, expires: Duration, fileName: String?) -> String
}

extension S3Requests {
  /// For an upload, which waits for the engine.
  package func head(_ key: String) async throws(S3Failure) -> S3Object? { try await head(key, isPatient: true) }
}

extension S3Client: S3Requests {}
