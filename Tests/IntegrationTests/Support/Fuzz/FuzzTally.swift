import Foundation
import Glibc
import UploadCore
import UploadProtocol
import UploadTestSupport

/// What came of some cases.
struct FuzzTally: Sendable {
  /// Cases by the status of their first final answer; 0 are those that the server ended without one.
  var statuses: [Int: Int] = [:]
  /// Names and sizes of the files that were answered for.
  var stored: [String: UInt64] = [:]
  /// Answers that tell of stored files in a page, not by name.
  var pages = 0
  /// What must not be, each with the case it came of; the first few.
  var findings: [String] = []

  /// What a server may say to anything at all. Never 408, as nobody here is silent; of 5xx only those that blame the
  /// request or the disk.
  private static let known: Set<Int> = [
    100, 200, 201, 204, 206, 304, 400, 403, 404, 405, 409, 412, 413, 415, 416, 501, 503, 505, 507,
  ]

  static func += (all: inout FuzzTally, one: FuzzTally) {
    all.statuses.merge(one.statuses, uniquingKeysWith: +)
    for (name, size) in one.stored where all.stored.updateValue(size, forKey: name) != nil {
      all.findings.append("the name \(name) was given twice")
    }
    all.pages += one.pages
    all.findings += one.findings.prefix(max(0, 10 - all.findings.count))
  }

  /// How many cases had which status.
  var summary: String {
    let counts = statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return "\(statuses.values.reduce(0, +)) cases (\(counts.joined(separator: ", ")))"
  }

  /// Takes up what was said to a case.
  mutating func note(_ one: FuzzCase, _ answers: [FuzzAnswer], _ end: FuzzConnection.End, _ received: [UInt8]) {
    let final = answers.filter(\.isFinal)
    statuses[final.first?.status ?? 0, default: 0] += 1
    if one.bytes.starts(with: HeadFuzz.good.utf8), final.first?.status != 200 {
      find("a good request went unanswered for what is behind it", one, received)
    }
    for answer in answers {
      if !Self.known.contains(answer.status) { find("status \(answer.status)", one, received) }
      if answer.status == 201 { noteStored(answer, one) }
    }
    switch end {
    case .hung: find("no answer and no end", one, received)
    case .nonsense: find("no HTTP", one, received)
    case .reset where final.isEmpty: find("broken off without an answer", one, received)
    case .closed where one.isWhole && final.isEmpty: find("no answer to a whole request", one, received)
    case .open, .closed, .reset: break
    }
  }

  private mutating func noteStored(_ answer: FuzzAnswer, _ one: FuzzCase) {
    guard !answer.fields.contains("\r\ncontent-type: text/html") else { return pages += 1 }
    guard let told = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)), let files = told.files else {
      return find("201 without files", one, answer.body)
    }
    for file in files where stored.updateValue(file.size, forKey: Self.key(ofURL: file.url ?? "")) != nil {
      find("a name given twice", one, answer.body)
    }
  }

  mutating func find(_ what: String, _ one: FuzzCase, _ received: [UInt8]) {
    guard findings.count < 10 else { return }
    let said = String(decoding: received.suffix(400), as: UTF8.self).debugDescription
    findings.append("\(what): \(one); received \(said)")
  }

  /// The file's name as the last component of its URL, percent-encoded: names need not be UTF-8, and names that only look
  /// alike are two files.
  static func key(ofURL url: String) -> String {
    String(url.split(separator: "/", omittingEmptySubsequences: false).last ?? "")
  }

  /// The same for a name in the upload directory.
  static func key(_ name: NameBytes) -> String {
    PercentEncoding.encode(name.bytes)
  }
}
