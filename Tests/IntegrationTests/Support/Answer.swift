import Foundation

/// The JSON of an answer.
struct Answer: Decodable, Equatable {
  struct File: Decodable, Equatable {
    var name: String
    var size: UInt64
    var type: String?
    var sha256: String?
    var url: String?
  }

  var status: Int
  var msg: String
  var ok: Bool
  /// What was stored; nil in a refusal.
  var files: [File]?

  init(_ text: String) throws {
    self = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
  }
}

extension Curl.Reply {
  /// Whether this is a refusal, with one status inside and outside, and words.
  func isRefusal(_ code: Int) -> Bool {
    guard let answer = try? answer else { return false }
    return status == code && answer.status == code && !answer.ok && !answer.msg.isEmpty && answer.files == nil
  }

  /// Whether this says that a file of this name and size was stored.
  func isStored(_ name: String, size: Int, status code: Int = 201) -> Bool {
    guard let answer = try? answer else { return false }
    return status == code && answer.status == code && answer.ok && answer.msg == "file uploaded"
      && answer.files?.count == 1 && answer.files?.first?.name == name && answer.files?.first?.size == UInt64(size)
  }
}
