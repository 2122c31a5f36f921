import Glibc
import UploadCore

/// How the record of an upload ends. Other servers on the same directory may be changing it.
extension UnfinishedFolder {
  /// Deletes an upload: the record first, since without it the other files are leftovers. Ignores unknown ones.
  /// - Throws: ``UploadError`` when the record cannot be deleted; then the upload is as it was.
  func remove(_ id: UnfinishedID) throws(UploadError) {
    guard unlinkat(descriptor, name(id, .record), 0) == 0 || errno == ENOENT else {
      let cause = SystemCallError("unlink", errno)
      throw UploadError(.storageFailed, "The upload could not be deleted: \(cause).", cause: cause)
    }
    remove([.data, .counter, .draft], of: id)
  }

  /// Records that an upload is published, unless that is recorded already, and removes its other files.
  /// - Returns: the record as it is now; nil when there is none, or it could not be changed.
  @discardableResult
  func notePublished(_ stored: StoredFile, _ id: UnfinishedID) -> UnfinishedEntry? {
    let entry = try? change(id) { entry in
      if case .finished = entry.record.state { return }
      (entry.record.state, entry.publication) = (.finished(stored), nil)
    }
    remove([.data, .counter], of: id)
    return entry
  }

  /// Notes that an upload cannot be continued, and deletes its bytes. Where the record cannot be written, that is
  /// deleted too.
  func markGone(_ id: UnfinishedID) {
    do throws(UploadError) {
      try change(id) { $0.markGone() }
    } catch {
      remove([.record], of: id)
    }
    remove([.data, .counter], of: id)
  }

  /// Does what ``markGone(_:)`` does, unless another server has continued or published the upload since its record was
  /// read: then its bytes are only missing where they were expected.
  /// - Parameters:
  ///   - seen: the record as it was read.
  ///   - isLost: whether the bytes are still missing; called while no other change of the record can happen.
  /// - Returns: the record as it is now.
  func markGone(_ seen: UnfinishedEntry, where isLost: () -> Bool = { true }) -> UnfinishedEntry {
    let id = seen.record.id
    var isGone = false
    var gone = seen
    gone.markGone()
    do throws(UploadError) {
      let changed = try change(id) { entry in
        guard entry.hasSameBytes(as: seen), isLost() else { return }
        isGone = true
        entry.markGone()
      }
      if let changed, !isGone { return changed }
      gone = changed ?? gone
    } catch {
      guard isGone else { return seen }
      remove([.record], of: id)
    }
    remove([.data, .counter], of: id)
    return gone
  }
}
