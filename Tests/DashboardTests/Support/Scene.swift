import TerminalUI
import UploadCore

@testable import Dashboard

/// A state of the dashboard that golden frames are drawn from.
enum Scene: String, CaseIterable {
  case idle
  case one
  case few
  case forty
  case error
  case interrupted
  case help
  case picker
  case sheet
  case link

  func model(_ size: Size, _ capabilities: TerminalCapabilities) -> DashboardModel {
    var facts = DashboardFacts.example
    if self == .error { facts.warning = "Every client that reaches this address may upload: no token needed." }
    if self == .link {
      (facts.requiresToken, facts.generatedToken) = (true, "K3xvT0kenFORaTest-1234")
      let urls = ["http://192.168.1.7:8080", "http://10.0.0.2:8080", "http://[2001:db8::7]:8080"]
      facts.links = urls.map { "\($0)/#t=K3xvT0kenFORaTest-1234" }
    }
    var driver = Driver(size, facts: facts, capabilities: capabilities)
    driver.send(.freeSpace(44_300_000_000))
    let uploads = uploads
    for step in 0..<30 {
      driver.resident = 14_900_000 + (uploads.isEmpty ? 0 : UInt64(wave(step, 3) * 2_000_000))
      driver.show(uploads.enumerated().map { $1.at(step, of: 30, phase: $0) })
    }
    // An ended upload is in one more snapshot and then in none.
    let ended = ended
    if !ended.isEmpty { driver.show(uploads.enumerated().map { $1.at(30, of: 30, phase: $0) } + ended) }
    perform(&driver)
    return driver.model
  }

  private func perform(_ driver: inout Driver) {
    switch self {
    case .idle, .one, .few, .forty, .interrupted: break
    case .error: driver.send(.note(.error, "the disk of ./uploads is full: free some space, then retry"))
    case .help: driver.type("?")
    case .link: driver.type("Ql")
    case .picker:
      driver.type("u")
      driver.send(.directory(.example))
    case .sheet:
      driver.send(.input(.paste("'/home/ann/videos/holiday video.mp4' /home/ann/videos/notes.txt")))
      let files = [
        SendCheck.File(path: "/home/ann/videos/holiday video.mp4", size: 2_040_109_465),
        SendCheck.File(path: "/home/ann/videos/notes.txt", problem: "no permission to read it"),
      ]
      driver.send(.checked(SendCheck(files: files, target: .ownServer)))
    }
  }

  private var uploads: [UploadSnapshot] {
    switch self {
    case .idle, .help, .picker, .sheet, .link: []
    case .one: [Self.some[0]]
    case .few, .error: Array(Self.some.prefix(6))
    case .interrupted: Self.resting
    case .forty: (0..<40).map { Self.numbered($0) }
    }
  }

  private var ended: [UploadSnapshot] {
    switch self {
    case .few: [Self.done]
    case .error: [Self.done, Self.failed, Self.unreachable, Self.cancelled]
    default: []
    }
  }

  private static let some: [UploadSnapshot] = [
    .example("holiday-video.mp4") {
      $0.time = TimeShares([.client: 8.2, .server: 0.3, .disk: 2.9])
    },
    .example("db-backup-2026-11-25.tar.zst") {
      $0.mode = .multipart
      $0.sizeExact = false
      $0.bytes = 1_900_000_000
      $0.remote = "10.0.0.12:40112"
    },
    .example("sensor-log") {
      $0.mode = .raw
      $0.size = nil
      $0.bytes = 480_000_000
      $0.eta = nil
      $0.speed = 9_800_000
      $0.averageSpeed = 9_700_000
      $0.stored = 479_000_000
      $0.residentBytes = 1 << 20
    },
    .example("thesis-final-final.pdf") {
      $0.size = 48_000_000
      $0.bytes = 12_000_000
      $0.stored = 12_000_000
    }
    .stalled(.client, 12),
    .sending("ubuntu-24.04.iso") { $0.eta = 4 },
    .sending("photos.zip") {
      $0.mode = .buffered
      $0.bytes = 2 << 30
      $0.state = .finishing
      $0.eta = nil
      $0.residentBytes = 2 << 30
      $0.peakResidentBytes = 2 << 30
    },
  ]

