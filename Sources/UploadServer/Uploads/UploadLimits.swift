import NIOCore
package import UploadCore
package import UploadProtocol

/// Limits of what one client, or all clients together, may ask of the server.
package struct UploadLimits: Sendable {
  /// Largest file in bytes, also for each file of a form; nil for no limit. Over it: 413.
  package var maxSize: SizeSetting?
  /// The media types that are accepted. Others: 415.
  package var types = MediaTypeRules()
  /// The most that a form may contain besides the content of its files. Over it: 413, or 400 for the preamble.
  package var form = MultipartLimits()
  /// The most uploads at the same time, each file of a form counting as one. Over it: 503.
  package var maxUploads = 4096
  /// The most requests with uploads, and raw uploads, of one client at the same time, see ``ClientAddress/key``; nil
  /// for no limit. Over it: 429.
  package var maxUploadsPerClient: Int?
  /// A client that sends nothing of a body for this long, while the server would read it, gets 408. A connection is
  /// closed on which no request begins for this long, or no response is read for this long and up to 5 minutes more.
  package var idleTimeout = Duration.seconds(30)
  /// The lowest average rate of a body, in bytes per second, over the time in which the server would read it, checked
  /// after 10 s of that; nil for no limit. Below it: 408.
  package var minRate: SizeSetting?
  /// The rate that all uploads together are limited to, in bytes per second, at least 1; nil for no limit.
  package var rate: UInt64?
  /// The rate that each request's upload is limited to, a form as a whole, in bytes per second, at least 1; nil for no
  /// limit.
  package var ratePerUpload: UInt64?
  /// What is kept of the paths and times that clients state.
  package var paths = PathRules()
  /// What happens to the content of an interrupted upload.
  package var onCut = CutPolicy.discard
  /// How long running uploads may continue after a graceful shutdown has begun. After it they fail.
  package var grace = Duration.seconds(30)

  /// How long an unfinished resumable upload is kept after its last request; more than 0.
  package var expireUnfinished = Duration.seconds(86_400)
  /// Largest body of one request of a resumable upload, in bytes; nil for no limit. Over it: 413.
  package var maxAppendSize: SizeSetting?
  /// The most unfinished resumable uploads. Over it: 429.
  package var maxUnfinished = 1_000
  /// The most unfinished resumable uploads of one client, see ``ClientAddress/key``. Over it: 429.
  package var maxUnfinishedPerClient = 100

  package init() {}
}

extension ServerProfile {
  /// - Parameter page: what the server's owner has written on the upload page.
  init(_ page: PageSettings, _ limits: UploadLimits) {
    self.init(
      page: page,
      maxSize: limits.maxSize,
      maxAppendSize: limits.maxAppendSize,
      types: limits.types,
      keepsDirectories: limits.paths.keepsDirectories
    )
  }
}

extension UploadLimits {
  /// The ``idleTimeout`` in the unit of event loops; at most the 292 years that these know.
  var idleTime: TimeAmount { TimeAmount(idleTimeout) }
  /// The ``grace`` in the unit of event loops; at most 292 years.
  var graceTime: TimeAmount { TimeAmount(grace) }
  /// The time in which the headers of a request must be complete, from their first byte that arrives while no request
  /// is served: 20 s, or the idle timeout if it is shorter. Over it: 408.
  var headerTime: TimeAmount { min(.seconds(20), idleTime) }

  /// ``expireUnfinished`` in whole seconds, rounded up; at least 1.
  var lifetime: Int64 {
    let (seconds, attoseconds) = expireUnfinished.components
    return max(1, attoseconds > 0 && seconds < .max ? seconds + 1 : seconds)
  }

  /// Whether less than half of an upload's lifetime is left.
  /// - Parameters: both in seconds since 1970.
  func isAging(_ expires: Int64, at now: Int64) -> Bool {
    let (left, overflows) = expires.subtractingReportingOverflow(now)
    return !overflows && left <= lifetime / 2
  }

  /// When an upload expires whose last request is at `now`; in seconds since 1970. The time is rounded up, as `now` has
  /// been rounded down: nothing expires early.
  func expiry(after now: Int64) -> Int64 {
    let (sum, overflows) = now.addingReportingOverflow(lifetime)
    return overflows || sum == .max ? .max : sum + 1
  }
}

/// What happens to the content of an upload that was interrupted, timed out or ended by the server's shutdown.
package enum CutPolicy: String, Sendable, CaseIterable {
  /// It is deleted: a file appears complete or not at all.
  case discard
  /// It is stored as `NAME.partial`, numbered where that exists, unless it is empty or of a type that is not accepted.
  /// The files of forms are deleted all the same.
  case keep
}
