import Testing
@testable import UploadCore

@testable import DashboardApp

@Suite struct SamplePaceTests {
  private let start = ContinuousClock.now

  private func snapshot(at seconds: Double, uploads: [UploadSnapshot] = []) -> Snapshot {
    Snapshot(
      at: start + .seconds(seconds),
      uploads: uploads,
      memory: ProcessMemory(resident: 0, peak: 0),
      slabs: SlabUse(used: 0, budget: 0)
    )
  }

  /// How many looks there are in so many seconds, when asked at each tick.
  private func looks(seconds: Int, rate: Int, isQuiet: Bool, activity: (Double) -> UInt64 = { _ in 0 }) -> Int {
    var pace = SamplePace(now: start)
    var count = 0
    while pace.nextTick < start + .seconds(seconds) {
      let now = pace.nextTick
      let offset = (now - start).inSeconds
      if pace.isDue(at: now, rate: rate, activity: activity(offset)) {
        count += 1
        pace.note(snapshot(at: offset), isQuiet: isQuiet)
      }
      #expect(pace.nextTick > now)
    }
    return count
  }

  @Test(arguments: [(1, 1), (5, 5), (10, 10), (1000, 10), (0, 1), (-5, 1)])
  func `active uploads are sampled at the user's rate, at most ten times per second`(rate: Int, expected: Int) {
    #expect(looks(seconds: 10, rate: rate, isQuiet: false) == expected * 10)
  }

  @Test func `without an active upload the first ten samples are due once per second`() {
    #expect(looks(seconds: 10, rate: 10, isQuiet: true) == 10)
  }

  @Test func `after ten samples without an active upload one is due every five seconds`() {
    #expect(looks(seconds: 60, rate: 5, isQuiet: true) == 20)
  }

  @Test func `an idle dashboard ticks twice per second, and a user's action makes a sample due within 0.1 s`() {
    var pace = SamplePace(now: start)
    _ = pace.isDue(at: start, rate: 5, activity: 0)
    pace.note(snapshot(at: 0), isQuiet: true)
    _ = pace.isDue(at: start + .milliseconds(200), rate: 5, activity: 0)
    #expect(pace.nextTick == start + .milliseconds(700))
    pace.wake(at: start + .milliseconds(300))
    #expect(pace.nextTick == start + .milliseconds(400))
    let isDue = pace.isDue(at: start + .milliseconds(400), rate: 5, activity: 0)
    #expect(isDue)
  }

  @Test func `when an upload begins a sample is due at the next tick`() {
    // 10 looks for the seconds, and one for the upload that begins between two of them.
    #expect(looks(seconds: 10, rate: 5, isQuiet: true) { $0 > 4.5 ? 1 : 0 } == 11)
  }

  @Test(arguments: [UploadState.interrupted, .paused])
  func `interrupted and paused uploads are sampled as rarely as none`(_ state: UploadState) {
    var pace = SamplePace(now: start)
    var upload = UploadSnapshot.queued(id: UploadID(), mode: .resumable, name: "a", size: nil, remote: "")
    upload.state = state
    var count = 0
    while pace.nextTick < start + .seconds(60) {
      let now = pace.nextTick
      guard pace.isDue(at: now, rate: 10, activity: 0) else { continue }
      count += 1
      pace.note(snapshot(at: (now - start).inSeconds, uploads: [upload]), isQuiet: true)
    }
    #expect(count == 20)
  }

  @Test func `before the next tick no sample is due`() {
    var pace = SamplePace(now: start)
    let isDue = [0, 199, 200].map { pace.isDue(at: start + .milliseconds($0), rate: 5, activity: 1) }
    #expect(isDue == [true, false, true])
  }

  @Test func `a listed upload or a user's action makes a sample due at the next tick`() {
    var pace = SamplePace(now: start)
    _ = pace.isDue(at: start, rate: 5, activity: 0)
    let upload = UploadSnapshot.queued(id: UploadID(), mode: .stream, name: "a", size: nil, remote: "")
    pace.note(snapshot(at: 0, uploads: [upload]), isQuiet: true)
    let withUpload = pace.isDue(at: start + .milliseconds(200), rate: 5, activity: 0)
    pace.note(snapshot(at: 0.2), isQuiet: true)
    let without = pace.isDue(at: start + .milliseconds(400), rate: 5, activity: 0)
    pace.wake(at: start + .milliseconds(400))
    let woken = pace.isDue(at: start + .milliseconds(600), rate: 5, activity: 0)
    #expect(withUpload && !without && woken)
  }
}
