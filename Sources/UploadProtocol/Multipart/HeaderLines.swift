import Glibc
import NIOCore
import UploadCore

/// Gathers the header section of one part line by line, within bounds.
struct HeaderLines {
  /// The bytes and header fields a section may have.
  private let maximumBytes: Int
  private let maximumCount: Int

  /// Bytes and header fields so far.
  private var bytes = 0
  private var count = 0

  /// The line so far, which came in more than one buffer.
  private var line: [UInt8] = []

  init(limits: MultipartLimits) {
    maximumBytes = limits.headerBytesPerPart
    maximumCount = limits.headersPerPart
  }

  /// Counts bytes that belong to the section's bounds but to none of its lines. Throws `.tooLarge`.
  mutating func count(_ length: Int) throws(UploadError) {
    // Subtraction cannot overflow here, addition could.
    guard length <= maximumBytes - bytes else {
      throw UploadError(
        .tooLarge,
        "A part's headers are over \(maximumBytes) bytes; send fewer or shorter ones."
      )
    }
    bytes += length
  }

  /// Takes bytes up to and with the next line end out of `buffer` and returns the line without that end, nil when the
  /// buffer ended before. The empty line is the section's last.
  ///
  /// Throws `.tooLarge` past the bounds, `.malformedForm` for LF or CR on its own.
  mutating func read(from buffer: inout ByteBuffer) throws(UploadError) -> [UInt8]? {
    let length = Self.lengthOfLine(in: buffer)
    try count(length ?? buffer.readableBytes)
    line.append(contentsOf: buffer.readBytes(length: length ?? buffer.readableBytes) ?? [])
    guard length != nil else { return nil }

    var complete: [UInt8] = []
    swap(&complete, &line)
    complete.removeLast()
    guard complete.popLast() == ASCII.carriageReturn else {
      throw UploadError(.malformedForm, "A part's header line ends in LF alone; lines of a form end in CR LF.")
    }
    guard !complete.contains(ASCII.carriageReturn) else {
      throw UploadError(.malformedForm, "A part's header line holds a CR; write %0D for one inside a name.")
    }
    if !complete.isEmpty { try countLine() }
    return complete
  }

  private mutating func countLine() throws(UploadError) {
    guard count < maximumCount else {
      throw UploadError(.tooLarge, "A part has more than \(maximumCount) header lines; send fewer.")
    }
    count += 1
  }

  /// The length of the first line with its LF; nil when there is no LF.
  private static func lengthOfLine(in buffer: ByteBuffer) -> Int? {
    buffer.withUnsafeReadableBytes { bytes in
      guard let start = bytes.baseAddress, let end = memchr(start, CInt(ASCII.lineFeed), bytes.count) else {
        return nil
      }
      return UnsafeRawPointer(end) - start + 1
    }
  }
}
