import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// The receive buffer of one connection: grows from 16 KiB to 1 MiB (256 KiB under TLS) while reads fill it, so that a
/// fast sender costs few system calls and a slow one little memory, and only as far as the memory budget allows.
///
/// SwiftNIO retains the first buffer of a connection until the connection ends. So that one has only 1 KiB, and until
/// the buffer grows each later read gets one of its own, which is freed after it: thousands of slow connections do not
/// retain 16 KiB each. A grown buffer is retained, so it grows only when needed, and it is no
/// longer used in full once a read consists of many tiny chunks or requests: a read is decoded in one turn, during
/// which every other connection of the loop waits. Under a rate limit the buffer stays so small that the rate is smooth
/// within each second.
final class ReceiveBuffer: RecvByteBufferAllocator, Sendable {
  private static let smallest = 16 * 1024
  /// The size of the buffer that SwiftNIO retains before it grows, in bytes: enough for the headers of most requests.
  private static let smallestRetained = 1024
  private static let largestPlain = 1024 * 1024
  /// The size of the first read under a rate limit, in bytes: many uploads may begin at once, and take turns after it.
  private static let smallestLimited = 1024
  /// The largest size under TLS, where each byte is in memory three times: received, in the decrypter, and decrypted.
  private static let largestSecure = 256 * 1024
  /// A read consists of tiny parts when it has more than this many, and more than one for each ``partSize`` bytes.
  private static let fewParts = 16
  private static let partSize = 512
  /// The size of reads after that, in bytes: about a millisecond's work, so that the loop serves connections in turn.
  private static let tiny = 4 * 1024
  /// TCP_WINDOW_CLAMP of linux/tcp.h.
  private static let windowClamp: CInt = 10

  private let budget: MemoryBudget
  /// How often a received byte is in memory, see ``largestSecure``.
  private let copies: Int
  /// The first and the largest size, in bytes.
  private let first, largest: Int
  private let size: Atomic<Int>
  /// Whether a read had tiny parts: the buffer no longer grows, and only a part of it is used.
  private let staysSmall = Atomic<Bool>(false)
  private let readCount = Atomic<UInt64>(0)
  private let fullCount = Atomic<UInt64>(0)
  /// The most that a read accepts because the user limits or pauses the upload, in bytes.
  private let limit = Atomic<Int>(Int.max)
  /// Whether SwiftNIO has the buffer that it retains.
  private let isRetained = Atomic<Bool>(false)

  /// - Parameters:
  ///   - server: its memory budget and its rate limits apply.
  ///   - isSecure: whether the bytes have to be decrypted (TLS).
  init(_ server: ServerContext, isSecure: Bool = false) {
    budget = server.budget
    copies = isSecure ? 3 : 1
    let limiters = server.limitersOfUpload()
    first = limiters.isEmpty ? Self.smallest : Self.smallestLimited
    size = Atomic(first)
    largest = limiters.reduce(isSecure ? Self.largestSecure : Self.largestPlain) { min($0, $1.chunkSize) }
  }

  deinit {
    let grown = size.load(ordering: .relaxed) - first
    if grown > 0 { budget.shrinkBuffer(by: copies * grown) }
  }

  /// Makes a channel read into this buffer, once per turn of its loop, and limits its TCP window to 4 MiB. Call it on
  /// the channel's event loop, before it reads.
  /// - Throws: the error of a channel option.
  func apply(to channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(.maxMessagesPerRead, value: 1)
    try options.setOption(.recvAllocator, value: self)
    // When the sender has closed, SwiftNIO reads all that the kernel still has, regardless of back-pressure. Without a
    // limit on the window that can be tens of megabytes.
    try options.setOption(.tcpOption(.init(rawValue: Self.windowClamp)), value: 4 * 1024 * 1024)
  }

  /// How many bytes of the buffer that `bytes` are a slice of stay in memory once nothing refers to them any more.
  static func retained(of bytes: ByteBuffer) -> Int {
    bytes.storageCapacity > smallest ? bytes.storageCapacity : min(bytes.storageCapacity, smallestRetained)
  }

  /// The most bytes that the next read accepts.
  var readSize: Int {
    let size = staysSmall.load(ordering: .relaxed) ? min(first, Self.tiny) : size.load(ordering: .relaxed)
    return min(size, limit.load(ordering: .relaxed))
  }

  /// Limits later reads, so that the rate is smooth under a limit that the user has set.
  /// - Parameter count: in bytes; less than 1 counts as 1, nil is no limit.
  func limitReads(to count: Int?) { limit.store(count.map { max(1, $0) } ?? .max, ordering: .relaxed) }

  /// Notes that `count` bytes which were read at once have been decoded into so many parts. With more than 16 parts
  /// plus one for each 512 bytes, all later reads are limited to 4 KiB, or 1 KiB under a rate
  /// limit.
  func noteParts(_ parts: Int, of count: Int) {
    guard parts > Self.fewParts + count / Self.partSize else { return }
    staysSmall.store(true, ordering: .relaxed)
  }

  /// How many reads there were from the socket, and how many have filled the buffer: then more bytes were waiting there,
  /// and the client had not to be waited for.
  struct Reads: Equatable {
    var all: UInt64
    var full: UInt64
  }

  var reads: Reads {
    Reads(all: readCount.load(ordering: .relaxed), full: fullCount.load(ordering: .relaxed))
  }

  // MARK: RecvByteBufferAllocator, called by the channel on its event loop

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    let isFirst = !isRetained.exchange(true, ordering: .relaxed)
    return allocator.buffer(capacity: isFirst ? min(readSize, Self.smallestRetained) : readSize)
  }

  /// The size of the retained buffer for the next read, in bytes. Called by SwiftNIO.
  /// - Returns: nil when the buffer has not grown, or is larger than ``readSize``, and must not be filled: SwiftNIO
  ///   then makes a new buffer for each read, because ``record(actualReadBytes:)`` returns true.
  func nextBufferSize() -> Int? {
    let size = size.load(ordering: .relaxed)
    return size == first || readSize < size ? nil : readSize
  }

  /// Doubles the buffer when a read has filled it, unless it would exceed its largest size, the budget rejects that, or
  /// reads had tiny parts. Called by SwiftNIO after each read.
  /// - Returns: always true: SwiftNIO may make a larger buffer.
  func record(actualReadBytes count: Int) -> Bool {
    let size = size.load(ordering: .relaxed)
    // Only the channel's event loop writes them.
    readCount.store(readCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    if count >= min(size, readSize) { fullCount.store(fullCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    if count >= size, 2 * size <= largest, !staysSmall.load(ordering: .relaxed), budget.growBuffer(by: copies * size) {
      self.size.store(2 * size, ordering: .relaxed)
    }
    return true
  }
}
