import Synchronization
import UploadCore

/// Admits uploads to the space of a file system: keeps part of it free, and promises no byte to two uploads.
///
/// Blocks that a file has reserved are no longer free for the system. Space is promised only to files without blocks: where
/// the file system cannot reserve, or whose length is unknown. So a byte is counted twice only while it is written, or while
/// its block is reserved, and no upload is rejected for that. Makes system calls: for workers only.
final class FreeSpace: Sendable {
  /// So much stays free, in bytes.
  private let kept: SizeSetting
  private let free: @Sendable () -> UInt64?
  private let promised = Atomic<UInt64>(0)
  /// Held while free space is read and promised: two uploads that read it at once would both find the same space.
  private let admission = Mutex<Void>(())
  /// Held while blocks are reserved whose bytes are still promised. That may take long: only an upload that would be
  /// rejected waits for it.
  private let settlement = Mutex<Void>(())

  /// - Parameter free: bytes that may be used; nil when that is not known; then every upload is accepted.
  init(keeping kept: SizeSetting, free: @escaping @Sendable () -> UInt64?) {
    self.kept = kept
    self.free = free
  }

  /// Lets a file grow by `count` bytes: they are promised until ``release(_:)``, so that files that grow at the same time do
  /// not all find the same space.
  /// - Throws: ``UploadError`` with code `diskFull`.
  func promise(_ count: UInt64) throws(UploadError) {
    if promiseIfRoom(for: count) { return }
    // What is being reserved counts twice: checked again when nothing is.
    try settlement.withLock { _ throws(UploadError) in
      try admission.withLock { _ throws(UploadError) in
        try check(count)
        promised.add(count, ordering: .relaxed)
      }
    }
  }

  private func promiseIfRoom(for count: UInt64) -> Bool {
    admission.withLock { _ in
      guard hasRoom(for: count) else { return false }
      promised.add(count, ordering: .relaxed)
      return true
    }
  }

  /// Lets `step` reserve the blocks of promised bytes and ``release(_:)`` these.
  /// - Throws: what `step` throws.
  func settle<Result: Sendable>(_ step: () throws(UploadError) -> Result) throws(UploadError) -> Result {
    try settlement.withLock { _ throws(UploadError) in try step() }
  }

  /// Reserves blocks for a file of unknown length ahead of what has arrived, if there is room for so many.
  /// - Parameter reserve: reserves them; false where that cannot be done.
  /// - Returns: whether they are reserved.
  func reserveAhead(_ count: UInt64, reserve: () -> Bool) -> Bool {
    guard promiseIfRoom(for: count) else { return false }
    return settlement.withLock { _ in
      defer { release(count) }
      return reserve()
    }
  }

  /// So many promised bytes have been written, or will never arrive.
  func release(_ count: UInt64) {
    promised.subtract(count, ordering: .releasing)
  }

  /// Whether `count` more bytes would leave enough free.
  func hasRoom(for count: UInt64) -> Bool {
    lack(of: count) == nil
  }

  /// - Throws: ``UploadError`` with code `diskFull` and the numbers when `count` more bytes would not leave enough free.
  func check(_ count: UInt64) throws(UploadError) {
    guard let lack = lack(of: count) else { return }
    var message = "Not enough space is left on the server: \(ByteSize.text(count)) more are needed, "
    message += "\(ByteSize.text(lack.free)) are free, of which \(kept) are kept free (--min-free)"
    if lack.promised > 0 { message += " and \(ByteSize.text(lack.promised)) are promised to what is under way" }
    throw UploadError(.diskFull, message + ". Free some and send the file again.")
  }

  private func lack(of count: UInt64) -> (free: UInt64, promised: UInt64)? {
    // Promises first: one that is fulfilled in between is then counted twice; in the other order it would not be counted.
    let promised = promised.load(ordering: .acquiring)
    guard let free = free() else { return nil }
    let (used, isOverflow) = kept.bytes.addingReportingOverflow(promised)
    let left = isOverflow || used > free ? 0 : free - used
    return count <= left ? nil : (free, promised)
  }
}
