package import UploadCore

/// The counts and memory of all uploads at one instant, as `/metrics` reports them.
package struct Metrics: Sendable {
  /// The media type of ``text``.
  package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// A running upload.
  struct Active: Sendable {
    var direction: UploadDirection
    var mode: UploadMode
    var state: UploadState
    /// Received or sent, in all attempts.
    var bytes: UInt64
    var residentBytes: Int
  }

  var active: [Active]
  /// Counts of uploads since the process began.
  var totals: [UploadDirection: UploadLedger.Totals]
  var slabs: SlabUse
  var memory: ProcessMemory
}

extension Metrics {
  /// Reads the current values. States come from the meters alone: `stalled`, which needs samples over time, never
  /// occurs.
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

  /// The OpenMetrics text, with its end mark. It has all series from the start, those without uploads with the value 0.
  package var text: String {
    families.map(\.text).joined() + "# EOF\n"
  }

  private var families: [MetricFamily] {
    let started = byDirection { total($0).started }
    let transferred = byDirection { running($0).reduce(total($0).transferredBytes) { $0 &+ $1.bytes } }
    let finished = byDirection { total($0).finishedBytes }
    let resident = byDirection { running($0).reduce(0) { $0 &+ UInt64(max(0, $1.residentBytes)) } }
    let (used, budget) = (UInt64(max(0, slabs.used)), UInt64(max(0, slabs.budget)))
    return [
      MetricFamily("sluice_uploads_active", .gauge, "Running uploads.", activeUploads),
      MetricFamily("sluice_uploads_started", .counter, "Uploads started since the process began.", started),
      MetricFamily(
        "sluice_uploads_ended",
        .counter,
        "Uploads ended since the process began, by outcome.",
        endedUploads
      ),
      MetricFamily("sluice_transferred_bytes", .counter, "Bytes received or sent by all uploads.", transferred),
      MetricFamily("sluice_finished_bytes", .counter, "Bytes of finished uploads.", finished),
      MetricFamily("sluice_uploads_resident_bytes", .gauge, "Memory used by running uploads.", resident),
      MetricFamily("sluice_slab_bytes", "Slabs in use between socket and disk.", used),
      MetricFamily("sluice_slab_budget_bytes", "Limit on the size of all slabs.", budget),
      MetricFamily("process_resident_memory_bytes", "Resident set size of the process.", memory.resident),
      MetricFamily("process_resident_memory_peak_bytes", "Peak resident set size of the process.", memory.peak),
    ]
  }

  private func byDirection(_ value: (UploadDirection) -> UInt64) -> [MetricFamily.Sample] {
    UploadDirection.allCases.map { (["direction": $0.rawValue], value($0)) }
  }

  private func running(_ direction: UploadDirection) -> [Active] {
    active.filter { $0.direction == direction }
  }

  private func total(_ direction: UploadDirection) -> UploadLedger.Totals {
    totals[direction] ?? UploadLedger.Totals()
  }

  private var activeUploads: [MetricFamily.Sample] {
    var samples: [MetricFamily.Sample] = []
    for direction in UploadDirection.allCases {
      let uploads = running(direction)
      let isIncoming = direction == .incoming
      let states: [UploadState] =
        [.waiting, isIncoming ? .receiving : .sending, .waitingForMemory, .stalled, .limited, .finishing]
      for mode in [UploadMode.stream, .multipart, isIncoming ? .raw : .buffered] {
        for state in states {
          let count = uploads.count { $0.mode == mode && $0.state == state }
          let labels: MetricFamily.Labels =
            ["direction": direction.rawValue, "mode": mode.rawValue, "state": state.rawValue]
          samples.append((labels, UInt64(count)))
        }
      }
    }
    return samples
  }

  private var endedUploads: [MetricFamily.Sample] {
    UploadDirection.allCases.flatMap { direction -> [MetricFamily.Sample] in
      let (totals, name) = (total(direction), direction.rawValue)
      return [
        (["direction": name, "outcome": "finished"], totals.finished),
        (["direction": name, "outcome": "failed"], totals.failed),
        (["direction": name, "outcome": "cancelled"], totals.cancelled),
      ]
    }
  }
}

/// A metric with its samples in the OpenMetrics text format (version 1.0.0, sections "ABNF" and "Metric Types").
private struct MetricFamily {
  enum Kind: String {
    /// Goes up and down.
    case gauge
    /// Only goes up; its samples have the suffix `_total`.
    case counter
  }

  /// Names and values of labels. Values are constants of this program and need no escaping.
  typealias Labels = KeyValuePairs<String, String>
  typealias Sample = (labels: Labels, value: UInt64)

  private let name: String
  private let kind: Kind
  private let help: String
  private let samples: [Sample]

  /// A family with any number of samples.
  /// - Parameters:
  ///   - name: ends with `_bytes` for sizes.
  ///   - help: plain text on one output line, without quotes or backslashes.
  init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
  }

  /// A gauge with one sample.
  init(_ name: String, _ help: String, _ value: UInt64) {
    self.init(name, .gauge, help, [([:], value)])
  }

  /// The family in the text format: its description, then its samples.
  var text: String {
    var text = "# TYPE \(name) \(kind.rawValue)\n"
    if name.hasSuffix("_bytes") { text += "# UNIT \(name) bytes\n" }
    text += "# HELP \(name) \(help)\n"
    for (labels, value) in samples {
      let list = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
      text += "\(name)\(kind == .counter ? "_total" : "")\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
    }
    return text
  }
}
