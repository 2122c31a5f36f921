import Synchronization
import UploadCore

/// How far the file of an unfinished upload has been written without a gap, while one request appends to it. Workers
/// update it after each write; two writes may end in either order.
///
/// The offset is also kept in a counter file, which survives the death of the process but not a power failure: it is
/// written after each contiguous write and never synced.
final class AppendProgress: Sendable {
  /// The offset at which the request begins, in bytes.
  let start: UInt64
  private let counter: Int32
  private let calls: FileCalls
  private let state: Mutex<State>
  /// Who uses this: the file until it is closed, and work that must end before another request may begin.
  private let users = Atomic<Int>(1)
  private let onEnd: @Sendable () -> Void

  private struct State {
    var written: WrittenRanges
    /// Whether written bytes do not count yet.
    var isProvisional: Bool
  }

  /// - Parameters:
  ///   - start: the offset at which the request begins, in bytes.
  ///   - isProvisional: whether bytes count only after ``commit()``.
  ///   - counter: the descriptor of the counter file, owned by this; negative for none.
  ///   - onEnd: called once, on any thread, when the file is closed and every user has called ``release()``.
  init(
    start: UInt64,
    isProvisional: Bool,
    counter: Int32,
    calls: FileCalls,
    onEnd: @escaping @Sendable () -> Void
  ) {
    self.start = start
    self.counter = counter
    self.calls = calls
    self.onEnd = onEnd
    state = Mutex(State(written: WrittenRanges(end: start), isProvisional: isProvisional))
  }

  /// Up to which offset every byte has been written, in bytes.
  var written: UInt64 { state.withLock { $0.written.end } }

  /// Up to which offset bytes count if the request ends now, in bytes.
  var kept: UInt64 { state.withLock { $0.isProvisional ? start : $0.written.end } }

  /// Notes that a range of bytes has been written.
  func wrote(_ range: Range<UInt64>) {
    state.withLock { state in
      if state.written.add(range), !state.isProvisional { writeCounter(state.written.end) }
    }
  }

  /// Writes the offset at which the request begins to the counter file.
  func resetCounter() { writeCounter(start) }

  /// Makes provisional bytes count.
  func commit() {
    state.withLock { state in
      state.isProvisional = false
      writeCounter(state.written.end)
    }
  }

  /// Writes the counter file. A failure is ignored: then it states an earlier offset.
  private func writeCounter(_ offset: UInt64) {
    guard counter >= 0 else { return }
    withUnsafeBytes(of: offset.littleEndian) { _ = calls.write(counter, $0, 0) }
  }

  /// Defers the end until another ``release()``.
  func retain() { users.add(1, ordering: .relaxed) }

  func release() {
    guard users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
    DescriptorReserve.closeFile(counter)
    onEnd()
  }
}

/// Ranges of a file that are written in any order, and how far they reach without a gap.
struct WrittenRanges: Sendable {
  /// Every byte before this offset has been written.
  private(set) var end: UInt64
  /// Ranges behind a gap: as many as writes run at once, at most.
  private var later: [Range<UInt64>] = []

  /// - Parameter end: all bytes before this offset have been written.
  init(end: UInt64) {
    self.end = end
  }

  /// - Returns: whether ``end`` has grown.
  mutating func add(_ range: Range<UInt64>) -> Bool {
    let before = end
    later.append(range)
    while let index = later.firstIndex(where: { $0.lowerBound <= end }) {
      end = max(end, later.remove(at: index).upperBound)
    }
    return end > before
  }
}
