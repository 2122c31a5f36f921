import NIOCore
import UploadCore

@testable import UploadProtocol

/// Everything a parser said about one form: its events, with file content joined together, and how it ended.
struct Transcript: Equatable {
  enum Entry: Equatable {
    case began(MultipartPartHead)
    case content([UInt8])
    case partEnded
    case ended
  }

  struct File: Equatable {
    var head: MultipartPartHead
    var content: [UInt8]
  }

  var entries: [Entry] = []
  /// Nil when the form was complete and without fault.
  var failure: UploadError.Code?

  mutating func add(content: some Sequence<UInt8>) {
    let bytes = Array(content)
    if bytes.isEmpty { return }
    if case .content(let before)? = entries.last {
      entries[entries.count - 1] = .content(before + bytes)
    } else {
      entries.append(.content(bytes))
    }
  }

  /// The files that came to their end.
  var files: [File] {
    var files: [File] = []
    var current: File?
    for entry in entries {
      switch entry {
      case .began(let head): current = File(head: head, content: [])
      case .content(let bytes): current?.content += bytes
      case .partEnded: if let file = current { files.append(file) }
      case .ended: break
      }
    }
    return files
  }
}

extension Transcript {
  /// Feeds a parser with `pieces` one after the other to the end, as a connection would.
  init(of pieces: [[UInt8]], boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()) {
    self.init()
    var parser = MultipartParser(boundary: boundary, limits: limits)
    do {
      for piece in pieces {
        parser.append(ByteBuffer(bytes: piece))
        while let event = try parser.next() {
          switch event {
          case .partBegan(let head): entries.append(.began(head))
          case .body(let buffer): add(content: buffer.readableBytesView)
          case .partEnded: entries.append(.partEnded)
          case .ended: entries.append(.ended)
          }
        }
      }
      try parser.finish()
    } catch {
      failure = error.code
    }
  }
}

extension MultipartBoundary {
  /// A boundary that the test knows to be good.
  init(_ text: String) throws {
    try self.init(bytes: Array(text.utf8))
  }
}

/// The lines of a form as they travel: every line end of a literal becomes CRLF.
func crlf(_ text: String) -> [UInt8] {
  Array(text.utf8).flatMap { $0 == UInt8(ascii: "\n") ? [13, 10] : [$0] }
}

extension Array where Element == UInt8 {
  var text: String { String(decoding: self, as: UTF8.self) }

  /// These bytes in pieces of `length`, the last one maybe shorter.
  func pieces(of length: Int) -> [[UInt8]] {
    stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
  }
}
