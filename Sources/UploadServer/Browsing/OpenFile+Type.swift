import UploadCore
import UploadProtocol
import UploadStorage

extension OpenDiskFile {
  /// What is known of the file. Where no type was noted with it, as on file systems without attributes, it is detected
  /// again from the content. Blocks.
  var typed: StoredFile {
    guard file.type == nil else { return file }
    var typed = file
    // A file that cannot be read has no type; a download of it reports why.
    let detected = try? MediaTypeSniffer.type { (offset, count) throws(UploadError) in
      try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
        Array(buffer.prefix(try region.read(into: buffer, at: UInt64(offset))))
      }
    }
    typed.type = MediaTypeNames.best(detected: detected, declared: nil, fileName: file.name)
    return typed
  }
}
