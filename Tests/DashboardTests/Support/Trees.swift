@testable import UploadCore

extension GroupSnapshot {
  /// A tree of 10,000 files, 38 % of which have arrived; tests change the fields that they are about.
  static func example(_ name: String = "photos", _ change: (inout GroupSnapshot) -> Void = { _ in }) -> GroupSnapshot {
    var group = GroupSnapshot(
      direction: .incoming,
      id: "tree-\(name)",
      name: name,
      remote: "192.168.1.9:51234",
      mode: .stream,
      files: 10_000,
      bytes: 3_435_973_836,
      filesFinished: 1_204,
      filesActive: 2,
      bytesFinished: 1_300_000_000,
      bytesMoved: 1_305_700_000,
      speed: 31_457_280,
      eta: 67,
      seconds: 41
    )
    change(&group)
    return group
  }

  /// An outgoing tree of the upload queue.
  static func sending(_ name: String, job: UploadID, _ change: (inout GroupSnapshot) -> Void = { _ in })
    -> GroupSnapshot
  {
    example(name) { group in
      (group.direction, group.id, group.remote) = (.outgoing, job.description, "10.0.0.12:8080")
      change(&group)
    }
  }

  /// The same tree after its end, with so many of its files failed.
  func ended(failed: UInt64 = 0) -> GroupSnapshot {
    var group = self
    (group.hasEnded, group.filesActive, group.filesStalled, group.stalledSeconds) = (true, 0, 0, 0)
    (group.speed, group.eta, group.filesFailed) = (0, nil, failed)
    group.filesFinished = (group.files ?? group.filesFinished) - failed
    group.bytesFinished = group.bytes ?? group.bytesMoved
    group.bytesMoved = group.bytesFinished
    return group
  }

  /// The same tree, stalled for a number of seconds.
  func stalled(_ seconds: Double) -> GroupSnapshot {
    var group = self
    (group.filesStalled, group.stalledSeconds, group.speed, group.eta) = (group.filesActive, seconds, 0, nil)
    return group
  }

  /// A file of the tree.
  func file(_ name: String, _ change: (inout UploadSnapshot) -> Void = { _ in }) -> UploadSnapshot {
    let base: UploadSnapshot =
      direction == .incoming ? .example(self.name + "/" + name) : .sending(self.name + "/" + name)
    return base.changed {
      $0.group = UploadGroup(id: id, name: self.name, files: files, bytes: bytes)
      change(&$0)
    }
  }
}

extension UploadSnapshot {
  /// The same upload after a failure.
  func failed(_ message: String = "No space is left in ./uploads.") -> UploadSnapshot {
    ended(.failed(UploadError(.diskFull, message)))
  }
}
