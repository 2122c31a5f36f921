import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The keys `<` and `>`, and how a limit is shown.
@Suite struct LimitTests {
  private let upload = UploadSnapshot.example("in.bin")

  private func mebibytes(_ count: UInt64?) -> UInt64? { count.map { $0 << 20 } }

  @Test func `the steps are 1, 5, 10 and 50 MiB a second and no limit, whatever the limit was before`() {
    var limit: UInt64? = nil
    var seen: [UInt64?] = []
    while let next = RateSteps.next(after: limit, lower: true) {
      limit = next
      seen.append(next)
    }
    #expect(seen == [50, 10, 5, 1].map { mebibytes($0) })
    seen = []
    while let next = RateSteps.next(after: limit, lower: false) {
      limit = next
      seen.append(next)
    }
    #expect(seen == [5, 10, 50, nil].map { mebibytes($0) })
    #expect(RateSteps.next(after: 3 << 20, lower: true) == mebibytes(1))
    #expect(RateSteps.next(after: 3 << 20, lower: false) == mebibytes(5))
    #expect(RateSteps.next(after: 1, lower: true) == nil && RateSteps.next(after: .max, lower: false) == .some(nil))
  }

  @Test func `limits that are not below that of the server are no steps`() {
    let server = OuterLimit(10 << 20, .server)
    #expect(RateSteps.next(after: nil, lower: true, below: server) == mebibytes(5))
    #expect(RateSteps.next(after: 1 << 20, lower: false, below: server) == mebibytes(5))
    #expect(RateSteps.next(after: 5 << 20, lower: false, below: server) == .some(nil))
    #expect(RateSteps.next(after: nil, lower: true, below: OuterLimit(1 << 20, .server)) == nil)
    #expect(RateSteps.text(5 << 20, server) == "limit 5 MiB/s" && RateSteps.text(nil, nil) == "no limit")
    for limit in [nil, mebibytes(10), mebibytes(50)] {
      #expect(RateSteps.text(limit, server) == "limit 10 MiB/s of the server")
    }
  }

  @Test(arguments: [(nil, 7 << 20), (7 << 20, 60 << 20), (7 << 20, nil)] as [(UInt64?, UInt64?)])
  func `the keys step below the server's limit on an incoming upload, and the notes state that`(
    all: UInt64?,
    each: UInt64?
  ) {
    var facts = DashboardFacts.example
    (facts.rateLimit, facts.rateLimitPerUpload) = (all, each)
    var driver = Driver(facts: facts)
    driver.show([upload])
    driver.type("<")
    #expect(driver.takeEffects() == [.setLimit(upload.id, 5 << 20)])
    #expect(driver.row(33).contains("limit 5 MiB/s: in.bin"))
    driver.type(">")
    #expect(driver.takeEffects() == [.setLimit(upload.id, nil)])
    #expect(driver.row(33).contains("limit 7 MiB/s of the server: in.bin"))
    driver.type(">")
    #expect(driver.takeEffects() == [] && driver.row(33).contains("limit 7 MiB/s of the server is the highest"))
  }

  @Test func `a file steps below the limit of its tree`() throws {
    var tree = GroupSnapshot.example()
    tree.limit = 10 << 20
    let file = tree.file("a.jpg")
    var driver = Driver()
    driver.show([file], groups: [tree])
    driver.press(.enter)
    driver.press(.down)
    try #require(driver.model.selected?.id == file.id, "\(driver.text)")
    driver.type("<>>")
    #expect(driver.takeEffects() == [.setLimit(file.id, 5 << 20), .setLimit(file.id, nil)])
    #expect(driver.row(33).contains("limit 10 MiB/s of the tree is the highest"), "\(driver.row(33))")
  }

  @Test func `below the lowest step the server's limit is the lowest`() {
    var facts = DashboardFacts.example
    facts.rateLimitPerUpload = 512 << 10
    var driver = Driver(facts: facts)
    driver.show([upload])
    driver.type("<")
    #expect(driver.takeEffects() == [])
    #expect(driver.row(33).contains("limit 512.0 KiB/s of the server is the lowest"), "\(driver.row(33))")
  }

