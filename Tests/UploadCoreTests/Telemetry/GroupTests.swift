import Testing

@testable import UploadCore

@Suite struct GroupTests {
  private let start = ContinuousClock.now
  private let ledger = UploadLedger()

  private func begin(
    _ id: String,
    files: UInt64? = nil,
    bytes: UInt64? = nil,
    direction: UploadDirection = .incoming,
    at seconds: Int = 0
  ) -> UploadMeter {
    let meter = UploadMeter(
      direction: direction,
      mode: .stream,
      name: "a",
      size: 100,
      remote: "192.0.2.7:5555",
      group: UploadGroup(id: id, name: "photos", files: files, bytes: bytes),
      startedAt: start + .seconds(seconds)
    )
    ledger.begin(meter)
    return meter
  }

  private func finish(_ meter: UploadMeter, bytes: UInt64 = 100, at seconds: Int = 0) {
    ledger.end(meter, .finished(FinishedUpload(path: "a", bytes: bytes)), at: start + .seconds(seconds))
  }

  private func makeSampler() -> Sampler {
    Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 1, budget: 2) },
      memory: { ProcessMemory(resident: 3, peak: 4) }
    )
  }

  private func groups(at seconds: Int = 1) -> [GroupSnapshot] {
    var sampler = makeSampler()
    return sampler.sample(at: start + .seconds(seconds)).groups
  }

  @Test func `the files of a group are counted together by outcome`() throws {
    finish(begin("x", files: 10, bytes: 1000), bytes: 90)
    ledger.end(begin("x"), .failed(UploadError(.clientGone, "Gone.")), at: start)
    ledger.end(begin("x"), .cancelled, at: start)
    let active = begin("x")
    active.addReceived(40)
    let group = try #require(groups().first)
    #expect((group.name, group.remote, group.files, group.bytes) == ("photos", "192.0.2.7:5555", 10, 1000))
    #expect((group.filesFinished, group.filesFailed, group.filesCancelled, group.filesActive) == (1, 1, 1, 1))
    #expect((group.filesEnded, group.filesLeft) == (3, 6))
    #expect((group.bytesFinished, group.bytesMoved) == (90, 130))
    #expect(group.fraction == 0.13)
  }

  @Test func `a total of bytes below those that have moved is ignored, and at the end replaced by them`() throws {
    finish(begin("x", files: 2, bytes: 50), bytes: 40)
    #expect(groups().first?.bytes == 50)
    let active = begin("x")
    active.addReceived(60)
    let group = try #require(groups().first)
    #expect(group.bytes == nil && group.bytesMoved == 100 && group.eta == nil)
    #expect(group.fraction == 0.5, "by its files")
    finish(active, bytes: 60)
    let ended = try #require(groups().first)
    #expect(ended.hasEnded && ended.bytes == 100 && ended.fraction == 1)
  }

  @Test(arguments: [0, 1]) func `a number of files below those that are complete is ignored`(stated: UInt64) throws {
    finish(begin("x", files: stated))
    finish(begin("x"))
    let active = begin("x")
    let group = try #require(groups().first)
    #expect(group.files == nil && group.fraction == nil && group.filesKnown == 3)
    finish(active)
    // As with no number: the sender may send more.
    #expect(groups().first?.hasEnded == false)
    #expect(groups(at: 5).first?.hasEnded == true)
  }

  @Test func `the number of files stays when one that failed was sent again`() throws {
    ledger.end(begin("x", files: 2), .failed(UploadError(.clientGone, "Gone.")), at: start)
    finish(begin("x"))
    finish(begin("x"))
    #expect(groups().first?.files == 2)
  }

  @Test func `a file without a group belongs to none`() {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: 1, remote: "")
    ledger.begin(meter)
    #expect(groups().isEmpty)
  }

  @Test func `both ends of a tree that is sent to the own server are groups of their own`() {
    _ = begin("x", direction: .incoming)
    _ = begin("x", direction: .outgoing)
    let groups = groups()
    #expect(Set(groups.map(\.direction)) == [.incoming, .outgoing])
    #expect(groups.allSatisfy { $0.filesActive == 1 })
  }

  @Test func `a file that fails before it begins counts as failed`() {
    let meter = UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: "a",
      size: nil,
      remote: "",
      group: UploadGroup(id: "x", name: "photos"),
      startedAt: start
    )
    ledger.end(meter, .failed(UploadError(.unreadableFile, "gone")), at: start)
    let groups = groups()
    #expect(groups.map(\.filesFailed) == [1])
    #expect(groups.map(\.filesActive) == [0])
  }

  @Test func `the group that ended first makes room for a new one`() {
    for index in 0..<GroupTallies.limit { finish(begin("\(index)"), at: index == 7 ? 0 : 1 + index) }
    _ = begin("new")
    let ids = groups().map(\.id)
    #expect(ids.count == GroupTallies.limit)
    #expect(ids.contains("new") && !ids.contains("7"))
  }

  @Test func `without an ended group, further ones are not counted`() {
    let meters = (0..<GroupTallies.limit).map { begin("\($0)") }
    let late = begin("late")
    #expect(groups().count == GroupTallies.limit)
    finish(meters[0])
    _ = begin("late", at: 1)
    // The first file of this group began before it was counted.
    finish(late, at: 1)
    #expect(groups(at: 2).first { $0.id == "late" }?.filesActive == 1)
    #expect(groups(at: 2).count == GroupTallies.limit)
  }

  @Test func `a group has ended when as many files as stated have ended`() {
    finish(begin("x", files: 2))
    #expect(groups().map(\.hasEnded) == [false])
    finish(begin("x", files: 2))
    #expect(groups().map(\.hasEnded) == [true])
  }

  @Test func `a group whose files do not come is stalled, and has ended after a minute`() {
    finish(begin("x", files: 2), at: 1)
    #expect(groups(at: 5).map(\.isStalled) == [false])
    #expect(groups(at: 6).map(\.stalledSeconds) == [5])
    #expect(groups(at: 60).map(\.hasEnded) == [false])
    #expect(groups(at: 61).map(\.hasEnded) == [true])
    #expect(groups(at: 61).map(\.isStalled) == [false])
  }

  @Test func `a group of an unknown number of files has ended soon after its last file`() {
    finish(begin("x"), at: 1)
    #expect(groups(at: 2).map(\.hasEnded) == [false])
    #expect(groups(at: 3).map(\.hasEnded) == [true])
  }

  @Test func `a group is stalled while all of its active files are`() {
    var sampler = makeSampler()
    let moving = begin("x")
    _ = begin("x")
    _ = sampler.sample(at: start)
    moving.addReceived(10)
    let one = sampler.sample(at: start + .seconds(6)).groups
    #expect(one.map(\.filesStalled) == [1])
    #expect(one.map(\.isStalled) == [false])
    let both = sampler.sample(at: start + .seconds(12)).groups
    #expect(both.map(\.filesStalled) == [2])
    #expect(both.map(\.stalledSeconds) == [6])
    #expect(both.map(\.speed) == [0])
  }

  @Test func `rate and time left are those of all files together`() throws {
    var sampler = makeSampler()
    let first = begin("x", files: 10, bytes: 1000)
    _ = sampler.sample(at: start)
    first.addReceived(100)
    finish(first, at: 1)
    begin("x", files: 10, bytes: 1000, at: 1).addReceived(50)
    let group = try #require(sampler.sample(at: start + .seconds(2)).groups.first)
    #expect(abs(group.speed - 75) < 0.01)
    #expect(abs((group.eta ?? 0) - 850 / 75) < 0.01)
    #expect(group.seconds == 2)
  }

  @Test func `a group that its sender closes has ended once no file of it is active`() {
    let active = begin("x", files: 10)
    ledger.close(UploadGroup(id: "x", name: "photos"), .incoming, isCancelled: true)
    #expect(groups().map(\.hasEnded) == [false])
    finish(active)
    let group = groups().first
    #expect(group?.hasEnded == true && group?.isCancelled == true)
    ledger.close(UploadGroup(id: "unknown", name: "photos"), .incoming)
    #expect(groups().count == 1)
  }

  @Test func `a snapshot with a group that has not ended does not rest, unless its files do`() {
    var sampler = makeSampler()
    finish(begin("x", files: 2), at: 1)
    #expect(!sampler.sample(at: start + .seconds(2)).isResting)
    let second = begin("x", files: 2, at: 2)
    second.interrupt(since: start, expires: start + .seconds(1000))
    #expect(sampler.sample(at: start + .seconds(3)).isResting)
    second.endInterruption()
    finish(second, at: 3)
    _ = sampler.sample(at: start + .seconds(4))
    #expect(sampler.sample(at: start + .seconds(5)).isResting)
  }

  @Test func `what a restored group has received counts as moved, but not for its rate`() throws {
    var sampler = makeSampler()
    let meter = begin("x", files: 2, bytes: 1000)
    meter.resume(at: 60)
    meter.interrupt(since: start, expires: start + .seconds(1000))
    for seconds in [0, 1, 3] {
      let group = try #require(sampler.sample(at: start + .seconds(seconds)).groups.first)
      #expect(group.bytesMoved == 60 && group.bytesSkipped == 60 && group.speed == 0 && group.eta == nil)
    }
    meter.endInterruption()
    meter.phase = .peer
    meter.addReceived(10)
    let group = try #require(sampler.sample(at: start + .seconds(4)).groups.first)
    #expect(group.bytesMoved == 70 && group.bytesSkipped == 60)
    #expect(group.speed > 0 && group.speed <= 10)
  }

  @Test func `a group whose files are all interrupted has neither rate nor time left`() throws {
    var sampler = makeSampler()
    let meter = begin("x", files: 2, bytes: 1000)
    meter.phase = .peer
    _ = sampler.sample(at: start)
    meter.addReceived(50)
    #expect(sampler.sample(at: start + .seconds(2)).groups.first?.eta != nil)
    meter.interrupt(since: start + .seconds(2), expires: start + .seconds(1000))
    let group = try #require(sampler.sample(at: start + .seconds(3)).groups.first)
    #expect(group.isResting && group.speed == 0 && group.eta == nil)
  }

  @Test func `an incoming group has ended, cancelled, once its last active files are cancelled, until another begins`()
  {
    let meters = [begin("x", files: 10), begin("x", files: 10)]
    for meter in meters { meter.cancel() }
    ledger.end(meters[0], .cancelled, at: start)
    #expect(groups().map(\.hasEnded) == [false])
    ledger.end(meters[1], .cancelled, at: start)
    let ended = groups().first
    #expect(ended?.hasEnded == true && ended?.isCancelled == true && ended?.isStalled == false)
    _ = begin("x", files: 10)
    let continued = groups().first
    #expect(continued?.hasEnded == false && continued?.isCancelled == false)
  }

  @Test func `an incoming group continues until it has ended, as its snapshot says`() throws {
    func continues(_ id: String, at seconds: Int) -> Bool {
      let group = UploadGroup(id: id, name: "photos")
      let ended = groups(at: seconds).first { $0.id == id && $0.direction == .incoming }?.hasEnded
      let continues = ledger.continuesIncoming(group, at: start + .seconds(seconds))
      #expect(continues == (ended == false), "\(id) at \(seconds)")
      return continues
    }
    #expect(!continues("stated", at: 0))
    let first = begin("stated", files: 2)
    finish(begin("stated", files: 2), at: 1)
    finish(begin("unstated"), at: 1)
    finish(begin("sent", files: 2, direction: .outgoing), at: 1)
    #expect(continues("stated", at: 1000) && continues("unstated", at: 2) && !continues("sent", at: 2))
    #expect(!continues("unstated", at: 3))
    finish(first, at: 1)
    #expect(!continues("stated", at: 1))
    finish(begin("left", files: 10, at: 1), at: 1)
    #expect(continues("left", at: 60) && !continues("left", at: 61))
    let discarded = begin("discarded", files: 10)
    discarded.cancel()
    ledger.end(discarded, .cancelled, at: start)
    #expect(!continues("discarded", at: 1))
  }

  @Test func `groups are in the order of their beginnings`() {
    _ = begin("b", at: 1)
    _ = begin("a", at: 0)
    #expect(groups(at: 2).map(\.id) == ["a", "b"])
  }
}
