package import HTTPTypes
package import UploadCore

/// One request of a resumable upload, from its headers to its response: a pure state machine, one for each protocol
/// (``DraftExchange``, ``TusExchange``). The caller does the I/O: it reports what has happened, and performs the action
/// that is returned.
///
/// ```
/// start -> respond | create -> created -> append ... -> bodyEnded -> suspend -> suspended -> respond
///                  | find   -> found  ----^                       -> finalize -> finalized -> respond
/// created -> concatenate -> concatenated -> append ... (with no body)
/// ```
///
/// `suspend` and `finalize` are returned only after `append`, which is also returned for a request without a body, such
/// as a HEAD request that completes a tus upload whose last response was lost: then the body ends at once. Every
/// response that is returned after `append` without `suspend` or `finalize` rejects what has arrived: the caller aborts
/// the sink.
package protocol ResumableExchange: Sendable {
  /// Decides by the headers alone. Call it first, once.
  mutating func start() -> ResumableAction

  /// Call it after the action `find`.
  /// - Parameter resource: nil when there is none of that ID, or it belongs to another token.
  mutating func found(_ resource: UploadResource?) -> ResumableAction

  /// Call it after the action `create`, when the resource exists and its record is synced.
  /// - Parameters:
  ///   - location: its URL.
  ///   - expires: seconds since 1970.
  mutating func created(location: String, expires: Int64) -> ResumableAction

  /// Call it after the action `concatenate`, when the content is complete.
  mutating func concatenated(length: UInt64) -> ResumableAction

  /// Call it for the next bytes of the body, before they are stored.
  /// - Returns: nil when they are to be stored; otherwise what to do instead: the body must not be stored any further.
  mutating func receive(_ count: Int) -> ResumableAction?

  /// Call it when the body is complete.
  /// - Parameter checksumMatches: whether the checksum that the action `append` asked for is that of the body; nil
  ///   where it asked for none, or the trailers state none.
  mutating func bodyEnded(checksumMatches: Bool?) -> ResumableAction

  /// Call it when the bytes that have arrived are recorded, after the action `suspend`.
  /// - Parameter offset: the resource's offset.
  mutating func suspended(at offset: UInt64) -> ResumableAction

  /// Call it when the file is published, after the action `finalize`.
  mutating func finalized() -> ResumableAction

  /// The response when the upload fails for a reason outside the protocol: a limit, a media type, the disk, a digest
  /// that is not the expected one.
  /// - Parameters:
  ///   - status: the HTTP status for the error.
  ///   - isFinal: whether the upload can never succeed, and is deleted; otherwise the client may continue it.
  ///   - offset: the resource's offset; nil when no resource exists.
  func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse
}

/// What the caller of a ``ResumableExchange`` does next.
package enum ResumableAction: Sendable, Equatable {
  /// Send the response. The rest of the body is discarded.
  case respond(ResumableResponse)
  /// Delete the resource, of which only is remembered that it is gone, and send the response.
  case discard(ResumableResponse)
  /// Delete the resource as if it had never existed, and send the response; a file that has been published stays.
  case remove(ResumableResponse)
  /// Create a resource; report ``ResumableExchange/created(location:expires:)``.
  case create(NewUploadResource)
  /// Look a resource up; report ``ResumableExchange/found(_:)``.
  /// - Parameters:
  ///   - id: as the client stated it, perhaps malformed.
  ///   - endsOther: whether to end a running request on it first, and to wait until its bytes are recorded.
  case find(id: String, endsOther: Bool)
  /// Store the body from the resource's offset on, and report each chunk before it is stored, and the end.
  case append(AppendPlan)
  /// Append the content of other resources to the new one, which has been created; report
  /// ``ResumableExchange/concatenated(length:)``. Respond with ``ResumableExchange/failed(_:status:isFinal:offset:)`` when one
  /// of them does not exist, belongs to another token, or is unfinished.
  /// - Parameter ids: of the parts in order, perhaps repeated; each has the alphabet of IDs.
  case concatenate(ids: [String])
  /// Record what has arrived; report ``ResumableExchange/suspended(at:)``.
  case suspend
  /// Publish the file; report ``ResumableExchange/finalized()``.
  case finalize
  /// Send the response that a plain upload of the same request would get, with further header fields.
  case respondStored(HTTPFields)
}

/// How a body is appended.
package struct AppendPlan: Sendable, Equatable {
  /// An interim response to send before the body is read; nil for none.
  package var interim: ResumableResponse?
  /// The checksum of this body that the request states; nil for none. Then nothing counts before it has been compared.
  package var checksum: BodyChecksum?
  /// Whether the checksum comes in the trailer section, so that the body is provisional although ``checksum`` is nil:
  /// all supported algorithms have to be computed.
  package var awaitsChecksumTrailer = false
  /// The resource's length, where this request makes it known; nil where it does not change.
  package var length: UInt64?

  package init() {}
}

