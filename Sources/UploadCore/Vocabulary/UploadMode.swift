/// How an upload travels.
package enum UploadMode: String, Sendable, CaseIterable {
  /// The file is the request's body.
  case stream
  /// The file is a part of a form (RFC 7578), streamed at both ends.
  case multipart
  /// Client only: the whole form is put together in memory first, as many programs do.
  case buffered
  /// Server only: bytes until FIN over plain TCP.
  case raw
}
