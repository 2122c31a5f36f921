import Testing

@testable import Dashboard
@testable import UploadCore

/// Uploads grouped by client, or by server.
@Suite struct ClientListTests {
  private var uploads = UploadList()
  private var clients = ClientList()

  private mutating func show(
    _ snapshots: [UploadSnapshot],
    groups: [GroupSnapshot] = [],
    _ direction: UploadDirection = .incoming,
    by sort: UploadSort = .started,
    filter: String = ""
  ) throws {
    let filter = try UploadFilter(parsing: filter)
    for upload in snapshots where upload.outcome != nil { clients.add(upload) }
    _ = uploads.update(with: snapshots, groups: groups, ticks: 1)
    uploads.arrange(by: sort, filter: filter)
    clients.arrange(uploads, direction, by: sort, filter: filter)
  }

  private var summaries: [ClientList.Summary] {
    clients.rows.compactMap { if case .client(let summary) = $0 { summary } else { nil } }
  }

  private var names: [String] { summaries.map(\.key.name) }

  private func upload(_ name: String, _ remote: String, sender: String? = nil) -> UploadSnapshot {
    .example(name) { ($0.remote, $0.sender, $0.speed, $0.bytes) = (remote, sender, 1_000_000, 500) }
  }

  @Test mutating func `uploads of one address are one client whatever their ports, and senders' names come first`()
    throws
  {
    try show([
      upload("a", "192.0.2.7:1"), upload("b", "192.0.2.7:2"), upload("c", "192.0.2.7:3", sender: "Anna"),
      upload("d", "192.0.2.8:4", sender: "Anna"), upload("e", "[2001:db8::7]:5"), upload("f", "[2001:db8::8]:5"),
    ])
    #expect(names == ["2001:db8::8", "2001:db8::7", "Anna", "192.0.2.7"])
    #expect(summaries.map(\.totals.active) == [1, 1, 2, 2])
    #expect(summaries[2].totals.address == "192.0.2.7" && summaries[2].totals.rate == 2_000_000)
  }

  @Test mutating func `a sender that is called like an address is another client than that address`() throws {
    try show([upload("a", "192.0.2.7:1"), upload("b", "192.0.2.9:1", sender: "192.0.2.7")])
    #expect(names == ["192.0.2.7", "192.0.2.7"] && Set(summaries.map(\.key)).count == 2)
  }

  @Test mutating func `outgoing uploads are grouped by the server's host and port`() throws {
    let remotes = ["10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:80"]
    try show(remotes.map { remote in .sending { $0.remote = remote } }, .outgoing)
    #expect(Set(names) == ["10.0.0.1:80", "10.0.0.1:81"])
  }

  @Test mutating func `a client has its counts, rate and bytes, with those of ended uploads`() throws {
    let all = (0..<6).map { upload("\($0)", "192.0.2.7:\($0)") }
    try show([
      all[0], all[1].stalled(.client, 9), all[2].interrupted(5),
      all[3].changed { $0.size = 7_000 }.finished(), all[4].failed(), all[5].ended(.cancelled),
    ])
    let totals = try #require(summaries.first).totals
    #expect(totals.active == 2 && totals.stalled == 1 && totals.waiting == 1)
    #expect(totals.finished == 1 && totals.failed == 1 && totals.cancelled == 1)
    #expect(totals.rate == 1_000_000 && totals.bytes == 3 * 500 + 7_000 + 2 * 500)
    try show([])
    let rest = try #require(summaries.first).totals
    #expect(rest.active == 0 && rest.finished == 1 && rest.failed == 1 && rest.bytes == 7_000 + 2 * 500)
    clients.clearEnded()
    try show([])
    #expect(clients.rows.isEmpty && clients.clientCount == 0)
  }

  @Test mutating func `a tree counts as its active files, and its complete files as ended uploads`() throws {
    let tree = GroupSnapshot.example { ($0.bytesFinished, $0.bytesMoved, $0.filesActive) = (1_000, 1_600, 2) }
    let file = tree.file("a.jpg") { ($0.size, $0.bytes) = (1_000, 1_000) }
    try show([tree.file("b.jpg"), tree.file("c.jpg"), file.finished()], groups: [tree])
    let totals = try #require(summaries.first).totals
    #expect(totals.active == 2 && totals.finished == 1 && totals.bytes == 1_600 && totals.rate == tree.speed)
  }