/// A checksum of one request's body (tus `Upload-Checksum`).
package struct BodyChecksum: Sendable, Equatable {
  package enum Algorithm: String, Sendable, CaseIterable {
    case sha1, sha256, md5
  }

  package var algorithm: Algorithm
  package var digest: [UInt8]

  package init(algorithm: Algorithm, digest: [UInt8]) {
    self.algorithm = algorithm
    self.digest = digest
  }
}

/// A resource as a request finds it.
package struct UploadResource: Sendable, Equatable {
  package enum State: Sendable, Equatable {
    case unfinished
    /// All bytes have arrived and the file is published; of a partial upload (tus), all bytes have arrived.
    case finished
    case gone
  }

  package var state: State
  /// Bytes that are stored and promised.
  package var offset: UInt64
  /// nil while it is not known.
  package var length: UInt64?
  /// The rest of what the protocol has noted at the creation: ``NewUploadResource/properties``.
  package var properties: [String: String]
  /// Seconds since 1970.
  package var expires: Int64

  package init(
    state: State = .unfinished,
    offset: UInt64,
    length: UInt64? = nil,
    properties: [String: String] = [:],
    expires: Int64 = 0
  ) {
    self.state = state
    self.offset = offset
    self.length = length
    self.properties = properties
    self.expires = expires
  }
}

/// A resource to be created.
package struct NewUploadResource: Sendable, Equatable {
  /// nil while it is not known.
  package var length: UInt64?
  /// The requested name or path where the protocol has its own way to state it (tus metadata); nil otherwise.
  package var name: NameBytes?
  /// Whether directories in ``name`` are to be kept.
  package var keepsPath: Bool
  /// The modification time of the file where the protocol has its own way to state it (tus metadata), as it was sent;
  /// nil otherwise.
  package var modified: String?
  /// The media type where the protocol has its own way to state it (tus metadata); nil otherwise.
  package var declaredType: String?
  /// The name of the sender where the protocol has its own way to state it (tus metadata), as it was sent; nil otherwise.
  package var sender: [UInt8]?
  /// What the protocol needs in later requests, such as the metadata; see ``UploadResource/properties``.
  package var properties: [String: String]

  package init(
    length: UInt64? = nil,
    name: NameBytes? = nil,
    keepsPath: Bool = false,
    modified: String? = nil,
    declaredType: String? = nil,
    sender: [UInt8]? = nil,
    properties: [String: String] = [:]
  ) {
    self.length = length
    self.name = name
    self.keepsPath = keepsPath
    self.modified = modified
    self.declaredType = declaredType
    self.sender = sender
    self.properties = properties
  }
}

/// A response of a resumable protocol, without the fields that every response of the server has.
package struct ResumableResponse: Sendable, Equatable {
  /// The HTTP status: 104, or a final one.
  package var status: Int
  package var fields: HTTPFields
  /// Why the request is rejected; nil for a success. The body states it.
  package var error: UploadError?
  /// The problem type (RFC 9457) of a rejection; nil for the server's usual JSON.
  package var problem: ProblemDocument?

  package init(status: Int, fields: HTTPFields = [:], error: UploadError? = nil, problem: ProblemDocument? = nil) {
    self.status = status
    self.fields = fields
    self.error = error
    self.problem = problem
  }

  /// Errors are compared by code and message.
  package static func == (one: ResumableResponse, other: ResumableResponse) -> Bool {
    one.status == other.status && one.fields == other.fields && one.problem == other.problem
      && one.error?.code == other.error?.code && one.error?.message == other.error?.message
  }
}

/// The limits that both protocols announce and enforce.
package struct ResumableLimits: Sendable, Equatable {
  /// The largest file in bytes (`--max-size`); nil for no limit.
  package var maxSize: UInt64?
  /// The largest body of one request in bytes (`--max-append-size`); nil for no limit.
  package var maxAppendSize: UInt64?
  /// How long an upload is kept from its creation or its last request on, in seconds (`--expire-unfinished`).
  package var maxAge: Int64
  /// Whether uploads can be made of others (the extension `concatenation` of tus).
  package var canConcatenate: Bool

  package init(
    maxSize: UInt64? = nil,
    maxAppendSize: UInt64? = nil,
    maxAge: Int64 = 86_400,
    canConcatenate: Bool = true
  ) {
    self.maxSize = maxSize
    self.maxAppendSize = maxAppendSize
    self.maxAge = maxAge
    self.canConcatenate = canConcatenate
  }
}
