import NIOCore
import NIOPosix
import UploadCore

/// Divides what an upload waited for bytes between the client, the network and this server: asks the kernel and counts
/// full reads once per second and at the end, never for each chunk; not at all for an upload of less than 100 ms.
/// Loop-bound.
struct ReceiveMonitor {
  private static let interval = TimeAmount.seconds(1)
  /// From the beginning of the upload to the first reading.
  private static let firstInterval = TimeAmount.milliseconds(100)

  private struct Sample {
    /// Nil without TCP.
    let link: LinkReading?
    let reads: ReceiveBuffer.Reads
    let at: ContinuousClock.Instant
  }

  private let buffer: ReceiveBuffer
  /// At the beginning of the upload.
  private let first: Sample
  private var last: Sample
  /// Nil before the first reading.
  private var load: ThreadLoad?
  private(set) var dueAt: NIODeadline

  init(_ buffer: ReceiveBuffer, at now: NIODeadline) {
    self.buffer = buffer
    // All counters of a connection begin with its first upload; those of a later one are not known before a reading.
    first = Sample(link: buffer.reads.all <= 1 ? LinkReading() : nil, reads: buffer.reads, at: .now)
    last = first
    dueAt = now + Self.firstInterval
  }

  /// Takes a reading, and divides the time since the last one. Call it when ``dueAt`` has passed, and before the upload
  /// ends.
  mutating func read(_ meter: UploadMeter, at now: NIODeadline, _ context: ChannelHandlerContext) {
    // An upload that was too short for a first reading.
    guard load != nil || now >= dueAt else { return }
    dueAt = now + Self.interval
    let sample = Sample(link: LinkReading(context), reads: buffer.reads, at: .now)
    let part = LinkTimes.Load(busy: load?.take(at: sample.at) ?? 0, uploads: 1)
    if load == nil { load = ThreadLoad(at: sample.at) }
    let reads = max(1, sample.reads.all &- last.reads.all)
    let filled = Double(sample.reads.full &- last.reads.full) / Double(reads)
    let elapsed = (sample.at - last.at).inSeconds
    meter.dividePeerTime(at: sample.at) { [last] seconds in
      LinkTimes.incoming(seconds, filled: filled, from: last.link, to: sample.link, elapsed: elapsed, load: part)
    }
    if let link = sample.link { meter.note(LinkFacts(link, since: first.link ?? link, .incoming)) }
    last = sample
  }
}

extension LinkReading {
  /// What the kernel says of a handler's connection, on its event loop; nil without a TCP socket, and when it is closed.
  init?(_ context: ChannelHandlerContext) {
    let reading = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      LinkReading(descriptor: $0)
    }
    guard let reading = reading.flatMap({ $0 }) else { return nil }
    self = reading
  }
}
