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
  /// What the time of all uploads, running and ended, was spent on so far.
  var times: [UploadDirection: TimeShares] = [:]
  var slabs: SlabUse
  var memory: ProcessMemory
  var downloads = DownloadTotals()
  /// The requests to a store on another machine; nil where files are stored on this one.
  var store: StoreCounters?
}

extension Metrics {
  /// Reads the current values; may be called on any thread, as it takes nothing from the ledger. States come from the
  /// meters alone: `stalled`, which needs samples over time, never occurs.
  /// - Parameter store: the requests to a store on another machine; nil where files are stored on this one.
  package init(
    ledger: UploadLedger,
    slabs: SlabUse,
    memory: ProcessMemory = .current(),
    store: StoreCounters? = nil
  ) {
    let (meters, totals) = ledger.reading()
    let now = ContinuousClock.now
    let active = meters.map { meter in
      Active(
        direction: meter.direction,
        mode: meter.mode,
        state: Sampler.state(of: meter, outcome: nil, idle: .zero, limit: .seconds(1)).0,
        bytes: meter.transferred,
        residentBytes: meter.residentBytes
      )
    }
    var times = totals.mapValues(\.time)
    for meter in meters { times[meter.direction, default: TimeShares()] += meter.dividedTime(at: now) }
    self.init(
      active: active,
      totals: totals,
      times: ledger.raised(times),
      slabs: slabs,
      memory: memory,
      downloads: ledger.downloads.totals,
      store: store
    )
  }

  /// The metrics in the OpenMetrics text format, `# EOF` at the end included. All series are always there, those
  /// without uploads with the value 0; those of a store only where that is on another machine.
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
      Self.times("sluice_upload_wait_seconds", "Time of uploads by what they waited for, without small files.", waits),
      Self.gauge("sluice_uploads_resident_bytes", "Memory used by running uploads.", resident),
      Self.gauge("sluice_downloads_active", "Downloads being sent.", [([:], UInt64(max(0, downloads.active)))]),
      Self.counter("sluice_downloads", "Downloads ended since the process began, by outcome.", endedDownloads),
      Self.counter("sluice_download_bytes", "Bytes of files sent by all downloads.", [([:], downloads.bytes)]),
      Self.gauge("sluice_slab_bytes", "Slabs in use between socket and disk.", [([:], used)]),
      Self.gauge("sluice_slab_budget_bytes", "Limit on the size of all slabs.", [([:], budget)]),
      Self.gauge("process_resident_memory_bytes", "Resident set size of the process.", [([:], memory.resident)]),
      Self.gauge("process_resident_memory_peak_bytes", "Peak resident set size of the process.", [([:], memory.peak)]),
    ]
    return (families + (store.map(Self.families(of:)) ?? [])).joined() + "# EOF\n"
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

  private var waits: [(labels: Labels, value: Double)] {
    UploadDirection.allCases.flatMap { direction -> [(labels: Labels, value: Double)] in
      let time = times[direction] ?? TimeShares()
      return TimeCause.allCases.map { (["direction": direction.rawValue, "cause": $0.rawValue], time[$0]) }
    }
  }

  private var endedDownloads: [Sample] {
    [(["outcome": "finished"], downloads.finished), (["outcome": "aborted"], downloads.aborted)]
  }

  /// The metrics of the requests to a store.
  private static func families(of store: StoreCounters) -> [String] {
    func samples(_ value: (StoreCounters.Operation) -> UInt64) -> [Sample] {
      store.operations.map { (["operation": $0.name], value($0)) }
    }
    return [
      counter("sluice_store_requests", "Requests sent to the store, with retries.", samples { $0.requests }),
      counter("sluice_store_retries", "Requests to the store that repeated a failed one.", samples { $0.retries }),
      counter("sluice_store_failures", "Requests to the store that failed for good.", samples { $0.failures }),
      histogram("sluice_store_response_seconds", "Time that requests to the store took.", store),
    ]
  }

  /// A histogram (OpenMetrics version 1.0.0, section "Histogram"): the samples of each operation are its buckets, in
  /// ascending order, their count and their sum.
  private static func histogram(_ name: String, _ help: String, _ store: StoreCounters) -> String {
    let head = family(name, type: "histogram", suffix: "", help, [Sample]())
    let lines = store.operations.map { operation in
      let label = "operation=\"\(operation.name)\""
      var (count, lines): (UInt64, String) = (0, "")
      for (bound, number) in zip(store.bounds.map { "\($0)" } + ["+Inf"], operation.latencies) {
        count &+= number
        lines += "\(name)_bucket{\(label),le=\"\(bound)\"} \(count)\n"
      }
      return lines + "\(name)_count{\(label)} \(count)\n\(name)_sum{\(label)} \(seconds(operation.seconds))\n"
    }
    return head + lines.joined()
  }

  /// A metric that goes up and down, as ``family(_:type:suffix:_:_:)`` writes it.
  private static func gauge(_ name: String, _ help: String, _ samples: [Sample]) -> String {
    family(name, type: "gauge", suffix: "", help, samples)
  }

  /// A metric that only goes up, as ``family(_:type:suffix:_:_:)`` writes it; its samples have the suffix `_total`.
  private static func counter(_ name: String, _ help: String, _ samples: [Sample]) -> String {
    family(name, type: "counter", suffix: "_total", help, samples)
  }

  /// A counter of seconds.
  private static func times(_ name: String, _ help: String, _ samples: [(labels: Labels, value: Double)]) -> String {
    family(name, type: "counter", suffix: "_total", help, samples, text: seconds)
  }

  /// Rounded to milliseconds, so that no exponent is printed.
  private static func seconds(_ value: Double) -> String { "\((min(max(0, value), 1e12) * 1000).rounded() / 1000)" }

  /// A metric in the OpenMetrics text format (version 1.0.0, sections "ABNF" and "Metric Types"): its description, then
  /// its samples.
  /// - Parameters:
  ///   - name: ends with `_bytes` for sizes, with `_seconds` for times.
  ///   - suffix: what the name of each sample has behind `name`.
  ///   - help: plain text on one output line, without quotes or backslashes.
  private static func family<Value>(
    _ name: String,
    type: String,
    suffix: String,
    _ help: String,
    _ samples: [(labels: Labels, value: Value)],
    text: (Value) -> String = { "\($0)" }
  ) -> String {
    let unit = ["bytes", "seconds"].first { name.hasSuffix("_\($0)") }.map { "# UNIT \(name) \($0)\n" } ?? ""
    let lines = samples.map { labels, value in
      let list = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
      return "\(name)\(suffix)\(list.isEmpty ? "" : "{\(list)}") \(text(value))\n"
    }
    return "# TYPE \(name) \(type)\n\(unit)# HELP \(name) \(help)\n" + lines.joined()
  }
}
