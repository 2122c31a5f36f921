import CLinux

/// What the kernel says of a TCP connection at one instant (TCP_INFO). Counters count from the connection's beginning.
package struct LinkReading: Sendable, Equatable {
  /// Whether ``busy`` and ``windowLimited`` are known (Linux 4.9).
  package var hasTimes = false
  /// Seconds in which bytes were unacknowledged or not sent yet.
  package var busy = 0.0
  /// Seconds of these in which the peer's receive window was too small for more.
  package var windowLimited = 0.0
  /// The smoothed and the least time of a round trip in seconds; 0 where it is not known.
  package var roundTrip = 0.0
  package var leastRoundTrip = 0.0
  /// The newest estimate of what the link carries, in bytes per second; 0 where it is not known.
  package var deliveryRate = 0.0
  /// Packets with content that were sent, those sent again included, and how many were sent again.
  package var sentPackets: UInt64 = 0
  package var retransmitted: UInt64 = 0
  /// Packets with content that arrived, and how many of them arrived before an earlier one.
  package var receivedPackets: UInt64 = 0
  package var outOfOrder: UInt64 = 0
  package var receivedBytes: UInt64 = 0
  /// The largest content of a packet that arrives, in bytes.
  package var packetSize = 0.0
  /// Whether packets are sent again and again, or probes of a closed window, and the peer's system acknowledges none.
  package var isSilent = false

  /// Whether it is sent at the rate at which bytes were received (BBR): then the kernel counts only a part of the time
  /// as ``windowLimited`` when the peer is slow.
  package var isPaced = false

  /// Whether the bytes under way fill the peer's receive window, or nearly so.
  package var fillsWindow = false

  package init() {}

  /// Reads the state of a socket.
  /// - Returns: nil when it is no TCP socket.
  package init?(descriptor: CInt) {
    var link = clinux_link()
    guard clinux_read_link(descriptor, &link) == 0 else { return nil }
    (hasTimes, isPaced, fillsWindow) = (link.has_times != 0, link.is_paced != 0, link.fills_window != 0)
    (busy, windowLimited) = (Double(link.busy) * 1e-6, Double(link.window_limited) * 1e-6)
    roundTrip = Double(link.round_trip) * 1e-6
    // The kernel's value for no measurement yet.
    leastRoundTrip = link.least_round_trip == .max ? 0 : Double(link.least_round_trip) * 1e-6
    deliveryRate = Double(link.delivery_rate)
    (sentPackets, retransmitted) = (UInt64(link.sent_packets), UInt64(link.retransmitted))
    (receivedPackets, outOfOrder) = (UInt64(link.received_packets), UInt64(link.out_of_order))
    (receivedBytes, packetSize) = (link.received_bytes, Double(link.packet_size))
    isSilent = link.timeouts > 0 || link.probes > 1
  }
}

/// What the kernel has said last of an upload's connection: the facts beside its bottleneck.
package struct LinkFacts: Sendable, Equatable {
  /// The smoothed time of a round trip in seconds; nil where it is not known.
  package var roundTrip: Double?
  /// What the link carries, in bytes per second; nil for incoming uploads, and where it is not known.
  package var deliveryRate: Double?
  /// Of an outgoing upload the part of its packets that was sent again; of an incoming one the part that arrived before
  /// an earlier packet, as after a loss. 0 to 1.
  package var disturbed = 0.0

  /// Seconds in which the receive window of the server was too small for more; 0 for incoming uploads.
  package var windowSeconds = 0.0

  package init(
    roundTrip: Double? = nil,
    deliveryRate: Double? = nil,
    disturbed: Double = 0,
    windowSeconds: Double = 0
  ) {
    (self.roundTrip, self.deliveryRate) = (roundTrip, deliveryRate)
    (self.disturbed, self.windowSeconds) = (disturbed, windowSeconds)
  }

  /// - Parameter first: the reading at which the upload began on the connection, which may have served others before.
  package init(_ reading: LinkReading, since first: LinkReading, _ direction: UploadDirection) {
    let trip = reading.leastRoundTrip > 0 && reading.roundTrip <= 0 ? reading.leastRoundTrip : reading.roundTrip
    roundTrip = trip > 0 ? trip : nil
    let isIncoming = direction == .incoming
    deliveryRate = !isIncoming && reading.deliveryRate > 0 ? reading.deliveryRate : nil
    let all = isIncoming ? reading.receivedPackets &- first.receivedPackets : reading.sentPackets &- first.sentPackets
    let bad = isIncoming ? reading.outOfOrder &- first.outOfOrder : reading.retransmitted &- first.retransmitted
    windowSeconds = isIncoming ? 0 : max(0, reading.windowLimited - first.windowLimited)
    disturbed = all > 0 ? min(1, Double(bad) / Double(all)) : 0
  }
}
