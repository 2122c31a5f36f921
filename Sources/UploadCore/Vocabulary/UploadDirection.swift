/// Which end of an upload this process is.
package enum UploadDirection: String, Sendable, CaseIterable {
  /// At the server: bytes come in.
  case incoming
  /// At the client: bytes go out.
  case outgoing
}
