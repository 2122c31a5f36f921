import UploadCore

/// Snapshots of the ledger's uploads and of those that wait in line for it.
struct DashboardSampler {
  private var sampler: Sampler
  private let queue: OutgoingQueue

  init(_ sampler: Sampler, queue: OutgoingQueue) {
    self.sampler = sampler
    self.queue = queue
  }

  mutating func sample() -> Snapshot {
    // The line first: what leaves it meanwhile is on the ledger by then, and is in both rather than in neither.
    let line = queue.takeLine()
    var snapshot = sampler.sample()
    let known = Set(snapshot.uploads.lazy.map(\.id))
    let ended = snapshot.uploads.firstIndex { $0.outcome != nil } ?? snapshot.uploads.endIndex
    snapshot.uploads.insert(contentsOf: line.waiting.filter { !known.contains($0.id) }, at: ended)
    snapshot.uploads += line.calledOff
    snapshot.unlisted = line.rest
    return snapshot
  }
}
