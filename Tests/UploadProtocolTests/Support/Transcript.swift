import NIOCore
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

/// The events of a parser for one form, with file content joined, and its error.
struct Transcript: Equatable {
  enum Entry: Equatable {
    case field([UInt8])
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
  /// The error; nil for a complete and valid form.
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

  /// The complete files.
  var files: [File] {
    var files: [File] = []
    var current: File?
    for entry in entries {
      switch entry {
      case .field: break
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
  /// Appends `chunks` to a parser one after the other to the end, as a connection would.
  init(
    of chunks: [[UInt8]],
    boundary: MultipartBoundary,
    limits: MultipartLimits = MultipartLimits(),
    reportedField: String? = nil
  ) {
    self.init()
    var parser = MultipartParser(boundary: boundary, limits: limits, reportedField: reportedField)
    do {
      for chunk in chunks {
        parser.append(ByteBuffer(bytes: chunk))
        while let event = try parser.next() {
          switch event {
          case .field(let value): entries.append(.field(value))
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
  /// A boundary that is known to be valid.
  init(_ text: String) throws {
    try self.init(bytes: Array(text.utf8))
  }
}

/// The bytes of a form: every line end of a literal becomes CRLF.
func crlf(_ text: String) -> [UInt8] {
  Array(text.utf8).flatMap { $0 == UInt8(ascii: "\n") ? [13, 10] : [$0] }
}

extension Array where Element == UInt8 {
  var text: String { String(decoding: self, as: UTF8.self) }

  /// These bytes in chunks of `length`; the last may be shorter.
  func chunks(of length: Int) -> [[UInt8]] {
    stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
  }

  /// These bytes in chunks of random lengths.
  func randomChunks(using generator: inout SplitMix64) -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    var rest = self[...]
    while !rest.isEmpty {
      let length = Int.random(in: 1...Swift.max(1, rest.count / 2), using: &generator)
      chunks.append([UInt8](rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return chunks
  }
}
