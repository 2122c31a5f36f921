import Foundation
import Glibc
import UploadCore
import UploadProtocol
import UploadTestSupport

/// Results of some cases.
struct FuzzTally: Sendable {
  /// Cases by the status of their first final response; 0 for connections that the server closed without one.
  var statuses: [Int: Int] = [:]
  /// Names and sizes of the acknowledged files.
  var stored: [String: UInt64] = [:]
  /// Responses that acknowledge files in an HTML page, without names in JSON.
  var pages = 0
  /// The first ten violations, each with its case.
  var findings: [String] = []

  /// Statuses that a server may respond with. 408 is not among them, since every case is sent without a pause; of 5xx
  /// only those that blame the request or the disk.
  private static let known: Set<Int> = [
    100, 200, 201, 204, 206, 304, 400, 403, 404, 405, 409, 412, 413, 414, 415, 416, 431, 501, 503, 505, 507,
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

  /// Records the responses to a case.
  mutating func note(_ one: FuzzCase, _ responses: [FuzzResponse], _ end: FuzzConnection.End, _ received: [UInt8]) {
    let final = responses.filter(\.isFinal)
    statuses[final.first?.status ?? 0, default: 0] += 1
    if one.bytes.starts(with: HeadFuzz.good.utf8), final.first?.status != 200 {
      find("no 200 for a valid request before a malformed one", one, received)
    }
    for response in responses {
      if !Self.known.contains(response.status) { find("status \(response.status)", one, received) }
      if response.status == 201 { noteStored(response, one) }
    }
    switch end {
    case .hung: find("no response and no close", one, received)
    case .nonsense: find("no HTTP", one, received)
    case .reset where final.isEmpty: find("reset without a response", one, received)
    case .closed where one.isWhole && final.isEmpty: find("no response to a complete request", one, received)
    case .open, .closed, .reset: break
    }
  }

  private mutating func noteStored(_ response: FuzzResponse, _ one: FuzzCase) {
    guard !response.fields.contains("\r\ncontent-type: text/html") else { return pages += 1 }
    let json = try? JSONDecoder().decode(ResponseJSON.self, from: Data(response.body))
    guard json?.msg != "directory created" else { return }
    guard let files = json?.files else {
      return find("201 without files", one, response.body)
    }
    for file in files where stored.updateValue(file.size, forKey: Self.key(ofURL: file.url ?? "")) != nil {
      find("a name given twice", one, response.body)
    }
  }

  mutating func find(_ what: String, _ one: FuzzCase, _ received: [UInt8]) {
    guard findings.count < 10 else { return }
    let said = String(decoding: received.suffix(400), as: UTF8.self).debugDescription
    findings.append("\(what): \(one); received \(said)")
  }

  /// The file's path as its URL has it behind `files/`, percent-encoded: names need not be UTF-8, and names that only look
  /// alike are two files.
  static func key(ofURL url: String) -> String {
    let components = url.split(separator: "/", omittingEmptySubsequences: false)
    return components.drop { $0 == "." || $0 == ".." }.dropFirst().joined(separator: "/")
  }

  /// The same for a path beneath the upload directory.
  static func key(_ path: NameBytes) -> String {
    path.bytes.split(separator: UInt8(ascii: "/")).map { PercentEncoding.encode($0) }.joined(separator: "/")
  }
}
