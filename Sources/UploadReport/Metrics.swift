package import UploadCore

/// The counts and memory of all uploads and downloads at one instant, as `/metrics` reports them.
package struct Metrics: Sendable {
  /// The media type of ``text``, for the header field Content-Type.
  package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// The values of one running upload.
  struct Active: Sendable {
    var direction: UploadDirection
    var mode: UploadMode
    var state: UploadState
    /// Bytes received or sent, in all attempts.
    var bytes: UInt64
    var residentBytes: Int
  }

  var active: [Active]
  /// Counts of uploads since the ledger was made; without an entry for a direction that has had none.
  var totals: [UploadDirection: UploadLedger.Totals]
  var slabs: SlabUse
  var memory: ProcessMemory
  var downloads = DownloadTotals()
}

extension Metrics {
  /// Reads the current values; may be called on any thread, as it takes nothing from the ledger. States come from the
  /// meters alone: `stalled`, which needs samples over time, never occurs.
  package init(ledger: UploadLedger, slabs: SlabUse, memory: ProcessMemory = .current()) {
    let (meters, totals) = ledger.reading()
    let active = meters.map { meter in
      Active(
        direction: meter.direction,
        mode: meter.mode,
        state: Sampler.state(of: meter, outcome: nil, idle: .zero, limit: .seconds(1)).0,
        bytes: meter.transferred,
        residentBytes: meter.residentBytes
      )
    }
    let downloads = ledger.downloads.totals
    self.init(active: active, totals: totals, slabs: slabs, memory: memory, downloads: downloads)
  }

  /// The metrics in the OpenMetrics text format, `# EOF` at the end included. All series are always there, those
  /// without uploads with the value 0.
  package var text: String {
    let started = byDirection { total($0).started }
    let transferred = byDirection { running($0).reduce(total($0).transferredBytes) { $0 &+ $1.bytes } }
    let finished = byDirection { total($0).finishedBytes }
    let resident = byDirection { running($0).reduce(0) { $0 &+ UInt64(max(0, $1.residentBytes)) } }
    let (used, budget) = (UInt64(max(0, slabs.used)), UInt64(max(0, slabs.budget)))
    let families = [
      Self.gauge("sluice_uploads_active", "Running uploads.", activeUploads),
      Self.gauge("sluice_uploads_interrupted", "Incoming resumable uploads without a connection.", interrupted),
      Self.gauge("sluice_uploads_paused", "Outgoing resumable uploads that the user has paused.", paused),
      Self.counter("sluice_uploads_started", "Uploads started since the process began.", started),
      Self.counter("sluice_uploads_ended", "Uploads ended since the process began, by outcome.", endedUploads),
      Self.counter("sluice_transferred_bytes", "Bytes received or sent by all uploads.", transferred),
      Self.counter("sluice_finished_bytes", "Bytes of finished uploads.", finished),
      Self.gauge("sluice_uploads_resident_bytes", "Memory used by running uploads.", resident),
      Self.gauge("sluice_downloads_active", "Downloads being sent.", [([:], UInt64(max(0, downloads.active)))]),
      Self.counter("sluice_downloads", "Downloads ended since the process began, by outcome.", endedDownloads),
      Self.counter("sluice_download_bytes", "Bytes of files sent by all downloads.", [([:], downloads.bytes)]),
      Self.gauge("sluice_slab_bytes", "Slabs in use between socket and disk.", [([:], used)]),
      Self.gauge("sluice_slab_budget_bytes", "Limit on the size of all slabs.", [([:], budget)]),
      Self.gauge("process_resident_memory_bytes", "Resident set size of the process.", [([:], memory.resident)]),
      Self.gauge("process_resident_memory_peak_bytes", "Peak resident set size of the process.", [([:], memory.peak)]),
    ]
    return families.joined() + "# EOF\n"
  }

  /// Names and values of labels. Values are constants of this program and need no escaping.
  private typealias Labels = KeyValuePairs<String, String>
  private typealias Sample = (labels: Labels, value: UInt64)

  private func byDirection(_ value: (UploadDirection) -> UInt64) -> [Sample] {
    UploadDirection.allCases.map { (["direction": $0.rawValue], value($0)) }
  }

  private func running(_ direction: UploadDirection) -> [Active] {
    active.filter { $0.direction == direction }
  }

  private func total(_ direction: UploadDirection) -> UploadLedger.Totals {
    totals[direction] ?? UploadLedger.Totals()
  }

  private var interrupted: [Sample] { [([:], UInt64(active.count { $0.state == .interrupted }))] }

  private var paused: [Sample] { [([:], UInt64(active.count { $0.state == .paused }))] }

  /// Without interrupted and paused ones, which have series of their own.
  private var activeUploads: [Sample] {
    var samples: [Sample] = []
    for direction in UploadDirection.allCases {
      let uploads = running(direction)
      let isIncoming = direction == .incoming
      let states: [UploadState] =
        [.waiting, isIncoming ? .receiving : .sending, .waitingForMemory, .stalled, .limited, .finishing]
      for mode in [UploadMode.stream, .multipart, .resumable, isIncoming ? .raw : .buffered] {
        for state in states {
          let count = uploads.count { $0.mode == mode && $0.state == state }
          let labels: Labels = ["direction": direction.rawValue, "mode": mode.rawValue, "state": state.rawValue]
          samples.append((labels, UInt64(count)))
        }
      }
    }
    return samples
  }

  private var endedUploads: [Sample] {
    UploadDirection.allCases.flatMap { direction -> [Sample] in
      let (totals, name) = (total(direction), direction.rawValue)
      return [
        (["direction": name, "outcome": "finished"], totals.finished),
        (["direction": name, "outcome": "failed"], totals.failed),
        (["direction": name, "outcome": "cancelled"], totals.cancelled),
      ]
    }
  }

  private var endedDownloads: [Sample] {
    [(["outcome": "finished"], downloads.finished), (["outcome": "aborted"], downloads.aborted)]
  }

  /// A metric that goes up and down, as ``family(_:type:suffix:_:_:)`` writes it.
  private static func gauge(_ name: String, _ help: String, _ samples: [Sample]) -> String {
    family(name, type: "gauge", suffix: "", help, samples)
  }

  /// A metric that only goes up, as ``family(_:type:suffix:_:_:)`` writes it; its samples have the suffix `_total`.
  private static func counter(_ name: String, _ help: String, _ samples: [Sample]) -> String {
    family(name, type: "counter", suffix: "_total", help, samples)
  }

  /// A metric in the OpenMetrics text format (version 1.0.0, sections "ABNF" and "Metric Types"): its description, then
  /// its samples.
  /// - Parameters:
  ///   - name: ends with `_bytes` for sizes.
  ///   - suffix: what the name of each sample has behind `name`.
  ///   - help: plain text on one output line, without quotes or backslashes.
  private static func family(
    _ name: String,
    type: String,
    suffix: String,
    _ help: String,
    _ samples: [Sample]
  ) -> String {
    let unit = name.hasSuffix("_bytes") ? "# UNIT \(name) bytes\n" : ""
    let lines = samples.map { labels, value in
      let list = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
      return "\(name)\(suffix)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
    }
    return "# TYPE \(name) \(type)\n\(unit)# HELP \(name) \(help)\n" + lines.joined()
  }
}
