import TerminalUI

@testable import Dashboard
@testable import UploadCore

/// A state of the dashboard with trees or downloads, that golden frames are drawn from.
enum TreeScene: String, CaseIterable {
  /// Trees that move, are stalled, have ended, and a form; one is sent.
  case trees
  /// The same with the first tree opened.
  case open
  /// The detail of a tree with failures.
  case detail
  /// The question before a tree is cancelled.
  case question
  case downloads
  /// The file picker with a marked directory that was counted, and one that is being counted.
  case picker
  /// The send dialog with a directory, of which something is skipped.
  case sheet

  func model(_ size: Size, _ capabilities: TerminalCapabilities) -> DashboardModel {
    var driver = Driver(size, capabilities: capabilities)
    driver.send(.freeSpace(44_300_000_000))
    switch self {
    case .trees: showTrees(&driver)
    case .open:
      showTrees(&driver)
      driver.press(.enter)
    case .detail:
      showTrees(&driver)
      driver.type("3")
    case .question:
      showTrees(&driver)
      driver.type("x")
    case .downloads: showDownloads(&driver)
    case .picker: showPicker(&driver)
    case .sheet: showSheet(&driver)
    }
    return driver.model
  }

  private static let job = UploadID()
  private static let photos = GroupSnapshot.example { $0.filesFailed = 2 }
  private static let music = GroupSnapshot.example("music") { ($0.files, $0.bytes) = (312, 2_400_000_000) }
  private static let scans = GroupSnapshot.example("scans") { ($0.files, $0.bytes) = (48, 96_000_000) }
  private static let form = GroupSnapshot.example("form of 3 files") {
    ($0.mode, $0.files, $0.bytes) = (.multipart, 3, nil)
    ($0.filesFinished, $0.filesActive, $0.eta) = (1, 1, nil)
  }
  private static let videos = GroupSnapshot.sending("videos", job: job) { ($0.files, $0.bytes) = (2_500, 9 << 30) }

  private static let files: [UploadSnapshot] = [
    photos.file("2026/beach.jpg") { ($0.size, $0.bytes, $0.stored) = (4_000_000, 2_000_000, 1_900_000) },
    photos.file("2026/city.jpg") { ($0.size, $0.bytes, $0.stored) = (5_000_000, 1_000_000, 900_000) },
    music.file("01.flac").stalled(.client, 12),
    .example("movie.mkv"),
  ]

  private func showTrees(_ driver: inout Driver) {
    let groups = [Self.photos, Self.music.stalled(12), Self.form, Self.scans.ended(failed: 1), Self.videos]
    let ends = [
      Self.photos.file("2026/broken.jpg").failed(),
      Self.photos.file("2026/locked.jpg").failed("The upload was interrupted: 1.0 MiB of 4.0 MiB received."),
      Self.photos.file("2026/alps.jpg") { $0.size = 3_100_000 }.finished(type: "image/jpeg"),
    ]
    driver.show(Self.files, groups: groups)
    driver.show(Self.files + ends, groups: groups)
    for _ in 0..<10 { driver.show(Self.files, groups: groups) }
  }

  private func showDownloads(_ driver: inout Driver) {
    let ended = DownloadSnapshot(
      id: UploadID(),
      name: "photos/2026/alps.jpg",
      remote: "192.168.1.9:51234",
      size: 3_100_000,
      bytes: 3_100_000,
      seconds: 1.2,
      outcome: .finished
    )
    let aborted = DownloadSnapshot(
      id: UploadID(),
      name: "debian-13.2.0-netinst.iso",
      remote: "10.0.0.12:40112",
      size: 700 << 20,
      bytes: 12 << 20,
      seconds: 3,
      outcome: .aborted
    )
    let downloads = DownloadTotals(active: 2, speed: 123_731_968, finished: 1, bytes: 3_100_000)
    driver.show([.example("movie.mkv")], downloads: downloads, endedDownloads: [ended, aborted])
    for _ in 0..<5 { driver.show([.example("movie.mkv")], downloads: downloads) }
  }

  private func showPicker(_ driver: inout Driver) {
    driver.type("u")
    driver.send(.directory(.example))
    driver.type("  ")
    var count = DirectoryCount(path: "/home/ann/videos/cuts")
    (count.files, count.bytes, count.skipped) = (1_204, 3_435_973_836, 12)
    driver.send(.counted(count))
    driver.press(.up)
    driver.press(.up)
  }

  private func showSheet(_ driver: inout Driver) {
    driver.send(.input(.paste("/home/ann/photos /home/ann/videos/notes.txt /home/ann/music")))
    let files = [
      SendCheck.File(path: "/home/ann/photos", isDirectory: true),
      SendCheck.File(path: "/home/ann/videos/notes.txt", size: 512),
      SendCheck.File(path: "/home/ann/music", isDirectory: true),
    ]
    driver.send(.checked(SendCheck(files: files, target: .ownServer)))
    var photos = DirectoryCount(path: "/home/ann/photos")
    (photos.files, photos.bytes, photos.skipped) = (1_204, 3_435_973_836, 12)
    var music = DirectoryCount(path: "/home/ann/music")
    (music.files, music.bytes) = (312, 2_400_000_000)
    driver.send(.counted(photos))
    driver.send(.counted(music))
  }
}
