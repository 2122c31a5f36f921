import Glibc
import Synchronization

/// The entry of one file in a ``ResumeJournal``, reserved for this process until ``release()``. Its methods block; call them
/// on a thread pool.
final class JournalClaim: Sendable {
  private struct State {
    /// The entry that was written or read last; nil where there is none.
    var entry: ResumeJournal.Entry?
    /// When the progress was noted last.
    var notedAt = ContinuousClock.now
    var isReleased = false
  }

  /// The longest time between two notes of the progress.
  private static let interval = Duration.seconds(5)
  /// Bytes after which it is noted earlier.
  private static let distance: UInt64 = 64 << 20

  private let journal: ResumeJournal
  private let key: String
  private let lock: JournalLock
  /// Locked while a file is written, so that an older entry never replaces a newer one.
  private let state: Mutex<State>

  init(journal: ResumeJournal, key: String, lock: JournalLock) {
    (self.journal, self.key, self.lock) = (journal, key, lock)
    state = Mutex(State(entry: journal.entry(key)))
  }

  deinit { release() }

  /// The entry; nil where there is none.
  var entry: ResumeJournal.Entry? { state.withLock { $0.entry } }

  /// Replaces the entry.
  /// - Returns: whether it was written.
  @discardableResult
  func write(_ entry: ResumeJournal.Entry) -> Bool {
    state.withLock { write(entry, &$0) }
  }

  /// Changes the entry if there is one, and writes it if it is different then.
  func update(_ change: (inout ResumeJournal.Entry) -> Void) {
    state.withLock { state in
      guard var entry = state.entry else { return }
      change(&entry)
      if entry != state.entry { _ = write(entry, &state) }
    }
  }

  /// Notes that `offset` bytes were sent, if that is at least 64 MiB more than in the entry, or 5 s have passed.
  /// - Parameter expires: when the server deletes the upload; nil when that is not known.
  func noteProgress(_ offset: UInt64, expires: Int64?) {
    state.withLock { state in
      guard var entry = state.entry else { return }
      let now = ContinuousClock.now
      guard now - state.notedAt >= Self.interval || offset > entry.offset &+ Self.distance else { return }
      state.notedAt = now
      (entry.offset, entry.expires) = (offset, expires ?? entry.expires)
      if entry != state.entry { _ = write(entry, &state) }
    }
  }

  /// Removes the entry: the upload has ended. Another one may be written.
  func remove() {
    state.withLock { state in
      guard !state.isReleased else { return }
      state.entry = nil
      journal.deleteEntry(key)
    }
  }

  /// Leaves the place to other processes. Later calls of any method change nothing.
  func release() {
    state.withLock { state in
      guard !state.isReleased else { return }
      state.isReleased = true
      // A lock's file without an entry is of no use.
      if state.entry == nil { journal.delete(key, lock) }
      lock.release()
    }
  }

  private func write(_ entry: ResumeJournal.Entry, _ state: inout State) -> Bool {
    guard !state.isReleased else { return false }
    state.entry = entry
    return journal.write(entry, key)
  }
}

/// An exclusive lock on a file, which this object keeps open, until ``release()`` or the end of the object.
final class JournalLock: Sendable {
  private let descriptor: CInt

  /// - Parameter creates: whether to create a file that does not exist.
  /// - Returns: nil when another process, or another object of this one, has the lock, or the file cannot be opened.
  init?(_ path: String, creates: Bool = true) {
    while true {
      let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (creates ? O_CREAT : 0)
      let descriptor = open(path, flags, 0o600)
      guard descriptor >= 0 else { return nil }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        return nil
      }
      // Between open and lock the file may have been deleted: a lock on it would exclude no other process.
      var (own, named) = (stat(), stat())
      if fstat(descriptor, &own) == 0, lstat(path, &named) == 0, own.st_ino == named.st_ino {
        self.descriptor = descriptor
        return
      }
      close(descriptor)
      guard creates else { return nil }
    }
  }

  deinit { close(descriptor) }

  /// Unlocks the file.
  func release() { flock(descriptor, LOCK_UN) }
}
