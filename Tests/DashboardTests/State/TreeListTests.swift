import Testing

@testable import Dashboard
@testable import UploadCore

/// Trees in the list of uploads: one row each, with the rows of some files while it is open.
@Suite struct TreeListTests {
  private var list = UploadList()

  private mutating func update(_ groups: [GroupSnapshot], _ uploads: [UploadSnapshot] = [], filter: String = "") {
    _ = list.update(with: uploads, groups: groups, ticks: 1)
    list.arrange(by: .started, filter: (try? UploadFilter(parsing: filter)) ?? UploadFilter())
  }

  private var names: [String] { list.shown.indices.compactMap { list.record(at: $0)?.now.name } }

  private mutating func open(_ row: Int = 0) throws {
    list.toggleTree(try #require(list.record(at: row)).id)
    list.arrange(by: .started, filter: UploadFilter())
  }

  @Test mutating func `the files of a tree are one row, and other uploads have rows of their own`() {
    let tree = GroupSnapshot.example()
    update([tree], [tree.file("a.jpg"), tree.file("b.jpg"), .example("movie.mkv")])
    #expect(names == ["photos/", "movie.mkv"])
    #expect(list.activeCount == 3 && list.endedCount == 0)
    #expect(list.totalRate == tree.speed + UploadSnapshot.example().speed)
    #expect(list.record(at: 0)?.now.residentBytes == 6 << 20)
  }

  @Test mutating func `an outgoing tree of which all files wait for their next attempt shows the first of these`() {
    let tree = GroupSnapshot.sending("photos", job: UploadID()) { ($0.filesFailed, $0.speed) = (1, 0) }
    func waiting(_ name: String, _ seconds: Double?) -> UploadSnapshot {
      tree.file(name) {
        ($0.state, $0.retryReason, $0.retryIn, $0.attempt) = (.waiting, "Connection refused.", seconds, 8)
      }
    }
    update([tree], [waiting("a.jpg", nil), waiting("b.jpg", 12), waiting("c.jpg", 20)])
    let record = list.record(at: 0)
    #expect(record?.stateText.hasPrefix("retry 8") == true && record?.stateText.hasSuffix("in 12 s") == true)
    #expect(record?.now.retryReason == "Connection refused." && record?.isMoving == false)
    update([tree], [waiting("a.jpg", nil), tree.file("b.jpg")])
    #expect(list.record(at: 0)?.now.state == .sending && list.record(at: 0)?.now.retryReason == nil)
  }

  @Test mutating func `a file whose group is not counted has a row of its own`() {
    update([], [GroupSnapshot.example().file("a.jpg")])
    #expect(names == ["photos/a.jpg"])
  }

  @Test mutating func `a form of one file is shown as that file, until it has a second one`() {
    var form = GroupSnapshot.example("form") { ($0.mode, $0.files, $0.filesFinished) = (.multipart, nil, 0) }
    form.filesActive = 1
    let first = form.file("a.bin")
    update([form], [first])
    #expect(names == ["form/a.bin"])
    form.filesActive = 2
    update([form], [first, form.file("b.bin")])
    #expect(names == ["form"] && list.activeCount == 2 && list.recordCount == 3)
  }

  @Test mutating func `an open tree shows active, failed and the last finished files`() throws {
    let tree = GroupSnapshot.example()
    let ends = (0..<8).map { tree.file("\($0).jpg").finished() }
    update([tree], [tree.file("active.jpg"), tree.file("bad.jpg").failed()] + ends)
    #expect(names == ["photos/"])
    try open()
    let last = (3..<8).reversed().map { "photos/\($0).jpg" }
    #expect(names == ["photos/", "photos/active.jpg", "photos/bad.jpg"] + last)
    #expect(list.record(at: 1)?.isInTree == true)
    try open()
    #expect(names == ["photos/"])
  }

  @Test mutating func `100,000 files of a tree leave no more records than a few`() throws {
    var tree = GroupSnapshot.example { $0.files = 100_000 }
    for batch in 0..<100 {
      let files = (0..<1_000).map { index in
        let file = tree.file("\(batch)-\(index)")
        return index % 10 == 0 ? file.failed() : file.finished()
      }
      tree.filesFailed += 100
      update([tree], files)
    }
    try open()
    #expect(list.shown.count == 1 + UploadTree.failedLimit + UploadTree.finishedLimit)
    #expect(list.recordCount == list.shown.count)
    let failures = try #require(list.record(at: 0)?.tree?.failures)
    #expect(failures.count == UploadTree.failedLimit && failures.first?.name == "photos/0-0")
  }

  @Test mutating func `an active file that disappears without an end leaves no record`() throws {
    let tree = GroupSnapshot.example()
    update([tree], [tree.file("a.jpg")])
    try open()
    update([tree], [tree.file("b.jpg")])
    #expect(names == ["photos/", "photos/b.jpg"])
    #expect(list.recordCount == 2)
  }

  @Test mutating func `an ended tree is one ended row, which stays when the ledger drops its group`() throws {
    let tree = GroupSnapshot.example()
    update([tree], [tree.file("a.jpg")])
    update([tree.ended()])
    #expect(list.endedCount == 1 && list.activeCount == 0 && list.runningCount == 0)
    update([tree.ended()])
    #expect(list.endedCount == 1)
    update([])
    #expect(names == ["photos/"])
    #expect(list.record(at: 0)?.stateText == "stored")
  }

  @Test mutating func `a cleared tree does not come back, unless a further file of it begins`() {
    let tree = GroupSnapshot.example()
    update([tree.ended()])
    list.clearEnded()
    update([tree.ended()])
    #expect(names.isEmpty && list.recordCount == 0)
    update([tree], [tree.file("late.jpg")])
    #expect(names == ["photos/"] && list.activeCount == 2)
  }

  @Test mutating func `a tree that continues after its end is active again`() {
    let tree = GroupSnapshot.example()
    update([tree.ended()])
    update([tree])
    #expect(list.endedCount == 0 && list.activeCount == 2)
  }

  @Test mutating func `the filter finds a tree by its name and by its files`() throws {
    let tree = GroupSnapshot.example()
    let files = [tree.file("beach.jpg"), tree.file("city.jpg")]
    update([tree], files)
    try open()
    list.arrange(by: .started, filter: try UploadFilter(parsing: "beach"))
    #expect(names == ["photos/", "photos/beach.jpg"])
    list.arrange(by: .started, filter: try UploadFilter(parsing: "nothing"))
    #expect(names.isEmpty)
    update([tree], [], filter: "photos")
    #expect(names == ["photos/"])
  }

  @Test mutating func `the row of an outgoing tree has the id of its job in the queue`() {
    let job = UploadID()
    update([.sending("photos", job: job)])
    #expect(list.shown == [job])
  }

  @Test mutating func `the state of a tree names its losses, and a stall before these`() {
    update([.example { $0.filesFailed = 3 }])
    #expect(list.record(at: 0)?.stateText == "3 failed")
    update([GroupSnapshot.example { $0.filesFailed = 3 }.stalled(12)])
    #expect(list.record(at: 0)?.stateText == "stalled: client 12 s")
    update([.example()])
    #expect(list.record(at: 0)?.stateText == "receiving")
    #expect(list.record(at: 0)?.hasLosses == false)
  }

  @Test mutating func `the bar of a tree of unknown size shows the share of its files`() {
    update([.example { ($0.bytes, $0.filesFinished) = (nil, 2_500) }])
    #expect(list.record(at: 0)?.barParts?.received == 0.25)
    update([.example { ($0.bytes, $0.files) = (nil, nil) }])
    #expect(list.record(at: 0)?.barParts == nil)
  }
}
