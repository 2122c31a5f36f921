import UploadCore

/// Which files wait to be sent, which are on their way, and which can be sent again. A pure machine; ``UploadQueue``
/// carries out what it says.
///
/// An upload is in line until its meter is on the ledger: waiting, then starting, which takes as long as its file takes
/// to be opened.
package struct UploadQueueState {
  /// Files in line at most, so that no paste can fill the memory.
  package static let limit = 10_000
  /// Files that can be sent again; the oldest are forgotten first.
  static let pastLimit = 10_000

  private struct Place {
    var job: UploadJob
    var isStarting = false
    /// To be ended as soon as it has begun.
    var isCancelled = false
  }

  /// Those that start come first.
  private var line: [Place] = []
  /// Names of those that start or run.
  private var busy: Set<UploadID> = []
  /// Called off in line, and not taken as such yet.
  private var cancelled: [UploadJob] = []
  private var past: [UploadID: UploadJob] = [:]
  private var pastOrder: [UploadID] = []
  private var isClosed = false
  /// How many have been called off in line since the start.
  private(set) var cancelledCount = 0

  /// Whether nothing waits, starts or runs.
  var isEmpty: Bool { line.isEmpty && busy.isEmpty }

  /// Puts files at the end.
  /// - Returns: how many found a place.
  mutating func add(_ jobs: [UploadJob]) -> Int {
    guard !isClosed else { return 0 }
    let taken = jobs.prefix(max(0, Self.limit - line.count))
    for job in taken {
      line.append(Place(job: job))
      remember(job)
    }
    return taken.count
  }

  /// Takes those out that are to be sent now, so that `limit` are on their way.
  mutating func start(limit: Int) -> [UploadJob] {
    var starting: [UploadJob] = []
    while busy.count < limit, let index = line.firstIndex(where: { !$0.isStarting }) {
      line[index].isStarting = true
      busy.insert(line[index].job.id)
      starting.append(line[index].job)
    }
    return starting
  }

  /// An upload is on the ledger.
  /// - Returns: whether it has been called off meanwhile.
  mutating func begun(_ id: UploadID) -> Bool {
    guard let index = line.firstIndex(where: { $0.job.id == id }) else { return false }
    return line.remove(at: index).isCancelled
  }

  /// An upload is over.
  mutating func ended(_ id: UploadID) {
    _ = begun(id)
    busy.remove(id)
  }

  /// The file of an upload that has ended, to be sent once more; nil when it has not, or is not known any more.
  func again(_ id: UploadID) -> UploadJob? {
    guard !busy.contains(id), !line.contains(where: { $0.job.id == id }) else { return nil }
    return past[id]?.again
  }

  /// Calls off an upload.
  /// - Returns: false when it is not in line.
  mutating func cancel(_ id: UploadID) -> Bool {
    guard let index = line.firstIndex(where: { $0.job.id == id }) else { return false }
    if line[index].isStarting {
      line[index].isCancelled = true
    } else {
      callOff(line.remove(at: index).job)
    }
    return true
  }

  /// Takes nothing more, and calls off all that is in line.
  mutating func close() {
    isClosed = true
    for place in line where !place.isStarting { callOff(place.job) }
    line.removeAll { !$0.isStarting }
    for index in line.indices { line[index].isCancelled = true }
  }

  /// Notes how large files are, those that are still in line.
  mutating func note(sizes: [UploadID: UInt64]) {
    for index in line.indices {
      if let size = sizes[line[index].job.id] { line[index].job.size = size }
    }
  }

  /// The uploads in line as they are shown: the first `limit`, how many are behind them, and those that have been called
  /// off since the last call.
  mutating func take(limit: Int = .max) -> (waiting: [UploadJob], rest: Int, cancelled: [UploadJob]) {
    defer { cancelled = [] }
    let waiting = line.prefix(limit).map(\.job)
    return (waiting, line.count - waiting.count, cancelled)
  }

  private mutating func callOff(_ job: UploadJob) {
    cancelled.append(job)
    cancelledCount += 1
  }

  private mutating func remember(_ job: UploadJob) {
    if pastOrder.count >= Self.pastLimit {
      for id in pastOrder.prefix(Self.pastLimit / 2) { past[id] = nil }
      pastOrder.removeFirst(Self.pastLimit / 2)
    }
    past[job.id] = job
    pastOrder.append(job.id)
  }
}
