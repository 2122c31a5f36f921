import Glibc
import Synchronization

@testable import UploadStorage

/// System calls that are logged, and fail where a test decides so.
final class FaultyDisk: Sendable {
  /// What one call does.
  enum Outcome: Sendable {
    /// Calls the real one.
    case fine
    /// Fails with this `errno`.
    case fails(Int32)
    /// Writes only so many bytes.
    case short(Int)
  }

  /// A call that was made.
  enum Call: Sendable, Equatable {
    case write(offset: UInt64, count: Int)
    case reserve(Range<UInt64>)
    case reserveKeepingSize(Range<UInt64>)
    case copy(count: Int)
    case truncate(UInt64)
    case sync, openAgain, syncFileSystem, syncDirectory
    case direct(Bool)
    case openUnnamed
    case setMode(UInt32)
    case link, renameNew, rename, exchange
    case makeDirectory, openDirectory
    case setModified(Int64)
    case startWriteback(Range<UInt64>)
    case dropWritten(Range<UInt64>)
  }

  private let log = Mutex<[Call]>([])
  private let decide: @Sendable (Call) -> Outcome
  private let hasLittleToWrite: Bool
  private let isSpared: Atomic<Bool>

  /// - Parameters:
  ///   - hasLittleToWrite: what ``FileCalls/hasLittleToWrite`` returns.
  ///   - sparesOpening: whether no call fails until ``clear()``, so that a directory can be opened.
  ///   - decide: called before every call, in the order in which they are made.
  init(
    hasLittleToWrite: Bool = true,
    sparesOpening: Bool = false,
    _ decide: @escaping @Sendable (Call) -> Outcome = { _ in .fine }
  ) {
    self.hasLittleToWrite = hasLittleToWrite
    self.decide = decide
    isSpared = Atomic(sparesOpening)
  }

  /// The calls so far.
  var made: [Call] { log.withLock { $0 } }

  /// Clears the log of calls, such as those by which the directory was probed when the store was made.
  func clear() {
    log.withLock { $0 = [] }
    isSpared.store(false, ordering: .relaxed)
  }

  var calls: FileCalls {
    let real = FileCalls()
    var calls = FileCalls()
    calls.write = { descriptor, bytes, offset in
      switch self.note(.write(offset: offset, count: bytes.count)) {
      case .fine: return real.write(descriptor, bytes, offset)
      case .short(let count):
        return real.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), offset)
      case .fails(let number):
        errno = number
        return -1
      }
    }
    calls.reserve = { descriptor, range in self.unless(.reserve(range)) { real.reserve(descriptor, range) } }
    calls.reserveKeepingSize = { descriptor, range in
      self.unless(.reserveKeepingSize(range)) { real.reserveKeepingSize(descriptor, range) }
    }
    calls.copy = { source, range, target, offset in
      switch self.note(.copy(count: range.count)) {
      case .fine: return real.copy(source, range, target, offset)
      case .short(let count):
        return real.copy(source, range.lowerBound..<range.lowerBound + UInt64(count), target, offset)
      case .fails(let number):
        errno = number
        return -1
      }
    }
    calls.truncate = { descriptor, length in self.unless(.truncate(length)) { real.truncate(descriptor, length) } }
    calls.sync = { descriptor in self.unless(.sync) { real.sync(descriptor) } }
    calls.openAgain = { descriptor in self.unless(.openAgain) { real.openAgain(descriptor) } }
    // What kind of file system the tests run on must not decide which way they take.
    calls.syncFileSystem = { _ in self.unless(.syncFileSystem) { 0 } }
    // What others have to write must not decide which way a test takes.
    calls.hasLittleToWrite = { self.hasLittleToWrite }
    calls.syncDirectory = { descriptor in self.unless(.syncDirectory) { real.syncDirectory(descriptor) } }
    calls.setDirect = { descriptor, isOn in self.unless(.direct(isOn)) { real.setDirect(descriptor, isOn) } }
    calls.openUnnamed = { descriptor in self.unless(.openUnnamed) { real.openUnnamed(descriptor) } }
    calls.link = { file, directory, name in self.unless(.link) { real.link(file, directory, name) } }
    calls.setMode = { file, mode in self.unless(.setMode(mode)) { real.setMode(file, mode) } }
    calls.renameNew = { from, name, to, newName in
      self.unless(.renameNew) { real.renameNew(from, name, to, newName) }
    }
    calls.exchange = { directory, one, other, name in
      self.unless(.exchange) { real.exchange(directory, one, other, name) }
    }
    calls.rename = { from, name, to, newName in self.unless(.rename) { real.rename(from, name, to, newName) } }
    calls.makeDirectory = { directory, name in self.unless(.makeDirectory) { real.makeDirectory(directory, name) } }
    calls.openDirectory = { directory, name in self.unless(.openDirectory) { real.openDirectory(directory, name) } }
    calls.setModified = { file, seconds, nanoseconds in
      self.unless(.setModified(seconds)) { real.setModified(file, seconds, nanoseconds) }
    }
    calls.startWriteback = { descriptor, range in
      self.unless(.startWriteback(range)) { real.startWriteback(descriptor, range) }
    }
    calls.dropWritten = { descriptor, range in
      self.unless(.dropWritten(range)) { real.dropWritten(descriptor, range) }
    }
    return calls
  }

  private func note(_ call: Call) -> Outcome {
    log.withLock { $0.append(call) }
    return isSpared.load(ordering: .relaxed) ? .fine : decide(call)
  }

  private func unless(_ call: Call, _ body: () -> Int32) -> Int32 {
    guard case .fails(let number) = note(call) else { return body() }
    errno = number
    return -1
  }
}
