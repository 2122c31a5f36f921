import HTTPExchange
import NIOCore
import NIOPosix
import UploadCore

/// Ends the uploads of one ``SmallFileSender`` in batches on the thread pool: that parses responses and informs the caller.
/// Bound to its event loop.
final class SmallFileEndings {
  /// How an upload ends.
  enum Ending: Sendable {
    case response(SmallUpload, ExchangeResponse)
    case outcome(SmallUpload, UploadOutcome)
    /// It could not be read.
    case unread(UploadSource, UploadMeter, UploadError)
    /// Nothing of it was sent, since everything has stopped: it does not appear in the ledger.
    case unsent(UploadSource, UploadMeter)
  }

  /// How many uploads one job of the thread pool ends.
  private static let batchSize = 32
  /// How long an upload waits for others.
  private static let delay = TimeAmount.milliseconds(2)

  private let setup: SmallFileSender.Setup
  private let inbox: SmallFileInbox
  private let loop: any EventLoop
  private var endings: [Ending] = []

  init(_ setup: SmallFileSender.Setup, _ inbox: SmallFileInbox, _ loop: any EventLoop) {
    (self.setup, self.inbox, self.loop) = (setup, inbox, loop)
  }

  /// Whether there are enough for a job of the thread pool: call ``endAll()`` soon.
  var isDue: Bool { endings.count >= Self.batchSize }

  /// Adds one, which is ended at the latest after a short time.
  func add(_ ending: Ending) {
    switch ending {
    case .response(let upload, _), .outcome(let upload, _): upload.state = .ended
    case .unread, .unsent: break
    }
    endings.append(ending)
    if endings.count == 1 { loop.assumeIsolated().scheduleTask(in: Self.delay) { self.endAll() } }
  }

  /// Ends the uploads that were added since the last call.
  func endAll() {
    guard !endings.isEmpty else { return }
    let (endings, setup, inbox) = (endings, setup, inbox)
    self.endings = []
    let work = { @Sendable in
      inbox.release(endings.map { Self.end($0, setup) })
    }
    // A pool that was shut down runs nothing: then it is done on this thread, so that the sender finishes.
    setup.resources.threadPool.submit { _ in work() }
  }

  private static func end(_ ending: Ending, _ setup: SmallFileSender.Setup) -> UploadSource {
    let (source, meter): (UploadSource, UploadMeter)
    switch ending {
    case .response(let upload, let response):
      (source, meter) = (upload.source, upload.meter)
      let outcome = upload.outcome(response, hasToken: setup.template.hasToken)
      if case .finished = outcome {
        meter.addStored(upload.size)
        meter.markDurable()
      }
      meter.removeAllMemory()
      setup.ledger.end(meter, outcome)
    case .outcome(let upload, let outcome):
      (source, meter) = (upload.source, upload.meter)
      meter.removeAllMemory()
      setup.ledger.end(meter, outcome)
    case .unread(let failed, let itsMeter, let error):
      (source, meter) = (failed, itsMeter)
      setup.ledger.end(meter, .failed(error))
    case .unsent(let unsent, let itsMeter):
      (source, meter) = (unsent, itsMeter)
    }
    setup.onEnd(source, meter)
    return source
  }
}
