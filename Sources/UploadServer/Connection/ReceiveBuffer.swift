import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// The receive buffer of one connection: grows from 16 KiB to 1 MiB while reads fill it, so that a fast sender costs few
/// system calls and a slow one little memory, and only as far as the memory budget allows.
///
/// NIO keeps a connection's buffer until the connection ends; so it grows only on proof. What has grown is
/// used no more once a read turns out to be thousands of tiny chunks or requests: all of a read is decoded in one turn,
/// during which every other connection of the loop waits. Under a rate limit it stays so small that a window of a second
/// is smooth.
final class ReceiveBuffer: Sendable {
  private static let smallest = 16 * 1024
  private static let largest = 1024 * 1024
  /// The first read under a rate limit: many may begin at once, and from then on they take turns.
  private static let smallestLimited = 1024

  /// How far it grows under TLS, where each byte is in memory three times: as received, in the decrypter, and decrypted.
  private static let largestSecure = 256 * 1024
  private static let copiesSecure = 3

  private let server: ServerContext
  private let isSecure: Bool
  private let first: Int
  private let size: Atomic<Int>
  /// It has carried tiny pieces: from then on it does not grow, and little of it is used.
  private let staysSmall = Atomic<Bool>(false)

  /// A read of more parts than this, and one for each so many bytes, is one of tiny pieces.
  private static let fewParts = 16
  private static let partSize = 512
  /// What is read at once from then on: about a millisecond's work, so that other connections of the loop are served in turn.
  private static let tiny = 4 * 1024

  /// - Parameter isSecure: whether what it takes is decrypted before it is of use.
  init(_ server: ServerContext, isSecure: Bool = false) {
    self.server = server
    self.isSecure = isSecure
    first = server.hasRateLimit ? Self.smallestLimited : Self.smallest
    size = Atomic(first)
  }

  deinit {
    let grown = size.load(ordering: .relaxed) - first
    if grown > 0 { server.budget.shrinkBuffer(by: copies * grown) }
  }

  /// Sets a channel up to read into this buffer: one read a turn.
  func apply(to channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(.maxMessagesPerRead, value: 1)
    try options.setOption(.recvAllocator, value: allocator)
    // When the sender has closed, NIO reads all that the kernel still holds, whatever was asked for:
    // without a bound on the window that can be tens of megabytes.
    try options.setOption(.tcpOption(.init(rawValue: TCPOption.windowClamp)), value: 4 * 1024 * 1024)
  }

  /// What NIO asks.
  var allocator: any RecvByteBufferAllocator { Allocator(buffer: self) }

  /// So much was read at once. Called by the channel alone, on its event loop.
  func noteRead(_ count: Int) {
    let size = size.load(ordering: .relaxed)
    guard count >= size, 2 * size <= largest, !staysSmall.load(ordering: .relaxed),
      server.budget.growBuffer(by: copies * size)
    else { return }
    self.size.store(2 * size, ordering: .relaxed)
  }

  /// What `count` bytes that were read have been decoded into.
  func noteParts(_ parts: Int, of count: Int) {
    guard parts > Self.fewParts + count / Self.partSize else { return }
    staysSmall.store(true, ordering: .relaxed)
  }

  /// So much is read at once now, in bytes.
  var readSize: Int {
    staysSmall.load(ordering: .relaxed) ? min(first, Self.tiny) : size.load(ordering: .relaxed)
  }

  /// Whether NIO holds a larger buffer than is to be read into.
  private var isSetAside: Bool { readSize < size.load(ordering: .relaxed) }

  /// How often a byte that is read is in memory.
  private var copies: Int { isSecure ? Self.copiesSecure : 1 }

  private var largest: Int {
    let largest = isSecure ? Self.largestSecure : Self.largest
    guard server.hasRateLimit else { return largest }
    let shared = server.limiter?.chunkSize ?? largest
    let own = server.limits.ratePerUpload.map { RateLimiter(bytesPerSecond: $0).chunkSize } ?? largest
    return min(shared, own)
  }

  private struct Allocator: RecvByteBufferAllocator {
    let buffer: ReceiveBuffer

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
      allocator.buffer(capacity: buffer.readSize)
    }

    /// With a size NIO uses the buffer it holds, whole; without, and since each read may be longer than the
    /// one before, it makes a new one for each.
    func nextBufferSize() -> Int? {
      buffer.isSetAside ? nil : buffer.readSize
    }

    mutating func record(actualReadBytes: Int) -> Bool {
      buffer.noteRead(actualReadBytes)
      return true
    }
  }
}

private enum TCPOption {
  /// TCP_WINDOW_CLAMP of linux/tcp.h.
  static let windowClamp: CInt = 10
}
