import NIOCore
package import UploadCore
package import UploadProtocol

/// Limits of what one client, or all clients together, may ask of the server.
package struct UploadLimits: Sendable {
  /// Largest file in bytes; nil for no limit. Over it: 413.
  package var maxSize: SizeSetting?
  /// The media types that are accepted. Others: 415.
  package var types = MediaTypeRules()
  /// The most that a form may contain besides the content of its files. Over it: 413.
  package var form = MultipartLimits()
  /// Uploads at the same time. Over it: 503.
  package var maxUploads = 4096
  /// Requests with uploads at the same time of one address; nil for no limit. Over it: 429.
  package var maxUploadsPerClient: Int?
  /// A client that sends nothing for this long gets 408; a connection without a request is closed.
  package var idleTimeout = Duration.seconds(30)
  /// A client slower than this on average gets 408, in bytes per second; nil for no limit.
  package var minRate: SizeSetting?
  /// The rate that all uploads together are limited to, in bytes per second; nil for no limit.
  package var rate: UInt64?
  /// The rate that each upload is limited to, in bytes per second; nil for no limit.
  package var ratePerUpload: UInt64?
  /// What happens to the content of an interrupted upload.
  package var onCut = CutPolicy.discard
  /// How long running uploads may continue after a graceful shutdown has begun.
  package var grace = Duration.seconds(30)

  package init() {}
}

extension UploadLimits {
  /// The times for event loops; a longer one becomes the longest that these know, 292 years.
  var idleTime: TimeAmount { TimeAmount(idleTimeout) }
  var graceTime: TimeAmount { TimeAmount(grace) }
  /// The time in which the headers of a request must be complete.
  var headerTime: TimeAmount { min(.seconds(20), idleTime) }
}

/// What happens to the content of an upload that was interrupted or timed out.
package enum CutPolicy: String, Sendable, CaseIterable {
  /// It is deleted: a file appears complete or not at all.
  case discard
  /// It is stored as `NAME.partial`. The files of forms are deleted all the same.
  case keep
}
