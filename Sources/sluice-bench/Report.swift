import Glibc
import UploadCore
import UploadReport

/// What a benchmark found: a row for everything that was measured.
struct Report: Equatable {
  /// One number of every row.
  struct Column: Equatable {
    /// With the unit, for the table.
    let title: String
    /// For JSON, in lowerCamelCase.
    let key: String
    /// Decimals in the table.
    let digits: Int
  }

  /// One thing that was measured.
  struct Row: Equatable {
    /// What it is, by ``Report/labels``.
    let labels: [String]
    /// Medians by ``Report/columns``; nil where there is no number.
    var numbers: [Double?]
  }

  /// The benchmark's name.
  let name: String
  /// What tells rows apart, in one word each: titles in the table, keys in JSON.
  let labels: [String]
  private(set) var columns: [Column]
  private(set) var rows: [Row]
  /// What the reader must know to read the numbers right, in sentences.
  var notes: [String] = []

  /// Adds a column: a row's number in `column` over the same of the row whose first label is `baseline` and whose other
  /// labels are its own. Nil where one of the two is missing, or there is nothing to divide by.
  mutating func addRatio(of column: Int, to baseline: String, _ added: Column) {
    let baselines = rows.filter { $0.labels.first == baseline }
    columns.append(added)
    for index in rows.indices {
      let row = rows[index]
      let other = baselines.first { $0.labels.dropFirst() == row.labels.dropFirst() }
      var ratio: Double?
      if let number = row.numbers[column], let divisor = other?.numbers[column], divisor > 0 {
        ratio = number / divisor
      }
      rows[index].numbers.append(ratio)
    }
  }
}

extension Report {
  /// The report as one object.
  func json(_ machine: Machine, rounds: Int) -> JSONValue {
    .object([
      ("benchmark", .string(name)),
      ("rounds", .integer(rounds)),
      ("machine", machine.json),
      ("rows", .array(rows.map(json))),
      ("notes", .array(notes.map { .string($0) })),
    ])
  }

  private func json(_ row: Row) -> JSONValue {
    let names = zip(labels, row.labels).map { ($0, JSONValue.string($1)) }
    let numbers = zip(columns, row.numbers).map { ($0.key, JSONValue.optional($1)) }
    return .object(names + numbers)
  }
}

extension Report {
  /// The report as a table in Markdown, its columns aligned, with the machine above and the notes below.
  func markdown(_ machine: Machine, rounds: Int) -> String {
    let titles = labels + columns.map(\.title)
    let lines = rows.map { row in
      row.labels + zip(row.numbers, columns).map { Self.text($0, digits: $1.digits) }
    }
    let widths = titles.indices.map { index in
      ([titles] + lines).map { $0[index].count }.max() ?? 0
    }
    let rule = titles.indices.map { index in
      index < labels.count
        ? String(repeating: "-", count: widths[index]) : String(repeating: "-", count: widths[index] - 1) + ":"
    }
    let table = ([titles, rule] + lines).map { cells in
      "| " + cells.indices.map { pad(cells[$0], widths[$0], right: $0 >= labels.count) }.joined(separator: " | ") + " |"
    }
    let heading = "\(name), medians of \(rounds); \(machine.description)"
    return ([heading, ""] + table + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
  }

  private func pad(_ text: String, _ width: Int, right: Bool) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
  }

  /// A number with exactly `digits` decimals; a dash for none.
  static func text(_ number: Double?, digits: Int) -> String {
    guard let number, number.isFinite, abs(number) < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(number) * Double(scale)).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

/// The machine's shape: without it a number says little.
struct Machine: Equatable {
  /// Processors that this process may use.
  var cores: Int
  /// As the kernel names it; empty where it does not.
  var processor: String
  /// Memory in bytes.
  var memory: UInt64
  /// The kernel's release.
  var kernel: String

  static func current() -> Machine {
    let processor = ProcFile.read("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    return Machine(
      cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
      processor: processor?.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? "",
      memory: (ProcFile.kibibytes(of: "MemTotal", in: "/proc/meminfo") ?? 0) * 1024,
      kernel: ProcFile.read("/proc/sys/kernel/osrelease").split(separator: "\n").first.map(String.init) ?? ""
    )
  }

  var description: String {
    let name = processor.isEmpty ? "" : " (\(processor))"
    return "\(cores) cores\(name), \(ByteSize.text(memory)), Linux \(kernel)"
  }

  var json: JSONValue {
    .object([
      ("cores", .integer(cores)),
      ("processor", .string(processor)),
      ("memory", .unsigned(memory)),
      ("kernel", .string(kernel)),
    ])
  }
}
