import UploadCore

extension Metrics {
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
    writer.family(resident, .gauge, unit: "bytes", help: "Memory held by the uploads that run now.")
    for direction in UploadDirection.allCases {
      let held = active.lazy.filter { $0.direction == direction }.map { max(0, $0.residentBytes) }
      writer.sample(resident, held.reduce(0, &+), ["direction": direction.rawValue])
    }
    let gauges: [(String, UInt64, String)] = [
      ("sluice_slab_bytes", UInt64(max(0, slabs.used)), "Slabs that uploads hold between socket and disk."),
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
