import CLinux
import UploadCore

/// A SHA-256 whose state can be saved, so that another process continues it: parts of an object cannot be read again.
struct SavableSHA256: ContentHash {
  private static let block = Int(CLINUX_SHA256_BLOCK)
  private var state = clinux_sha256()

  /// - Parameter isAccelerated: whether to use the processor's instructions where it has them.
  init(isAccelerated: Bool = true) {
    clinux_sha256_begin(&state, isAccelerated ? 1 : 0)
  }

  /// How many bytes it has.
  var length: UInt64 { state.length }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    clinux_sha256_add(&state, bytes.baseAddress, bytes.count)
  }

  var digests: ContentDigests {
    var digest = [UInt8](repeating: 0, count: Int(CLINUX_SHA256_DIGEST))
    withUnsafePointer(to: state) { clinux_sha256_end($0, &digest) }
    return ContentDigests(sha256: digest)
  }

  // MARK: Saving

  /// The state: its eight numbers of 32 bits and the number of bytes, big-endian, then the bytes that fill no block yet.
  var saved: [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: state.words) { words in
      for start in stride(from: 0, to: words.count, by: 4) {
        let word = words.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
      }
    }
    withUnsafeBytes(of: state.length.bigEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: state.block) { bytes.append(contentsOf: $0.prefix(Int(state.length % UInt64(Self.block)))) }
    return bytes
  }

  /// Continues from a saved state; nil for any other bytes.
  init?(saved bytes: [UInt8]) {
    self.init()
    let (words, head) = (MemoryLayout.size(ofValue: state.words), MemoryLayout.size(ofValue: state.words) + 8)
    guard bytes.count >= head else { return nil }
    let length = bytes[words..<head].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let rest = bytes[head...]
    guard rest.count == Int(length % UInt64(Self.block)) else { return nil }
    withUnsafeMutableBytes(of: &state.words) { target in
      for start in stride(from: 0, to: target.count, by: 4) {
        let word = bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        target.storeBytes(of: word, toByteOffset: start, as: UInt32.self)
      }
    }
    state.length = length
    withUnsafeMutableBytes(of: &state.block) { $0.copyBytes(from: rest) }
  }
}

/// The digests of a file that is received in several requests, perhaps by several servers: always the SHA-256, and those
/// that the request needs as long as one process receives everything.
struct ResumableHash: ContentHash {
  /// Of all bytes.
  private(set) var sha256: SavableSHA256
  /// Nil for none, and where another process has received the bytes before.
  private var requested: (any ContentHash)?

  /// - Parameters:
  ///   - sha256: of the bytes so far.
  ///   - requested: of the same bytes; nil for none. One that computes nothing but the SHA-256 is not needed.
  init(_ sha256: SavableSHA256 = SavableSHA256(), requested: (any ContentHash)?) {
    self.sha256 = sha256
    self.requested = requested?.digests.sha512 == nil ? nil : requested
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256.update(bytes)
    requested?.update(bytes)
  }

  var digests: ContentDigests {
    var digests = sha256.digests
    if let requested { digests.fill(from: requested.digests) }
    return digests
  }
}
