import Synchronization
import UploadCore

/// Distributes the free space of a file system among uploads: leaves part of it free, and promises no byte to two
/// uploads.
///
/// Blocks that a file has reserved are no longer free for the system. Space is promised only to files without blocks:
/// where the file system cannot reserve, or whose length is unknown. So a byte is counted twice only during its write,
/// or while its block is being reserved; for the latter no upload is rejected. Makes system calls and waits: call it on
/// workers only.
final class FreeSpace: Sendable {
  /// How much stays free, in bytes.
  private let kept: SizeSetting
  private let free: @Sendable () -> UInt64?
  /// Bytes that are promised and have no blocks yet. Wraps: where the free space is not known the sum of the sizes that
  /// clients announce has no limit.
  private let promised = Atomic<UInt64>(0)
  /// Locked while free space is read and promised: two uploads that read it at once would both find the same space.
  private let admission = Mutex<Void>(())
  /// Locked while blocks are reserved whose bytes are still promised. That may take long: only an upload that would be
  /// rejected waits for it.
  private let settlement = Mutex<Void>(())

  /// - Parameters:
  ///   - kept: how much stays free.
  ///   - free: reads how many bytes may be used; nil when that is not known: then every upload is accepted.
  init(keeping kept: SizeSetting, free: @escaping @Sendable () -> UInt64?) {
    self.kept = kept
    self.free = free
  }

  /// Lets a file grow by `count` bytes: they are promised until ``release(_:)``, so that files that grow at the same
  /// time do not all find the same space. Where there seems to be no room, waits for a running ``settle(_:)`` or
  /// ``reserveAhead(_:reserve:)`` and checks again.
  /// - Throws: ``UploadError`` with code `diskFull` when not enough would stay free; then nothing is promised.
  func promise(_ count: UInt64) throws(UploadError) {
    if promiseIfRoom(for: count) == nil { return }
    // Blocks that are being reserved count twice: checked again when none are.
    if let shortage = settlement.withLock({ _ in promiseIfRoom(for: count) }) { throw shortage }
  }

  /// - Returns: nil when the bytes are promised, otherwise why not.
  private func promiseIfRoom(for count: UInt64) -> UploadError? {
    admission.withLock { _ in
      let shortage = shortage(of: count)
      if shortage == nil { promised.wrappingAdd(count, ordering: .relaxed) }
      return shortage
    }
  }

  /// Runs `step`, which reserves the blocks of promised bytes and releases these: meanwhile they count twice, so
  /// uploads that find no room wait for its end before they are rejected. One step runs at a time.
  /// - Throws: what `step` throws.
  func settle<Result: Sendable>(_ step: () throws(UploadError) -> Result) throws(UploadError) -> Result {
    try settlement.withLock { _ throws(UploadError) in try step() }
  }

  /// Reserves blocks for a file of unknown length ahead of its bytes, if there is room for so many.
  /// - Parameters:
  ///   - count: how much to reserve, in bytes.
  ///   - reserve: reserves them; false where that cannot be done. Not called when there is no room.
  /// - Returns: whether they are reserved.
  func reserveAhead(_ count: UInt64, reserve: () -> Bool) -> Bool {
    guard promiseIfRoom(for: count) == nil else { return false }
    return settlement.withLock { _ in
      defer { release(count) }
      return reserve()
    }
  }

  /// Ends the promise of `count` bytes, all or some of those promised: they have been written, have their blocks, or
  /// will never arrive.
  func release(_ count: UInt64) {
    promised.wrappingSubtract(count, ordering: .releasing)
  }

  /// Checks whether `count` more bytes would leave enough free, and promises nothing.
  /// - Throws: ``UploadError`` with code `diskFull` and the numbers when they would not.
  func check(_ count: UInt64) throws(UploadError) {
    if let shortage = shortage(of: count) { throw shortage }
  }

  /// How many more bytes would be accepted now: what is free, without the part that stays free and what is promised; nil
  /// when the free space is not known.
  var available: UInt64? { measured().map(\.available) }

  /// Why `count` more bytes cannot be stored; nil when enough would stay free.
  private func shortage(of count: UInt64) -> UploadError? {
    guard let (free, promised, available) = measured(), count > available else { return nil }
    var message = "Not enough space is left on the server: \(ByteSize.text(count)) more are needed, "
    message += "\(ByteSize.text(free)) are free, of which \(kept) are kept free (--min-free)"
    if promised > 0 { message += " and \(ByteSize.text(promised)) are promised to what is under way" }
    return UploadError(.diskFull, message + ". Free some space and send the file again.")
  }

  /// The space now, in bytes; nil when the free space is not known.
  private func measured() -> (free: UInt64, promised: UInt64, available: UInt64)? {
    // Promises first: one that is fulfilled in between is then counted twice; in the other order it would not be counted.
    let promised = promised.load(ordering: .acquiring)
    guard let free = free() else { return nil }
    let (used, isOverflow) = kept.bytes.addingReportingOverflow(promised)
    return (free, promised, isOverflow || used > free ? 0 : free - used)
  }
}
