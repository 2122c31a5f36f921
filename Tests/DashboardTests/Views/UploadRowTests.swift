import Dashboard
import Foundation
import TerminalUI
import Testing
import UploadCore

/// The texts in the rows of uploads.
@Suite struct UploadRowTests {
  private func text(_ upload: UploadSnapshot, _ size: Size = Size(width: 120, height: 34)) -> String {
    var driver = Driver(size)
    driver.show([upload])
    return driver.text
  }

  @Test(arguments: [
    (StallCause.client, 12.0, "stalled: client 12 s"), (.server, 5.9, "stalled: server 5 s"),
    (.disk, 700, "stalled: disk 11 min"), (.memory, 40_000, "stalled: memory 11 h"), (.limit, 6, "stalled: limit 6 s"),
  ])
  func `a stalled upload shows cause and duration of the stall from 40 by 8 cells on`(
    _ cause: StallCause,
    _ seconds: Double,
    _ state: String
  ) {
    for size in [Size(width: 120, height: 34), Size(width: 80, height: 24), Size(width: 40, height: 8)] {
      #expect(text(UploadSnapshot.example().stalled(cause, seconds), size).contains(state))
    }
  }

  @Test(arguments: [
    (0.5, "interrupted 0 s"), (59.9, "interrupted 59 s"), (120, "interrupted 2 min"), (7200, "interrupted 2 h"),
    (259_200, "interrupted 3 d"),
  ])
  func `an interrupted upload shows how long from 40 by 8 cells on`(_ seconds: Double, _ state: String) {
    for size in [Size(width: 120, height: 34), Size(width: 80, height: 24), Size(width: 40, height: 8)] {
      #expect(text(UploadSnapshot.example().interrupted(seconds), size).contains(state), "\(size)")
    }
  }

