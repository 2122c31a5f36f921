package import UploadCore

/// What `/metrics` reports: counts and memory of all uploads at one instant, as OpenMetrics text.
package struct Metrics: Sendable {
  /// The media type of ``text``.
  package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// What counts of an upload that runs.
  struct Active: Sendable {
    var direction: UploadDirection
    var mode: UploadMode
    var state: UploadState
    /// Received or sent, in all attempts.
    var bytes: UInt64
    var residentBytes: Int
  }

  var active: [Active]
  /// Counts of uploads since the start, by direction.
  var totals: [UploadDirection: UploadLedger.Totals]
  var slabs: SlabUse
  var memory: ProcessMemory
}

extension Metrics {
  /// Reads everything now. States come from the meters alone: without samples over time none is `stalled`.
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
    self.init(active: active, totals: totals, slabs: slabs, memory: memory)
  }

  /// The text, with its end mark. Every series is there from the start, so that none seems to come from nowhere.
  package var text: String {
    var writer = OpenMetricsWriter()
    writeActive(to: &writer)
    writeTotals(to: &writer)
    writeBytes(to: &writer)
    writeMemory(to: &writer)
    writer.finish()
    return writer.text
  }

  private func writeActive(to writer: inout OpenMetricsWriter) {
    let name = "sluice_uploads_active"
    writer.family(name, .gauge, help: "Uploads that run now.")
    var counts: [[String]: Int] = [:]
    for upload in active { counts[Self.key(upload.direction, upload.mode, upload.state), default: 0] += 1 }
    for direction in UploadDirection.allCases {
      for mode in direction.modes {
        for state in direction.runningStates {
          writer.sample(
            name,
            counts[Self.key(direction, mode, state)] ?? 0,
            ["direction": direction.rawValue, "mode": mode.rawValue, "state": state.rawValue]
          )
        }
      }
    }
  }

  private static func key(_ direction: UploadDirection, _ mode: UploadMode, _ state: UploadState) -> [String] {
    [direction.rawValue, mode.rawValue, state.rawValue]
  }

  private func writeTotals(to writer: inout OpenMetricsWriter) {
    writer.family("sluice_uploads_started", .counter, help: "Uploads that began since the process did.")
    for direction in UploadDirection.allCases {
      writer.sample("sluice_uploads_started_total", total(direction).started, ["direction": direction.rawValue])
    }
    writer.family("sluice_uploads_ended", .counter, help: "Uploads that ended since the process began, by outcome.")
    for direction in UploadDirection.allCases {
      let totals = total(direction)
      let outcomes = [("finished", totals.finished), ("failed", totals.failed), ("cancelled", totals.cancelled)]
      for (outcome, count) in outcomes {
        writer.sample("sluice_uploads_ended_total", count, ["direction": direction.rawValue, "outcome": outcome])
      }
    }
  }

  private func writeBytes(to writer: inout OpenMetricsWriter) {
    writer.family(
      "sluice_transferred_bytes",
      .counter,
      unit: "bytes",
      help: "Bytes received or sent, of uploads that ended and of those that run."
    )
    for direction in UploadDirection.allCases {
      let running = active.lazy.filter { $0.direction == direction }.map(\.bytes)
      let sum = running.reduce(total(direction).transferredBytes, &+)
      writer.sample("sluice_transferred_bytes_total", sum, ["direction": direction.rawValue])
    }
    writer.family("sluice_finished_bytes", .counter, unit: "bytes", help: "Bytes of uploads that finished well.")
    for direction in UploadDirection.allCases {
      writer.sample("sluice_finished_bytes_total", total(direction).finishedBytes, ["direction": direction.rawValue])
    }
  }

  private func writeMemory(to writer: inout OpenMetricsWriter) {
    let resident = "sluice_uploads_resident_bytes"
    writer.family(resident, .gauge, unit: "bytes", help: "Memory used by running uploads.")
    for direction in UploadDirection.allCases {
      let held = active.lazy.filter { $0.direction == direction }.map { max(0, $0.residentBytes) }
      writer.sample(resident, held.reduce(0, &+), ["direction": direction.rawValue])
    }
    let gauges: [(String, UInt64, String)] = [
      ("sluice_slab_bytes", UInt64(max(0, slabs.used)), "Slabs in use between socket and disk."),
      ("sluice_slab_budget_bytes", UInt64(max(0, slabs.budget)), "The ceiling on all slabs together."),
      ("process_resident_memory_bytes", memory.resident, "Resident set size of the process."),
      ("process_resident_memory_peak_bytes", memory.peak, "The largest the resident set has been."),
    ]
    for (name, value, help) in gauges {
      writer.family(name, .gauge, unit: "bytes", help: help)
      writer.sample(name, value)
    }
  }

  private func total(_ direction: UploadDirection) -> UploadLedger.Totals {
    totals[direction] ?? UploadLedger.Totals()
  }
}

extension UploadDirection {
  fileprivate var modes: [UploadMode] {
    self == .incoming ? [.stream, .multipart, .raw] : [.stream, .multipart, .buffered]
  }

  fileprivate var runningStates: [UploadState] {
    [.waiting, self == .incoming ? .receiving : .sending, .waitingForMemory, .stalled, .limited, .finishing]
  }
}

/// Writes the OpenMetrics text format (version 1.0.0, section "ABNF" and "Metric Types"): families, each with its
/// description, then an end mark.
struct OpenMetricsWriter {
  /// What a family counts.
  enum Kind: String {
    /// Goes up and down.
    case gauge
    /// Only goes up; its samples have the suffix `_total`.
    case counter
  }

  private(set) var text = ""

  /// Begins a family; its samples must follow at once.
  /// - Parameters:
  ///   - unit: must be what `name` ends with; none for plain counts.
  ///   - help: plain text on one line, without quotes or backslashes.
  mutating func family(_ name: String, _ kind: Kind, unit: String? = nil, help: String) {
    text += "# TYPE \(name) \(kind.rawValue)\n"
    if let unit { text += "# UNIT \(name) \(unit)\n" }
    text += "# HELP \(name) \(help)\n"
  }

  /// One sample; label values are constants of this program and need no escaping.
  mutating func sample(_ name: String, _ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  /// Ends the text; without this mark a reader takes it for cut.
  mutating func finish() {
    text += "# EOF\n"
  }
}