  @Test func `the server's limit on each upload is none on what is sent, nor on a tree, but on a form`() {
    var facts = DashboardFacts.example
    facts.rateLimitPerUpload = 5 << 20
    let (tree, job) = (GroupSnapshot.example(), UploadID())
    let sent = GroupSnapshot.sending("videos", job: job)
    var form = GroupSnapshot.example()
    form.mode = .multipart
    for (group, effect) in [
      (tree, .setTreeLimit(tree.id, 50 << 20)), (sent, .setLimit(job, 50 << 20)),
      (form, .setTreeLimit(form.id, 1 << 20)),
    ] as [(GroupSnapshot, DashboardEffect)] {
      var driver = Driver(facts: facts)
      driver.show([group.file("a")], groups: [group])
      driver.type(group.direction == .incoming ? "<" : "2<")
      #expect(driver.takeEffects() == [effect])
    }
  }

  @Test func `a limit is shown in whole MiB a second where it is that`() {
    #expect(Figures.limit(5 << 20) == "limit 5 MiB/s" && Figures.limit(1536) == "limit 1.5 KiB/s")
    #expect(!Figures.limit(0).isEmpty && !Figures.limit(.max).isEmpty)
  }

  @Test func `each press of the keys steps further, also before a snapshot shows the change`() {
    var driver = Driver()
    driver.show([upload])
    #expect(driver.row(33).contains("< > limit"))
    driver.type("<<")
    #expect(driver.takeEffects() == [.setLimit(upload.id, 50 << 20), .setLimit(upload.id, 10 << 20)])
    #expect(driver.row(33).contains("limit 10 MiB/s: in.bin"))
    driver.type(">>")
    #expect(driver.takeEffects() == [.setLimit(upload.id, 50 << 20), .setLimit(upload.id, nil)])
    #expect(driver.row(33).contains("no limit: in.bin"))
    driver.type(">")
    #expect(driver.takeEffects() == [] && driver.row(33).contains("there is no limit"))
    driver.show([upload.changed { $0.limit = 1 << 20 }])
    driver.type("<")
    #expect(driver.takeEffects() == [] && driver.row(33).contains("limit 1 MiB/s is the lowest"))
  }

  @Test(arguments: [(UploadState.receiving, "≤ 5.0 MiB/s"), (.limited, "limit 5 MiB/s")])
  func `a limit is visible in the row and the detail`(_ state: UploadState, _ text: String) {
    var driver = Driver()
    driver.show([
      upload.changed {
        ($0.limit, $0.state, $0.speed) = (5 << 20, state, 5_242_880)
      }
    ])
    #expect(
      driver.text.split(separator: "\n").contains { $0.contains("in.bin") && $0.contains(text) },
      "\(driver.text)"
    )
    driver.press(.enter)
    #expect(driver.text.contains("control  limit 5 MiB/s"), "\(driver.text)")
  }

  @Test func `all marked uploads step by themselves, and the note says how many`() {
    let other = UploadSnapshot.sending("out.bin") { $0.limit = 5 << 20 }
    let queued = UploadSnapshot.queued("later.bin")
    var driver = Driver()
    driver.show([upload, other, queued])
    driver.type("*2*<")
    #expect(
      driver.takeEffects() == [
        .setLimit(upload.id, 50 << 20), .setLimit(other.id, 1 << 20), .setLimit(queued.id, 50 << 20),
      ]
    )
    #expect(driver.row(33).contains("limits of 3 uploads lowered"))
    driver.show([upload, other, queued].map { upload in upload.changed { $0.limit = 10 << 20 } })
    driver.type("<")
    #expect(driver.row(33).contains("limit 5 MiB/s: 3 uploads"))
  }

  @Test func `a tree is limited as a whole`() {
    let (incoming, job) = (GroupSnapshot.example(), UploadID())
    let outgoing = GroupSnapshot.sending("videos", job: job)
    var driver = Driver()
    driver.show([incoming.file("a"), outgoing.file("b")], groups: [incoming, outgoing])
    driver.type("<2<<")
    #expect(
      driver.takeEffects() == [
        .setTreeLimit(incoming.id, 50 << 20), .setLimit(job, 50 << 20), .setLimit(job, 10 << 20),
      ]
    )
    var limited = outgoing
    limited.limit = 10 << 20
    driver.show([incoming.file("a"), outgoing.file("b")], groups: [incoming, limited])
    #expect(driver.text.contains("limit 10 MiB/s"))
  }

  @Test func `ended uploads have no limit to change`() {
    var driver = Driver()
    driver.show([upload])
    driver.show([upload.finished()])
    driver.type("<>")
    #expect(driver.effects.isEmpty && !driver.row(33).contains("> limit"))
  }
}
