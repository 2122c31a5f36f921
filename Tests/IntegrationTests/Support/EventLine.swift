import Foundation

/// One output line of `--json` with the fields that tests read.
struct EventLine: Decodable, Sendable {
  struct Failure: Decodable, Sendable {
    var code: String
    var message: String
  }

  /// One upload in a summary.
  struct Entry: Decodable, Sendable {
    var id: String
    var mode: String
    var name: String
    var bytes: UInt64
    var serverPeakResidentBytes: Int?
    var interruptions: Int?
    var verdict: String
    var detectedType: String?
    var sha256: String?
  }

  /// When a request was rejected, or what the time of an upload was spent on: seconds by cause.
  enum Time: Decodable, Sendable {
    case moment(String)
    case spent([String: Double])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let text = try? value.decode(String.self) {
        self = .moment(text)
      } else {
        self = .spent(try value.decode([String: Double].self))
      }
    }

    var moment: String? { if case .moment(let text) = self { text } else { nil } }
    var spent: [String: Double]? { if case .spent(let seconds) = self { seconds } else { nil } }
  }

  var event: String
  var outcome: String?
  var url: String?
  var rawPort: Int?
  var dir: String?
  var pid: Int32?
  var id: String?
  var request: String?
  var direction: String?
  var mode: String?
  var name: String?
  var size: UInt64?
  var sizeExact: Bool?
  var path: String?
  var bytes: UInt64?
  var type: String?
  var declaredType: String?
  var detectedType: String?
  var sha256: String?
  var cause: String?
  var state: String?
  var remote: String?
  var sender: String?
  var error: Failure?
  var ok: Bool?
  var seconds: Double?
  var fingerprint: String?
  var residentBytes: Int?
  var rss: Int?
  var rssPeak: Int?
  var uploads: [Entry]?
  var time: Time?
  var client: String?
  var method: String?
  var status: Int?
  var reason: String?
  var count: Int?

  /// Decodes each line of `text`.
  /// - Throws: `NotAnEvent` for text that is no JSON object.
  static func decode(_ text: String) throws -> [EventLine] {
    try text.split(separator: "\n").map { line in
      do {
        return try JSONDecoder().decode(EventLine.self, from: Data(line.utf8))
      } catch {
        throw NotAnEvent(line: String(line))
      }
    }
  }

  private struct NotAnEvent: Error {
    let line: String
  }

  /// The keys of a JSON object in their order, without those of nested objects.
  static func keys(of line: String) -> [String] {
    var keys: [String] = []
    var depth = 0
    var text: String?
    var last = ""
    var isEscaped = false
    for character in line {
      if let begun = text {
        if character == "\"" && !isEscaped {
          last = begun
          text = nil
        } else {
          text = begun + String(character)
          isEscaped = character == "\\" && !isEscaped
        }
        continue
      }
      switch character {
      case "\"": text = ""
      case "{", "[": depth += 1
      case "}", "]": depth -= 1
      case ":" where depth == 1: keys.append(last)
      default: break
      }
    }
    return keys
  }
}
