import NIOCore

/// Decides how many bytes of a download are written at once. A pure state machine; the caller passes the event loop's
/// time.
struct DownloadPartSizes: Equatable {
  /// How a body gets to the socket.
  enum Transport: Equatable {
    /// By sendfile, from the page cache: a part needs no memory of this process.
    ///
    /// A part is small for a client that reads slowly, since its pages may be dropped from the page cache until they are
    /// sent, and sendfile would then wait for the disk on the event loop; a fast client reads a part within a fraction
    /// of a second.
    case sendfile
    /// Through buffers, which TLS encrypts: thousands of clients may read slowly at the same time, so a buffer is small
    /// until a client has read much.
    case buffers
    /// As the buffers arrive from a store that is no local disk.
    case stream
  }

  /// A part that was sent within this time is followed by one of twice its length.
  private static let fast = TimeAmount.milliseconds(200)
  /// One that took longer than this is followed by one of half its length.
  private static let slow = TimeAmount.seconds(2)
  /// The least and most bytes that sendfile sends in one part, and those of the first. 4 MiB take about a millisecond on
  /// loopback, in which the loop serves nothing else, and the turn of the loop between two parts some 20 µs.
  static let sendfile = (least: UInt64(128 << 10), first: UInt64(512 << 10), most: UInt64(4 << 20))
  /// The bytes of a buffer at first, and for a client that reads fast. Of the large ones two are in use at once.
  static let buffer = (small: UInt64(32 << 10), large: UInt64(256 << 10))
  /// After this many bytes a client of ``Transport/buffers`` counts as fast: the buffers of sockets are smaller, so it
  /// is reading.
  static let fastFrom: UInt64 = 16 << 20

  private(set) var transport: Transport
  /// The length of the next part, in bytes; the end of the body may come earlier.
  private(set) var length: UInt64

  init(_ transport: Transport) {
    self.transport = transport
    length = transport == .sendfile ? Self.sendfile.first : Self.buffer.small
  }

  /// Whether the next part is prepared while one is being sent: for a client that reads fast, where the next part would
  /// otherwise keep it waiting.
  var preparesAhead: Bool {
    switch transport {
    case .sendfile: length > Self.sendfile.first
    case .buffers: length == Self.buffer.large
    case .stream: false
    }
  }

  /// A part was sent.
  mutating func noteSent(in time: TimeAmount) {
    guard transport == .sendfile else { return }
    if time <= Self.fast {
      length = min(2 * length, Self.sendfile.most)
    } else if time > Self.slow {
      length = max(length / 2, Self.sendfile.least)
    }
  }

  /// Whether larger buffers are worth their memory now; ask for it, and call ``growBuffers()`` if it is granted.
  /// - Parameter sent: bytes of the body that were sent so far.
  func wantsLargeBuffers(sent: UInt64) -> Bool {
    transport == .buffers && length == Self.buffer.small && sent >= Self.fastFrom
  }

  mutating func growBuffers() {
    length = Self.buffer.large
  }

  /// The file system does not support sendfile.
  mutating func useBuffers() {
    self = DownloadPartSizes(.buffers)
  }
}
