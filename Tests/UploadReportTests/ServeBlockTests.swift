import Testing

@testable import UploadCore
@testable import UploadReport

/// The progress lines of `sluice serve`, as values.
@Suite struct ServeBlockTests {
  private func upload(_ name: String, _ change: (inout UploadSnapshot) -> Void = { _ in }) -> UploadSnapshot {
    var upload = UploadSnapshot.queued(id: UploadID(), mode: .stream, name: name, size: 100 << 20, remote: "h:1")
    upload.direction = .incoming
    upload.isQueued = false
    (upload.state, upload.bytes, upload.speed, upload.eta) = (.receiving, 25 << 20, 10 * 1_048_576, 7.5)
    (upload.seconds, upload.residentBytes) = (2.5, 2 << 20)
    change(&upload)
    return upload
  }

  private func lines(
    _ uploads: [UploadSnapshot],
    columns: Int = 80,
    rows: Int = 24,
    unicode: Bool = true
  ) -> [String] {
    let snapshot = Snapshot(
      at: .now,
      uploads: uploads,
      memory: ProcessMemory(resident: 1, peak: 1),
      slabs: SlabUse(used: 0, budget: 0)
    )
    return ServeBlock.lines(snapshot, columns: columns, rows: rows, unicode: unicode, files: 20)
  }

  @Test func `one upload has one line, as recorded`() {
    #expect(
      lines([upload("a.bin")]) == ["a.bin  ██████▌───────────────────   25%    10.0 MiB/s      0:07     mem 2.0 MiB"]
    )
    #expect(
      lines([upload("a.bin")], columns: 40, unicode: false)
        == ["a.bin  #####----------------   25%     10.0"].map { _ in
          ProgressLine.text(upload("a.bin"), width: 39, unicode: false)
        }
    )
  }

  @Test func `several uploads have a summary with rate, stalls and what is left`() {
    let stalled = upload("b") { ($0.state, $0.cause, $0.speed) = (.stalled, .client, 0) }
    let lines = lines([upload("a"), stalled])
    #expect(lines.count == 3)
    #expect(lines[1].contains("stalled") && lines[1].contains("client"))
    #expect(lines[2].hasPrefix("2 active, 10.0 MiB/s, 1 stalled, 150.0 MiB left, 0:15 "), "\(lines)")
  }

  @Test func `what does not fit is counted in the last line`() {
    let uploads = (0..<15).map { upload("f\($0)") }
    let lines = lines(uploads, rows: 8)
    #expect(lines.count == 6)
    #expect(lines[5].hasPrefix("… and 10 more: 15 active, 150.0 MiB/s, "), "\(lines)")
    #expect(self.lines(uploads, rows: 8, unicode: false)[5].hasPrefix("... and 10 more: 15 active"))
    #expect(self.lines(uploads, rows: 2)[0].hasPrefix("… and 15 more: "))
    #expect(self.lines(uploads, rows: 200).count == 16)
  }

  @Test func `without a size of all uploads nothing is said about what is left`() {
    let unknown = upload("b") { ($0.size, $0.eta) = (nil, nil) }
    #expect(lines([upload("a"), unknown]).last?.trimmingWhitespace == "2 active, 20.0 MiB/s")
  }

  @Test func `ended, queued and interrupted uploads have no line`() {
    let ended = upload("a") { ($0.state, $0.outcome) = (.cancelled, .cancelled) }
    let queued = upload("b") { $0.isQueued = true }
    let interrupted = upload("c") { $0.state = .interrupted }
    #expect(lines([ended, queued, interrupted]).isEmpty)
    #expect(lines([ended, queued, interrupted, upload("d")]).count == 1)
  }

  /// Extreme numbers and hostile names at any size of the terminal.
  @Test func `each line is shorter than the terminal, and they are fewer than its rows`() {
    let extreme = upload("evil\u{1B}]0;x\u{7}\u{202E}漢字") {
      ($0.size, $0.bytes, $0.speed, $0.eta) = (.max, 0, .infinity, .nan)
    }
    let negative = upload("\n\n") { ($0.size, $0.bytes, $0.speed, $0.residentBytes) = (.max, .max, -1, .min) }
    for columns in [-1, 0, 1, 2, 5, 9, 20, 39, 40, 80, 500] {
      for rows in [-1, 0, 1, 2, 3, 5, 8, 24, 200] {
        for count in [1, 2, 3, 30] {
          let uploads = (0..<count).map { $0.isMultiple(of: 2) ? extreme : negative }
          let lines = lines(uploads, columns: columns, rows: rows, unicode: columns.isMultiple(of: 2))
          #expect(lines.count <= max(1, rows - 1), "\(columns) by \(rows)")
          for line in lines {
            #expect(TextWidth.columns(line) <= max(1, columns - 1) && PlainText.sanitized(line) == line)
          }
        }
      }
    }
  }
}
