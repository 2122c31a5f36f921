import NIOCore
package import UploadCore
package import UploadProtocol

/// What one client, or all together, may ask of the server.
package struct UploadLimits: Sendable {
  /// Largest file in bytes; nil for no limit. Over it: 413.
  package var maxSize: SizeSetting?
  /// Which kinds of files are taken. Others: 415.
  package var types = MediaTypeRules()
  /// What a form may hold beside the content of its files. Over it: 413.
  package var form = MultipartLimits()
  /// Uploads at once. Over it: 503.
  package var maxUploads = 4096
  /// Requests with uploads at once of one address; nil for no limit. Over it: 429.
  package var maxUploadsPerClient: Int?
  /// A client that sends nothing for this long gets 408; a connection without a request is closed.
  package var idleTimeout = Duration.seconds(30)
  /// A client slower than this on average gets 408, in bytes per second; nil for no limit.
  package var minRate: SizeSetting?
  /// What all uploads together are slowed down to, in bytes per second; nil for no limit.
  package var rate: UInt64?
  /// What each upload is slowed down to, in bytes per second; nil for no limit.
  package var ratePerUpload: UInt64?
  /// What becomes of a body that is cut.
  package var onCut = CutPolicy.discard
  /// How long running uploads may go on once the server is told to stop.
  package var grace = Duration.seconds(30)

  package init() {}
}

extension UploadLimits {
  /// A request's head must have come whole in this time.
  private static let longestHeaderTime = TimeAmount.seconds(20)

  var idleTime: TimeAmount { .nanoseconds(Int64(idleTimeout.inSeconds * 1e9)) }
  var graceTime: TimeAmount { .nanoseconds(Int64(grace.inSeconds * 1e9)) }
  var headerTime: TimeAmount { min(Self.longestHeaderTime, idleTime) }
}

/// What becomes of the bytes of a body that was cut or timed out.
package enum CutPolicy: String, Sendable, CaseIterable {
  /// They are dropped: a file appears whole or not at all.
  case discard
  /// They are stored beside, as `NAME.partial`; not those of forms.
  case keep
}
