package import UploadProtocol

/// What one client, or all together, may ask of the server.
package struct UploadLimits: Sendable {
  /// Largest file in bytes; nil for no limit. Over it: 413.
  package var maxSize: UInt64?
  /// Which kinds of files are taken. Others: 415.
  package var types = MediaTypeRules()
  /// Uploads at once. Over it: 503.
  package var maxUploads = 4096
  /// A client that sends nothing for this long gets 408; a connection without a request is closed.
  package var idleTimeout = Duration.seconds(30)
  /// How long running uploads may go on once the server is told to stop.
  package var grace = Duration.seconds(30)

  package init() {}
}