  @Test mutating func `an open client has its uploads beneath it, in the order of the list, until it is closed`() throws
  {
    let all = [upload("a", "192.0.2.7:1"), upload("b", "192.0.2.8:1"), upload("c", "192.0.2.7:2")]
    try show(all)
    clients.toggle(.address("192.0.2.7"))
    try show(all + [upload("d", "192.0.2.7:3").finished()])
    #expect(names == ["192.0.2.7", "192.0.2.8"])
    let rows = clients.rows.compactMap { row -> String? in
      guard case .upload(let id) = row else { return nil }
      return uploads[id]?.now.name
    }
    #expect(rows == ["c", "a", "d"])
    clients.toggle(.address("192.0.2.7"))
    try show(all)
    #expect(clients.rows.count == 2)
  }

  @Test mutating func `clients with active uploads keep their order when one of them begins another`() throws {
    let first = [upload("a", "192.0.2.7:1"), upload("b", "192.0.2.8:1")]
    try show(first)
    #expect(names == ["192.0.2.8", "192.0.2.7"])
    try show(first + [upload("c", "192.0.2.7:2")])
    #expect(names == ["192.0.2.8", "192.0.2.7"])
    try show(first + [upload("d", "192.0.2.9:2")])
    #expect(names == ["192.0.2.9", "192.0.2.8", "192.0.2.7"])
    try show([first[0], first[1].finished()])
    #expect(names == ["192.0.2.7", "192.0.2.8"], "active ones first")
  }

  @Test(arguments: [
    (UploadSort.rate, "cab"), (.name, "abc"), (.size, "bac"), (.state, "bca"), (.timeLeft, "acb"), (.started, "cba"),
  ])
  mutating func `clients are in the order of the list`(sort: UploadSort, order: String) throws {
    try show(
      [
        upload("1", "x", sender: "a").changed { ($0.speed, $0.bytes, $0.eta) = (2, 20, 1) },
        upload("2", "x", sender: "b").changed { $0.bytes = 30 }.stalled(.client, 8),
        upload("3", "x", sender: "c").changed { ($0.speed, $0.bytes, $0.eta) = (3, 10, 5) },
      ],
      by: sort
    )
    #expect(names.joined() == order)
  }

  @Test mutating func `the filter leaves clients with a matching upload, or that match themselves`() throws {
    let all = [upload("a.zip", "192.0.2.7:1"), upload("b.zip", "192.0.2.8:1"), upload("c", "192.0.2.9:1").finished()]
    try show(all, filter: "a.zip")
    #expect(names == ["192.0.2.7"] && clients.clientCount == 3)
    try show(Array(all.prefix(2)), filter: "from:192.0.2.9")
    #expect(names == ["192.0.2.9"])
    try show(Array(all.prefix(2)), filter: "state:stalled")
    #expect(names.isEmpty)
  }

  @Test mutating func `of 5,000 clients the latest 1,000 have rows, and at most a quarter more are kept`() throws {
    let all = (0..<5_000).map { upload("f", "10.0.\($0 / 256).\($0 % 256):9").finished() }
    try show(all)
    #expect(names.count == ClientList.limit && names.first == "10.0.19.135")
    #expect(clients.clientCount <= ClientHistory.limit * 5 / 4)
    #expect(clients.droppedCount + clients.clientCount == 5_000)
    try show((0..<1_200).map { upload("g", "10.1.\($0 / 256).\($0 % 256):9") })
    #expect(names.count == ClientList.limit && summaries.allSatisfy { $0.totals.active == 1 })
  }

  @Test mutating func `sums of extreme numbers stop at their limits`() throws {
    let odd = (0..<3).map { index in
      upload("\(index)", "192.0.2.7:1").changed {
        ($0.bytes, $0.speed, $0.eta) = (.max, [.infinity, .nan, -1][index], .nan)
      }
    }
    var group = GroupSnapshot.example { ($0.filesActive, $0.remote, $0.bytesFinished) = (.max, "192.0.2.7:1", .max) }
    group.speed = .infinity
    try show(odd, groups: [group])
    let totals = try #require(summaries.first).totals
    #expect(totals.bytes == .max && totals.rate.isFinite && totals.active <= UploadList.countLimit + 3)
  }
}
