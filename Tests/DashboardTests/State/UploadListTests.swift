import Testing
import UploadCore

@testable import Dashboard

@Suite struct UploadListTests {
  private func list(_ snapshots: [UploadSnapshot]..., filter: String = "") -> UploadList {
    var list = UploadList()
    for uploads in snapshots { _ = list.take(uploads, ticks: 1) }
    list.arrange(by: .started, filter: filter)
    return list
  }

  private func names(_ list: UploadList) -> [String] {
    list.shown.indices.compactMap { list.record(at: $0)?.now.name }
  }

  @Test func `ended uploads come last, newest first`() {
    let uploads = ["a", "b", "c", "d"].map { UploadSnapshot.example($0) }
    let list = list(
      uploads,
      [uploads[0], uploads[2], uploads[3].finished()],
      [uploads[2], uploads[0].ended(.cancelled)]
    )
    #expect(names(list) == ["c", "a", "d"])
    #expect(list.runningCount == 1 && list.endedCount == 2)
  }

  @Test func `queued uploads come behind those under way, next to go first`() {
    let uploads =
      ["old", "new"].map { UploadSnapshot.sending($0) } + ["next", "later", "last"].map { UploadSnapshot.waiting($0) }
    var list = list(uploads + [.sending("ended").ended(.cancelled)])
    #expect(names(list) == ["new", "old", "next", "later", "last", "ended"])
    #expect(list.activeCount == 2 && list.waitingCount == 3 && list.runningCount == 5)
    list.arrange(by: .name, filter: "")
    #expect(names(list) == ["new", "old", "next", "later", "last", "ended"], "the line has an order of its own")
    _ = list.take(uploads, unlisted: 7, ticks: 1)
    #expect(list.waitingCount == 10 && list.runningCount == 12)
  }

  @Test func `an upload that leaves the queue is under way`() {
    let upload = UploadSnapshot.waiting("a")
    var list = list([upload, .waiting("b")])
    let hasChanged = list.take([upload.changed { $0.isQueued = false }, .waiting("b")], ticks: 0)
    #expect(hasChanged && list.activeCount == 1)
  }

  @Test func `ended uploads are kept up to a limit`() {
    let ended = (0..<UploadList.endedLimit + 30).map { UploadSnapshot.example("\($0)").finished() }
    let list = list(ended)
    #expect(list.endedCount == UploadList.endedLimit && list.leftOut == 30)
    #expect(names(list).first == "\(UploadList.endedLimit + 29)" && names(list).last == "30")
  }

  @Test func `clearing removes ended uploads and their count`() {
    var list = list((0..<UploadList.endedLimit + 3).map { UploadSnapshot.example("\($0)").finished() })
    list.clearEnded()
    list.arrange(by: .started, filter: "")
    #expect(list.shown.isEmpty && list.endedCount == 0 && list.leftOut == 0)
  }

  /// The ledger gives up on ends that nobody fetches in time.
  @Test func `an upload that vanishes is forgotten`() {
    let upload = UploadSnapshot.example("a")
    let list = list([upload], [])
    #expect(list.shown.isEmpty && list[upload.id] == nil)
  }

  @Test(arguments: ["HOLIDAY", "192.168", "multi", "stalled"]) func `the filter looks at what the row says`(
    _ filter: String
  ) {
    let wanted = UploadSnapshot.example("Holiday.mp4") { $0.mode = .multipart }.stalled(.client, 9)
    let other = UploadSnapshot.example("b") { $0.remote = "10.0.0.1:1" }
    #expect(names(list([wanted, other], filter: filter)) == ["Holiday.mp4"])
  }

  @Test func `speeds that are no numbers do not spoil the sum nor the order`() {
    let uploads = [1e6, .nan, 3e6, -.infinity, .infinity].map { speed in
      UploadSnapshot.example("\(speed)") { $0.speed = speed }
    }
    var list = list(uploads)
    #expect(list.totalSpeed.isFinite)
    list.arrange(by: .rate, filter: "")
    #expect(names(list).prefix(3) == ["inf", "3000000.0", "1000000.0"])
  }

  @Test func `a name is bounded`() {
    let list = list([.example(String(repeating: "x", count: 100_000))])
    #expect(names(list)[0].utf8.count < 1024)
  }

  @Test func `an upload too short to be sampled is shown by its average`() {
    let upload = UploadSnapshot.example("a").finished()
    var list = UploadList()
    _ = list.take([upload], ticks: 0)
    #expect(list[upload.id]?.rates.values == [94_000_000])
    #expect(list[upload.id]?.peakSpeed == 94_000_000)
  }
}
