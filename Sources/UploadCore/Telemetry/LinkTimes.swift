import CLinux

/// Divides the time that an upload waited for its peer among causes, from two readings of its connection: pure.
package enum LinkTimes {
  /// What the time may be for, besides the peer and the network.
  package enum Content: Sendable {
    /// A file, from which the kernel reads while it sends.
    case file
    /// Bytes in memory.
    case memory
    /// None: all of it is in the socket, and the response is awaited.
    case sent(TimeCause)
  }

  /// How much of a processor the thread has used that serves the upload, and how many others it serves.
  package struct Load: Sendable, Equatable {
    /// 0 to 1.
    package var busy: Double
    /// At least 1: the upload itself.
    package var uploads: Int

    package init(busy: Double, uploads: Int) {
      (self.busy, self.uploads) = (busy.isFinite ? min(max(0, busy), 1) : 0, max(1, uploads))
    }
  }

  /// Divides time of an outgoing upload.
  /// - Parameters:
  ///   - seconds: to be divided: in which it waited for the socket, or for the response.
  ///   - first: the reading at the beginning of that time.
  ///   - last: the reading at its end.
  package static func outgoing(
    _ seconds: Double,
    of content: Content,
    from first: LinkReading,
    to last: LinkReading,
    load: Load
  ) -> TimeShares {
    guard last.hasTimes else { return TimeShares([content.unknown: seconds]) }
    let busy = max(0, last.busy - first.busy)
    let window = min(busy, max(0, last.windowLimited - first.windowLimited))
    // While the socket had something to send, and while it waited for this program.
    let sending = min(seconds, busy)
    let idle = seconds - sending
    let server = busy > 0 ? sending * Self.serverPart(window / busy, last) : 0
    var shares = TimeShares([.server: server])
    switch content {
    case .sent(let cause):
      shares[.network] += sending - server
      shares[cause] += idle
    case .memory:
      let own = min(max(0, load.busy / Double(load.uploads) * seconds - idle), sending - server)
      shares[.client] = idle + own
      shares[.network] = sending - server - own
    case .file:
      // A thread that uses no processor is blocked in a read of the file.
      let waiting = min(idle, load.busy * seconds)
      let own = min(max(0, load.busy / Double(load.uploads) * seconds - waiting), sending - server)
      shares[.client] = waiting + own
      shares[.disk] = idle - waiting
      shares[.network] = sending - server - own
      // A socket that is empty most of the time: what it sends, it sends while the next bytes are read.
      if shares[.disk] >= seconds / 2 {
        shares[.disk] += shares[.network]
        shares[.network] = 0
      }
    }
    return shares
  }

  /// Which part of the time with bytes under way is the server's.
  /// - Parameter part: in which the receive window was too small, 0 to 1.
  private static func serverPart(_ part: Double, _ reading: LinkReading) -> Double {
    // BBR sends at the rate at which a slow server receives, and waits for that instead of the window.
    let isHidden = reading.isPaced && (part >= 0.5 || part >= 0.1 && reading.fillsWindow)
    return isHidden ? 1 : part
  }

  /// Divides time in which an incoming upload waited for bytes.
  /// - Parameters:
  ///   - filled: the part of its reads from the socket, 0 to 1, after which more bytes were waiting there.
  ///   - first: the reading at the beginning of that time; nil where none is known.
  ///   - last: the reading at its end.
  ///   - elapsed: seconds between both readings.
  package static func incoming(
    _ seconds: Double,
    filled: Double,
    from first: LinkReading?,
    to last: LinkReading?,
    elapsed: Double,
    load: Load
  ) -> TimeShares {
    if let first, let last, isLossy(from: first, to: last, elapsed: elapsed) { return TimeShares([.network: seconds]) }
    let server = min(seconds, load.busy * min(max(0, filled), 1) * seconds)
    return TimeShares([.server: server, .client: seconds - server])
  }

  /// Whether loss has kept the sender from sending faster: at that loss, TCP can carry (Mathis et al., 1997)
  /// packet / round trip · √(3/2 / loss), and has carried at least half of it.
  private static func isLossy(from first: LinkReading, to last: LinkReading, elapsed: Double) -> Bool {
    let (packets, late) = (last.receivedPackets &- first.receivedPackets, last.outOfOrder &- first.outOfOrder)
    let bytes = last.receivedBytes &- first.receivedBytes
    guard late > 0, packets > 0, late <= packets, bytes > 0, elapsed > 0, last.packetSize > 0, last.roundTrip > 0 else {
      return false
    }
    let rate = Double(bytes) / elapsed
    // All packets behind a lost one arrive too early: those of half a round trip, on average.
    let behind = max(1, rate * last.roundTrip / last.packetSize / 2)
    let loss = min(1, Double(late) / behind / Double(packets))
    return rate >= last.packetSize / last.roundTrip * (1.5 / loss).squareRoot() / 2
  }
}

extension LinkTimes.Content {
  /// What the time counts for where the kernel does not tell.
  fileprivate var unknown: TimeCause {
    switch self {
    case .file, .memory: .server
    case .sent(let cause): cause
    }
  }
}

/// Measures how much of a processor the calling thread uses between two calls.
package struct ThreadLoad: Sendable {
  private var processor: Double
  private var at: ContinuousClock.Instant

  /// Begins to measure. Makes a system call.
  package init(at now: ContinuousClock.Instant) { (processor, at) = (Self.processorSeconds, now) }

  /// The part of a processor, 0 to 1, since the last call. Makes a system call, and must be called on the same thread.
  package mutating func take(at now: ContinuousClock.Instant) -> Double {
    let last = self
    self = ThreadLoad(at: now)
    let elapsed = (now - last.at).inSeconds
    return elapsed > 0 ? min(max(0, (processor - last.processor) / elapsed), 1) : 0
  }

  private static var processorSeconds: Double { Double(clinux_thread_time()) * 1e-9 }
}
