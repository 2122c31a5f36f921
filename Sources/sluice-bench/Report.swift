import Foundation
import Glibc
import UploadCore
import UploadReport

/// The results of a benchmark: a row for each subject.
struct Report {
  /// One number of every row: its heading and format.
  struct Column {
    /// The heading in the table, with the unit.
    let title: String
    /// The key in JSON, in lowerCamelCase.
    let key: String
    /// Number of decimals in the table.
    let digits: Int
  }

  /// The numbers of one subject.
  struct Row: Equatable {
    /// One label for each of ``Report/labels``, in their order.
    let labels: [String]
    /// A median for each of ``Report/columns``, in their order; nil where there is no number.
    var numbers: [Double?]
  }

  /// Names of the properties that distinguish rows, such as `engine`: headings in the table, keys in JSON.
  let labels: [String]
  private(set) var columns: [Column]
  private(set) var rows: [Row]
  /// Sentences that a reader needs to interpret the numbers.
  var notes: [String] = []

  /// Adds a column: a row's number in `column` divided by that of the row whose first label is `baseline` and whose
  /// other labels are equal. Nil where a number is missing or the divisor is not above 0.
  /// - Parameter column: index in ``columns``.
  mutating func addRatio(of column: Int, to baseline: String, _ added: Column) {
    let baselines = rows.filter { $0.labels.first == baseline }
    columns.append(added)
    for index in rows.indices {
      let labels = rows[index].labels.dropFirst()
      let other = baselines.first { $0.labels.dropFirst() == labels }
      let divisor = other?.numbers[column] ?? 0
      rows[index].numbers.append(divisor > 0 ? rows[index].numbers[column].map { $0 / divisor } : nil)
    }
  }

  /// The report as one JSON object: numbers unrounded, null where there is none.
  func json(_ benchmark: String, _ rounds: Int, _ machine: Machine) -> JSONValue {
    .object([
      ("benchmark", .string(benchmark)), ("rounds", .integer(rounds)), ("machine", machine.json),
      ("rows", .array(rows.map(rowJSON))), ("notes", .array(notes.map { .string($0) })),
    ])
  }

  private func rowJSON(_ row: Row) -> JSONValue {
    let names = zip(labels, row.labels).map { ($0, JSONValue.string($1)) }
    let numbers = zip(columns, row.numbers).map { ($0.key, JSONValue.optional($1)) }
    return .object(names + numbers)
  }

  /// The report as a Markdown table with aligned columns, a heading above and the notes below.
  func markdown(_ benchmark: String, _ rounds: Int, _ machine: Machine) -> String {
    let titles = labels + columns.map(\.title)
    let cells = rows.map { row in row.labels + zip(row.numbers, columns).map { Self.text($0, digits: $1.digits) } }
    let widths = titles.indices.map { index in ([titles] + cells).map { $0[index].count }.max() ?? 0 }
    let rule = widths.enumerated().map { String(repeating: "-", count: $1 - 1) + ($0 < labels.count ? "-" : ":") }
    let table = ([titles, rule] + cells).map { cells in
      "| " + cells.indices.map { pad(cells[$0], widths[$0], right: $0 >= labels.count) }.joined(separator: " | ") + " |"
    }
    let first = "\(benchmark), medians of \(rounds); \(machine.description)"
    return ([first, ""] + table + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
  }

  private func pad(_ text: String, _ width: Int, right: Bool) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
  }

  /// A number rounded to exactly `digits` decimals; a dash for nil, and for numbers that are not finite or whose
  /// magnitude is 1e15 or more.
  static func text(_ number: Double?, digits: Int) -> String {
    guard let number, number.isFinite, abs(number) < 1e15 else { return "-" }
    let scale = pow(10, Double(digits))
    // Adding 0 removes the sign of -0.
    let rounded = (number * scale).rounded() / scale + 0
    return String(format: "%.\(digits)f", rounded)
  }
}

/// The machine that the numbers are from.
struct Machine {
  /// Number of processors that are online.
  var cores: Int
  /// The processor's name; empty where the kernel does not report it.
  var processor: String
  /// The main memory in bytes; 0 where the kernel does not report it.
  var memory: UInt64
  /// The kernel's release, such as `6.1`; empty where it is not known.
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
      ("cores", .integer(cores)), ("processor", .string(processor)), ("memory", .unsigned(memory)),
      ("kernel", .string(kernel)),
    ])
  }
}