  @Test func `an interrupted upload shows what is stored and when it expires, and its bar ends at the stored bytes`() {
    let upload = UploadSnapshot.example().interrupted(120)
    for size in [Size(width: 120, height: 34), Size(width: 100, height: 24), Size(width: 200, height: 20)] {
      let text = text(upload, size)
      #expect(
        text.contains("512.0 MiB of 2.0 GiB") && text.contains("25 %") && text.contains("expires 23 h"),
        "\(size)"
      )
      #expect(!text.contains("50 %"), "\(size)")
    }
    #expect(text(upload, Size(width: 200, height: 50)).contains("stored 512.0 MiB  expires 23 h"))
  }

  @Test func `the detail of an interrupted upload shows stored and durable bytes, since when, and when it expires`() {
    var driver = Driver()
    driver.show([UploadSnapshot.example().interrupted(120)])
    driver.press(.enter)
    #expect(driver.text.contains(/state +interrupted 2 min/) && driver.text.contains(/expires +in 23 h/))
    #expect(driver.text.contains("stored 512.0 MiB  durable 512.0 MiB"))
  }

  @Test func `the pane counts interrupted and paused uploads in its title`() {
    var driver = Driver()
    let incoming = ["a", "b"].map { UploadSnapshot.example($0).interrupted(7) }
    driver.show(incoming + [UploadSnapshot.sending("c").paused()])
    #expect(driver.text.contains("2 interrupted") && driver.text.contains("1 paused"))
    #expect(driver.text.contains("─ 1 Incoming · 2 interrupted ─"))
  }

  @Test(arguments: [
    (UploadState.waiting, "waiting"), (.receiving, "receiving"), (.waitingForMemory, "waiting for memory"),
    (.limited, "limited"), (.finishing, "finishing"),
  ])
  func `an upload that waits, receives, is limited or finishes shows its state as text`(
    _ state: UploadState,
    _ shown: String
  ) {
    #expect(text(.example { $0.state = state }).contains(shown))
  }

  @Test func `a failed upload shows the error's code and its message`() {
    let upload = UploadSnapshot.example().ended(.failed(UploadError(.diskFull, "No space is left in ./uploads.")))
    #expect(text(upload).contains("failed: disk full"))
    #expect(text(upload).contains("No space is left in ./uploads."))
    #expect(text(upload, Size(width: 80, height: 24)).contains("No space is left in ./uploads."))
  }

  private static let long =
    "127.0.0.1:9443 presents a certificate that was not issued by a trusted authority, or that is for another name. "
    + "If it is a server of yours, trust its certificate's file with --ca FILE, or this very certificate with --fingerprint "
    + String(repeating: "ab", count: 32) + " END"

  private func joined(_ rows: some Sequence<String>) -> String {
    let letters = rows.joined(separator: " ").filter { !"│▌".contains($0) }
    return letters.split(separator: " ").joined(separator: " ")
  }

  @Test(arguments: [Size(width: 120, height: 34), Size(width: 80, height: 24), Size(width: 50, height: 20)])
  func `the large detail shows a long message of a failure completely`(_ size: Size) {
    var driver = Driver(size)
    driver.show([UploadSnapshot.example().ended(.failed(UploadError(.untrustedServer, Self.long)))])
    driver.press(.enter)
    let text = joined((0..<size.height).map { driver.row($0) })
    #expect(text.contains("trusted authority, or that is for another name. If it is a server of yours"))
    #expect(text.contains("END"))
  }

  @Test func `an ended upload is one dim row without a bar, and its words say how it ended`() {
    let stored = UploadSnapshot.example("x.zip") { ($0.size, $0.seconds) = (6_400_000, 0.1) }
    let rows: [(UploadSnapshot, String)] = [
      (stored.finished(), "x.zip stream stored 6.1 MiB in 0.1 s "),
      (.example("y").ended(.failed(UploadError(.diskFull, "No space."))), "y stream failed: disk full No space. "),
      (.example("z").ended(.cancelled), "z stream cancelled at 50 % "),
    ]
    for (upload, shown) in rows {
      var driver = Driver()
      driver.show([.example("moving"), upload])
      let y = (0..<34).first { driver.row($0).contains(" \(upload.name) ") } ?? 0
      let words = driver.row(y).split(separator: " ").joined(separator: " ")
      #expect(words.contains(shown), "\(driver.text)")
      let surface = driver.model.render()
      let theme = surface.theme
      let name = surface.row(y).first { $0.text == upload.name.prefix(1) }
      #expect(name?.style == theme.dim)
      let row = surface.row(y).dropFirst().prefix(98).filter { $0.text != " " }
      let colours: Set<Color> = [theme.good.foreground, theme.bad.foreground, theme.dim.foreground]
      #expect(row.allSatisfy { colours.contains($0.style.foreground) })
      let green = row.filter { $0.style.foreground == theme.good.foreground }.map(\.text).joined()
      #expect(green == (upload.state == .done ? "stored" : ""), "only the text stored is green")
      #expect(!driver.row(y).contains("█") && !driver.row(y + 1).contains("█"))
    }
  }

  @Test func `an upload that waits to retry shows the reason in its second row, and always in the detail`() {
    let upload = UploadSnapshot.sending("b") {
      $0.state = .waiting
      $0.retryReason = "Connection refused."
    }
    for (size, density) in [
      (Size(width: 120, height: 34), RowDensity.automatic), (Size(width: 80, height: 24), .two),
      (Size(width: 120, height: 20), .one),
    ] {
      var settings = DashboardSettings()
      settings.density = density
      var driver = Driver(size, settings: settings)
      driver.show([upload])
      driver.type("2z")
      #expect(driver.text.contains("waiting to retry"), "\(size)")
      #expect(driver.text.contains("Connection refused.") == (density != .one), "\(size)")
      driver.press(.enter)
      #expect(driver.text.contains("Connection refused."), "\(size)")
    }
  }

  @Test func `an upload that waits to retry shows the attempt's number and the seconds until it begins`() {
    let upload = UploadSnapshot.sending("b") {
      $0.state = .waiting
      $0.retryReason = "Connection refused."
      $0.attempt = 4
      $0.retryIn = 11.5
    }
    var driver = Driver()
    driver.show([upload])
    driver.type("2")
    #expect(driver.text.contains("retry 4 in 12 s"))
    driver.press(.enter)
    #expect(driver.text.contains("retry 4 in 12 s") && driver.text.contains("Connection refused."))
    driver.show([upload.changed { $0.maxAttempts = 6 }])
    #expect(driver.text.contains("retry 4/6 in 12 s") && driver.text.contains("attempt  4 of 6"))
  }

  private func spark(_ row: String) -> String { row.filter { ("\u{2801}"..."\u{28FF}").contains($0) } }

  /// The first rate, that of filling network buffers, is far higher than all others.
  @Test func `the sparkline is scaled to the latest rates, not to a far higher first one`() {
    var driver = Driver()
    let upload = UploadSnapshot.example { $0.speed = 4e9 }
    driver.show([upload])
    for step in 0..<130 { driver.show([upload.changed { $0.speed = step % 4 < 2 ? 1e6 : 9e6 }]) }
    #expect(Set(spark(driver.row(5))).count > 1, "\(driver.row(5))")
  }

  @Test func `the sparklines of a pane have one scale, and a steady rate is a line`() {
    var driver = Driver()
    let (slow, fast) = (UploadSnapshot.example("slow"), UploadSnapshot.example("fast"))
    for _ in 0..<40 { driver.show([slow.changed { $0.speed = 4e6 }, fast.changed { $0.speed = 2e7 }]) }
    #expect(driver.row(3).contains("fast") && driver.row(6).contains("slow"))
    // 19.1 and 3.8 of 20 MiB/s: the highest and the lowest of four steps.
    #expect(Set(spark(driver.row(5))) == ["⠉"] && Set(spark(driver.row(8))) == ["⣀"], "\(driver.text)")
  }

  @Test func `the sparkline of a stalled upload has fallen to nothing`() {
    var driver = Driver()
    let upload = UploadSnapshot.example()
    for _ in 0..<60 { driver.show([upload]) }
    #expect(!spark(driver.row(5)).isEmpty)
    for _ in 0..<120 { driver.show([upload.stalled(.client, 30).changed { $0.speed = 5e6 }]) }
    #expect(spark(driver.row(5)).isEmpty, "\(driver.row(5))")
  }

  @Test func `in the detail the widest numbers are shown completely, and its labels do not move for them`() {
    for size in [Size(width: 120, height: 34), Size(width: 200, height: 60), Size(width: 100, height: 30)] {
      var driver = Driver(size)
      func columns(_ upload: UploadSnapshot) -> [[Int?]] {
        driver.show([upload])
        let rows = driver.text.split(separator: "\n").map(String.init)
        return ["avg ", "peak ", "stored ", "durable "].map { label in
          rows.filter { $0.contains("rate  ") || $0.contains("received  ") || $0.contains("memory  ") }.map { row in
            row.range(of: label).map { row.distance(from: row.startIndex, to: $0.lowerBound) }
          }
        }
      }
      let upload = UploadSnapshot.example { $0.state = .receiving }
      let widest = 1023.9 * 1_048_576
      let first = columns(
        upload.changed { ($0.speed, $0.averageSpeed, $0.bytes, $0.stored, $0.durable) = (7, 8, 1, 1, 0) }
      )
      let second = columns(
        upload.changed {
          ($0.speed, $0.averageSpeed) = (widest, widest)
          ($0.bytes, $0.stored, $0.durable) = (UInt64(widest), UInt64(widest), UInt64(widest))
        }
      )
      #expect(first == second && first.joined().contains { $0 != nil }, "\(size)")
      #expect(driver.text.contains("1023.9 MiB/s avg 1023.9 MiB/s peak 1023.9 MiB/s"), "\(size)")
      #expect(driver.text.contains("1023.9 MiB stored 1023.9 MiB durable 1023.9 MiB"), "\(size)")
      #expect(driver.text.contains(/rate +(peak )?1023.9 MiB\/s/), "the caption of the graph, \(size)")
    }
  }

  @Test func `a row shows the peer on a screen of 100 columns`() {
    var driver = Driver(Size(width: 100, height: 30))
    driver.show([.example()])
    #expect(driver.row(4).contains("192.168.1.9:51234"))
  }

  @Test func `screens of 120 and 80 columns show name, mode, peer, percentage, rate, time, sizes and memory`() {
    for part in [
      "a.bin", "receiving", "192.168.1.9:51234", "50 %", "96.2 MiB/s", "0:10", "1.0 GiB of 2.0 GiB", "3.0 MiB",
    ] {
      #expect(text(.example()).contains(part), "\(part)")
      let short = part == "3.0 MiB" ? " 3.0M " : part
      #expect(text(.example(), Size(width: 80, height: 24)).contains(short), "\(short)")
    }
    #expect(text(.example()).contains(/a.bin +stream\s/), "the mode is left out first")
  }

  @Test func `an upload without a size shows bytes and no percentage`() {
    let upload = UploadSnapshot.example { ($0.size, $0.eta) = (nil, nil) }
    #expect(text(upload).contains("1.0 G") && !text(upload).contains("%"))
  }

  @Test func `the bar of an upload without a size moves with a snapshot exactly if bytes have arrived`() {
    var driver = Driver()
    var upload = UploadSnapshot.example { $0.size = nil }
    func bar() -> Substring { driver.row(3).prefix(70) }
    driver.show([upload])
    let first = bar()
    driver.show([upload])
    #expect(bar() == first)
    upload.bytes += 1
    driver.show([upload])
    #expect(bar() != first)
  }

  @Test func `a size that is only an upper limit has the sign ≤ before it`() {
    #expect(text(.example { $0.sizeExact = false }).contains("1.0 GiB of ≤2.0 GiB"))
  }

  @Test func `an upload that has all bytes and is not stored yet shows 100% and finishing`() {
    let upload = UploadSnapshot.example {
      $0.bytes = 2 << 30
      $0.state = .finishing
    }
    #expect(text(upload).contains("100 %") && text(upload).contains("finishing"))
    #expect(!text(upload).contains(/a.bin +stored/))
  }

  @Test func `the bar shows stored and received bytes in two colours`() {
    var driver = Driver()
    driver.show([.example { $0.stored = 1 << 29 }])
    let surface = driver.model.render()
    let row = surface.row(3)
    let received = row.count { $0.style.foreground == surface.theme.barReceived.foreground && $0.text == "█" }
    let stored = row.count { $0.style.foreground == surface.theme.barStored.foreground && $0.text == "█" }
    #expect(received >= 3 && stored >= 3)
  }

  @Test(arguments: [Size(width: 120, height: 34), Size(width: 80, height: 24), Size(width: 60, height: 20)])
  func `percentage, rate, time and memory of an upload keep their columns when numbers change`(_ size: Size) {
    var driver = Driver(size)
    let upload = UploadSnapshot.example()
    /// The columns behind each number of the rows that have it.
    func columns() -> [[Int]] {
      (3...5).map { y in
        let row = Array(driver.row(y))
        return row.indices.filter { $0 > 0 && (row[$0] == " " || row[$0] == "│") && "%sMB0".contains(row[$0 - 1]) }
      }
    }
    driver.show([upload.changed { ($0.name, $0.eta, $0.bytes) = ("x", 10, 1_100_000_000) }])
    let before = columns()
    for (speed, bytes, memory) in [(3.0, UInt64(900_000_000), 0), (5e8, 1_500_000_000, 9 << 20)] {
      driver.show([
        upload.changed {
          ($0.speed, $0.bytes, $0.residentBytes) = (speed, bytes, memory)
          ($0.name, $0.eta) = ("x", 3600)
        }
      ])
      #expect(columns().first == before.first, "\(driver.text)")
    }
  }

  @Test func `a complete upload shows its final name, and the detail its type, path and peak memory`() {
    let upload = UploadSnapshot.example("x.zip").ended(
      .finished(FinishedUpload(path: "x (2).zip", bytes: 1 << 20, type: "application/zip"))
    )
    let wide = text(upload, Size(width: 200, height: 50))
    #expect(wide.contains("stored 2.0 GiB in 11.4 s as x (2).zip"), "\(wide)")
    #expect(wide.contains("application/zip") && wide.contains("peak 4.0 MiB") && wide.contains("path     x (2).zip"))
  }
}
