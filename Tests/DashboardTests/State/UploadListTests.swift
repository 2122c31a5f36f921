import Testing
import UploadCore

@testable import Dashboard

@Suite struct UploadListTests {
  private func list(_ snapshots: [UploadSnapshot]..., filter: String = "") -> UploadList {
    var list = UploadList()
    for uploads in snapshots { _ = list.update(with: uploads, ticks: 1) }
    list.arrange(by: .started, filter: (try? UploadFilter(parsing: filter)) ?? UploadFilter())
    return list
  }

  private func names(_ list: UploadList) -> [String] {
    list.shown.indices.compactMap { list.record(at: $0)?.now.name }
  }

  @Test func `ended uploads come after running ones, the latest end first`() {
    let uploads = ["a", "b", "c", "d"].map { UploadSnapshot.example($0) }
    let list = list(
      uploads,
      [uploads[0], uploads[2], uploads[3].finished()],
      [uploads[2], uploads[0].ended(.cancelled)]
    )
    #expect(names(list) == ["c", "a", "d"])
    #expect(list.runningCount == 1 && list.endedCount == 2)
  }

  @Test func `queued uploads follow the active ones, the next to begin first, whatever the sort order`() {
    let uploads =
      ["old", "new"].map { UploadSnapshot.sending($0) } + ["next", "later", "last"].map { UploadSnapshot.queued($0) }
    var list = list(uploads + [.sending("ended").ended(.cancelled)])
    #expect(names(list) == ["new", "old", "next", "later", "last", "ended"])
    #expect(list.activeCount == 2 && list.queuedCount == 3 && list.runningCount == 5)
    list.arrange(by: .name, filter: UploadFilter())
    #expect(names(list) == ["new", "old", "next", "later", "last", "ended"], "the queue keeps its order")
    _ = list.update(with: uploads, unlisted: 7, ticks: 1)
    #expect(list.queuedCount == 10 && list.runningCount == 12)
  }

  @Test func `interrupted and paused uploads follow the active ones and do not count as active or running`() {
    let old = UploadSnapshot.example("old").interrupted(9)
    let uploads: [UploadSnapshot] = [old, .example("new"), .sending("paused").paused(), .queued("next")]
    let list = list(uploads + [.example("ended").finished()])
    #expect(names(list) == ["new", "paused", "old", "next", "ended"])
    #expect(list.activeCount == 1 && list.runningCount == 2 && list.queuedCount == 1)
    #expect(list.interruptedCount == 1 && list.pausedCount == 1)
  }

  @Test func `an interruption and its end change the list, and the upload keeps its record`() {
    let upload = UploadSnapshot.example("a")
    var list = list([upload])
    let first = list.update(with: [upload.interrupted(1)], ticks: 1)
    #expect(first && list.activeCount == 0 && list[upload.id]?.peakRate == 100_873_011)
    let second = list.update(with: [upload], ticks: 1)
    #expect(second && list.activeCount == 1)
    _ = list.update(with: [upload.interrupted(1)], ticks: 1)
    _ = list.update(with: [], ticks: 1)
    #expect(list[upload.id] == nil)
  }

  @Test(arguments: [Int.max, .min, -1])
  func `a count of unlisted uploads that is negative counts as 0, and Int.max as the limit`(unlisted: Int) {
    var list = list()
    _ = list.update(with: [.queued("a")], unlisted: unlisted, ticks: 1)
    #expect(list.runningCount == 1 + (unlisted > 0 ? UploadList.countLimit : 0))
  }

  @Test func `an upload that leaves the queue counts as active and as a change of the list`() {
    let upload = UploadSnapshot.queued("a")
    var list = list([upload, .queued("b")])
    let hasChanged = list.update(with: [upload.changed { $0.isQueued = false }, .queued("b")], ticks: 0)
    #expect(hasChanged && list.activeCount == 1)
  }

  @Test func `beyond the limit the oldest ended uploads are dropped and counted`() {
    let ended = (0..<UploadList.endedLimit + 30).map { UploadSnapshot.example("\($0)").finished() }
    let list = list(ended)
    #expect(list.endedCount == UploadList.endedLimit && list.droppedCount == 30)
    #expect(names(list).first == "\(UploadList.endedLimit + 29)" && names(list).last == "30")
  }

  @Test func `clearing removes all ended uploads and resets the count of dropped ones`() {
    var list = list((0..<UploadList.endedLimit + 3).map { UploadSnapshot.example("\($0)").finished() })
    list.clearEnded()
    list.arrange(by: .started, filter: UploadFilter())
    #expect(list.shown.isEmpty && list.endedCount == 0 && list.droppedCount == 0)
  }

  /// The ledger drops ended uploads that no snapshot reads in time.
  @Test func `a running upload that is missing in the next snapshot is removed`() {
    let upload = UploadSnapshot.example("a")
    let list = list([upload], [])
    #expect(list.shown.isEmpty && list[upload.id] == nil)
  }

  @Test(arguments: ["HOLIDAY", "192.168", "multi", "stalled"])
  func `the filter finds an upload by name, peer, mode or state, in upper or lower case`(
    _ filter: String
  ) {
    let wanted = UploadSnapshot.example("Holiday.mp4") { $0.mode = .multipart }.stalled(.client, 9)
    let other = UploadSnapshot.example("b") { $0.remote = "10.0.0.1:1" }
    #expect(names(list([wanted, other], filter: filter)) == ["Holiday.mp4"])
  }

  @Test func `with rates that are NaN or infinite the sum is finite, and the order by rate begins with infinity`() {
    let uploads = [1e6, .nan, 3e6, -.infinity, .infinity].map { speed in
      UploadSnapshot.example("\(speed)") { $0.speed = speed }
    }
    var list = list(uploads)
    #expect(list.totalRate.isFinite)
    list.arrange(by: .rate, filter: UploadFilter())
    #expect(names(list).prefix(3) == ["inf", "3000000.0", "1000000.0"])
  }

  @Test func `a name of 100,000 letters is shortened to less than 1,024 bytes`() {
    let list = list([.example(String(repeating: "x", count: 100_000))])
    #expect(names(list)[0].utf8.count < 1024)
  }

  @Test func `an upload that has ended in its first snapshot has its average as only rate and as peak`() {
    let upload = UploadSnapshot.example("a").finished()
    var list = UploadList()
    _ = list.update(with: [upload], ticks: 0)
    #expect(list[upload.id]?.rates.values == [94_000_000])
    #expect(list[upload.id]?.peakRate == 94_000_000)
  }
}
