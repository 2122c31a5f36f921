import HTTPExchange
package import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

// MARK: Objects

extension S3Client {
  /// Stores an object.
  /// - Parameter ifAbsent: whether to fail with kind `conditionFailed` when there is one of that key. After a lost response
  ///   that may be the one that this call stored: compare its size or metadata. Only for an engine that was seen to support
  ///   it (``S3Capabilities/conditionalPut``).
  package func put(
    _ key: String,
    _ body: S3Body,
    _ headers: S3ObjectHeaders,
    ifAbsent: Bool
  ) async throws(S3Failure) {
    try await call(.put(key, body, headers, ifAbsent: ifAbsent)) { _ in () }
  }

  /// Describes an object without reading it.
  /// - Parameter isPatient: whether an upload depends on it: then it is repeated for longer while the engine is down.
  /// - Returns: nil when there is no such object.
  package func head(_ key: String, isPatient: Bool) async throws(S3Failure) -> S3Object? {
    let policy = isPatient ? configuration.retry : configuration.retry.impatient
    do throws(S3Failure) {
      return try await call(.head(key), policy: policy) { S3Object(key, $0) }
    } catch {
      guard error.kind == .noKey else { throw error }
      return nil
    }
  }

  /// Reads an object that is at most `limit` bytes long.
  /// - Returns: nil when there is no such object.
  /// - Throws: ``S3Failure`` with kind `rejected` when it is longer.
  package func getSmall(_ key: String, upTo limit: Int) async throws(S3Failure) -> (S3Object, ByteBuffer)? {
    let response: ExchangeResponse
    do throws(S3Failure) {
      response = try await call(.get(key), limit: limit) { $0 }
    } catch {
      guard error.kind == .noKey else { throw error }
      return nil
    }
    guard !response.isTruncated else {
      throw S3Failure(
        .rejected,
        status: response.status,
        "The object \"\(PlainText.sanitized(key))\" is longer than \(limit) bytes."
      )
    }
    // Not every engine and proxy states the length of a body that it sends.
    return (S3Object(key, size: UInt64(response.body.count), response), ByteBuffer(bytes: response.body))
  }

  /// A page of the objects whose keys begin with `prefix`.
  /// - Parameter delimiter: keys with it behind the prefix are summed up as a common prefix; nil to list them all.
  package func list(
    prefix: String,
    delimiter: String?,
    continuation: String?
  ) async throws(S3Failure) -> S3ListingPage {
    let request = S3Request.list(prefix: prefix, delimiter: delimiter, continuation: continuation)
    return try await call(request, policy: configuration.retry.impatient) {
      $0.document.flatMap(S3Documents.listing)
    }
  }

  /// Deletes an object; succeeds where there is none.
  package func delete(_ key: String) async throws(S3Failure) {
    do throws(S3Failure) {
      try await call(.delete(key)) { _ in () }
    } catch {
      guard error.kind == .noKey else { throw error }
    }
  }
}

extension S3Object {
  /// An object as the headers of a response to HEAD describe it; nil when they have no length.
  init?(_ key: String, _ response: ExchangeResponse) {
    guard let size = response["content-length"].flatMap({ UInt64($0) }) else { return nil }
    self.init(key, size: size, response)
  }

  /// An object whose size is known, as the headers of a response describe it.
  init(_ key: String, size: UInt64, _ response: ExchangeResponse) {
    var metadata: [String: String] = [:]
    for (name, value) in response.headers {
      let name = name.lowercased()
      if name.hasPrefix("x-amz-meta-") { metadata[String(name.dropFirst(11))] = S3FieldText.decoded(value) }
    }
    self.init(
      key: key,
      size: size,
      modified: response["last-modified"].flatMap { HTTPDate.seconds($0, now: S3Clock.now) } ?? 0,
      tag: S3Tag.unquoted(response["etag"] ?? ""),
      contentType: response["content-type"],
      metadata: metadata
    )
  }
}