  /// Resumable uploads, most of which have no connection.
  private static let resting: [UploadSnapshot] = [
    .example("holiday-video.mp4").interrupted(134),
    .example("db-backup-2026-11-25.tar.zst") { $0.mode = .resumable },
    .example("sensor-log") { $0.size = nil }.interrupted(7_300),
    .sending("ubuntu-24.04.iso").paused(),
    .sending("photos.zip") { ($0.mode, $0.canPause) = (.resumable, true) },
    .queued(
      id: UploadID(),
      mode: .resumable,
      name: "movie.mkv",
      size: 8 << 30,
      remote: "10.0.0.12:8080",
      isPaused: true
    ),
  ]

  private static let done = UploadSnapshot.example("presentation.key") { $0.size = 88_400_000 }
    .finished(type: "application/zip")
  private static let failed = UploadSnapshot.example("archive.tar")
    .ended(.failed(UploadError(.diskFull, "No space is left in ./uploads: free some, then send the file again.")))
  private static let unreachable = UploadSnapshot.sending("notes.txt") { $0.bytes = 0 }
    .ended(.failed(UploadError(.connectionRefused, "Cannot connect to 127.0.0.1:9: is the server running there?")))
  private static let cancelled = UploadSnapshot.sending("movie.mkv").ended(.cancelled)

  private static func numbered(_ index: Int) -> UploadSnapshot {
    let upload = UploadSnapshot.example("recording-\(100 + index).wav") {
      $0.size = UInt64(40 + 13 * index) << 20
      $0.bytes = UInt64(10 + 9 * index) << 20
      $0.stored = UInt64(9 + 8 * index) << 20
      $0.speed = Double(1 + index % 7) * 3_300_000
      $0.eta = Double(index * 7 + 2)
    }
    guard index % 3 == 2 else { return index % 10 == 7 ? upload.stalled(.disk, 31) : upload }
    return upload.changed {
      $0.direction = .outgoing
      $0.state = .sending
      $0.remote = "127.0.0.1:8080"
      ($0.stored, $0.durable) = (nil, nil)
    }
  }
}

extension UploadSnapshot {
  /// The upload after `step` of `count` steps, with a varying rate.
  fileprivate func at(_ step: Int, of count: Int, phase: Int) -> UploadSnapshot {
    changed {
      guard step < count - 1 else { return }
      $0.bytes = bytes / UInt64(count) * UInt64(step)
      $0.stored = stored.map { min($0, $0 / UInt64(count) * UInt64(step)) }
      $0.speed = max(speed, 20_000_000) * (0.55 + 0.45 * wave(step, phase + 2))
      $0.seconds = Double(step) / 2
      $0.residentBytes = max(0, residentBytes - (step + phase) % 3 << 20)
      if isQueued { ($0.speed, $0.seconds) = (0, 0) }
      if state == .stalled || state == .interrupted {
        $0.state = .receiving
        ($0.cause, $0.interruptedSeconds, $0.expiresIn) = (nil, nil, nil)
      }
      if state == .paused, !isQueued { $0.state = .sending }
    }
  }
}

/// A triangle wave between 0 and 1.
private func wave(_ step: Int, _ period: Int) -> Double {
  let position = step % (2 * period)
  return Double(position < period ? position : 2 * period - position) / Double(period)
}

extension DirectoryListing {
  static let example = DirectoryListing(
    requested: "/home/ann/videos",
    path: "/home/ann/videos",
    entries: [
      DirectoryEntry(name: "raw", kind: .directory, modified: "2026-11-20 09:12"),
      DirectoryEntry(name: "cuts", kind: .directory, modified: "2026-11-24 21:40"),
      DirectoryEntry(name: "holiday video.mp4", kind: .file, size: 2_040_109_465, modified: "2026-11-25 18:02"),
      DirectoryEntry(name: "take 10.mov", kind: .file, size: 734_003_200, modified: "2026-11-23 11:00"),
      DirectoryEntry(name: "take 9.mov", kind: .file, size: 713_031_680, modified: "2026-11-23 10:41"),
      DirectoryEntry(
        name: "latest",
        kind: .file,
        size: 734_003_200,
        modified: "2026-11-23 11:00",
        linkTarget: "take 10.mov"
      ),
      DirectoryEntry(name: "camera", kind: .other("FIFO"), modified: "2026-11-01 08:00"),
      DirectoryEntry(
        name: "private.mp4",
        kind: .file,
        size: 1_048_576,
        modified: "2026-10-31 23:59",
        problem: "no permission to read it"
      ),
    ],
    total: 8
  )
}
