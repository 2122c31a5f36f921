/// What a server tells once it can be reached: the `listening` event.
package struct ServerListening: Sendable, Equatable {
  /// Where uploads go, with the port that was really taken.
  package var url: String
  /// The port for raw TCP; nil when it is off.
  package var rawPort: Int?
  /// The directory that files are stored in.
  package var directory: String
  /// The process's number.
  package var processID: Int32
  /// What a client must show; nil when anybody may upload.
  package var token: String?
  /// SHA-256 of the certificate; nil without TLS.
  package var fingerprint: String?

  package init(
    url: String,
    rawPort: Int? = nil,
    directory: String,
    processID: Int32,
    token: String? = nil,
    fingerprint: String? = nil
  ) {
    self.url = url
    self.rawPort = rawPort
    self.directory = directory
    self.processID = processID
    self.token = token
    self.fingerprint = fingerprint
  }
}
