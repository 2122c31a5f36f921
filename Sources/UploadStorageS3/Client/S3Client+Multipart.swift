// MARK: Multipart uploads

extension S3Client {
  /// Begins a multipart upload. A retry may leave a second one behind, without parts.
  /// - Returns: its id.
  package func createMultipart(_ key: String, _ headers: S3ObjectHeaders) async throws(S3Failure) -> String {
    try await call(.createMultipart(key, headers)) { $0.document.flatMap(S3Documents.uploadID) }
  }

  /// Stores a part, or replaces it.
  /// - Returns: the part's tag, which may be empty.
  package func uploadPart(
    _ key: String,
    uploadID: String,
    number: Int,
    _ body: S3Body
  ) async throws(S3Failure) -> String {
    try await call(.uploadPart(key, uploadID: uploadID, number: number, body)) { S3Tag.unquoted($0["etag"] ?? "") }
  }

  /// Makes an object of the parts.
  ///
  /// When the response of an attempt was lost, the next one may find no such upload any more, because it is complete. Then the
  /// object's size and time decide.
  /// - Parameters:
  ///   - parts: all that were uploaded, in the order of their numbers.
  ///   - ifAbsent: as in ``put(_:_:_:ifAbsent:)``. Only for an engine that was seen to support it
  ///     (``S3Capabilities/conditionalComplete``): others ignore the condition, or reject the request.
  package func completeMultipart(
    _ key: String,
    uploadID: String,
    parts: [S3Part],
    ifAbsent: Bool
  ) async throws(S3Failure) {
    let start = engineTime
    do throws(S3Failure) {
      try await call(.completeMultipart(key, uploadID: uploadID, parts: parts, ifAbsent: ifAbsent)) { response in
        response.document.flatMap { S3Documents.isCompletion($0) ? () : nil }
      }
    } catch {
      guard error.kind == .noKey, error.attempts > 1, let object = try await head(key),
        object.size == parts.reduce(0, { $0 &+ $1.size }), object.modified >= start - 1
      else { throw error }
    }
  }

  /// Deletes a multipart upload and its parts; succeeds where there is none.
  package func abortMultipart(_ key: String, uploadID: String) async throws(S3Failure) {
    do throws(S3Failure) {
      try await call(.abortMultipart(key, uploadID: uploadID)) { _ in () }
    } catch {
      guard error.kind == .noKey else { throw error }
    }
  }

  /// All parts of a multipart upload, in the order of their numbers.
  /// - Throws: ``S3Failure`` with kind `noKey` where there is no such upload.
  package func listParts(_ key: String, uploadID: String) async throws(S3Failure) -> [S3Part] {
    var parts: [S3Part] = []
    var marker = 0
    while true {
      let page = try await call(.listParts(key, uploadID: uploadID, after: marker)) { response in
        response.document.flatMap(S3Documents.parts).map { PartsPage(parts: $0.parts, next: $0.next) }
      }
      // An engine that ignores the marker would repeat the first page for ever.
      parts += page.parts.filter { $0.number > marker }
      guard let next = page.next, next > marker else { return parts }
      marker = next
    }
  }

  private struct PartsPage: Sendable {
    var parts: [S3Part]
    var next: Int?
  }
}
