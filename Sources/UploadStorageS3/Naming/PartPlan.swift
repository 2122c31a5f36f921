package import UploadCore

/// How the bytes of one object are divided into the parts of a multipart upload: all of one size, except the last.
///
/// Limits are those of Amazon S3, which other engines have adopted: at most 10,000 parts, each of 5 MiB to 5 GiB but the
/// last, which may be smaller. Some engines require that all parts but the last have the same size.
package struct PartPlan: Sendable, Equatable {
  /// The most parts of an object.
  package static let maximumCount: UInt64 = 10_000
  /// The sizes that a part may have, in bytes.
  package static let sizes: ClosedRange<UInt64> = (5 << 20)...(5 << 30)
  /// The size of parts where none is chosen: 16 MiB, in bytes.
  package static let defaultSize: UInt64 = 16 << 20
  /// The largest object: 10,000 parts of 5 GiB (48.8 TiB), in bytes.
  package static let largestObject = maximumCount * sizes.upperBound
  /// Part sizes are multiples of this, in bytes.
  private static let step: UInt64 = 1 << 20

  /// The size of every part but the last, in bytes.
  package let partSize: UInt64

  /// - Parameters:
  ///   - size: of the content in bytes, or its upper limit; nil where it is not known. Parts of a larger content are larger,
  ///     so that they are not too many.
  ///   - chosen: the smallest part size, in bytes; rounded up to whole MiB within ``sizes``.
  /// - Throws: ``UploadError`` with code `tooLarge` for more than ``largestObject``.
  package init(size: UInt64?, chosen: UInt64 = defaultSize) throws(UploadError) {
    var part = Self.rounded(min(max(chosen, Self.sizes.lowerBound), Self.sizes.upperBound))
    if let size {
      guard size <= Self.largestObject else { throw Self.tooLarge(limit: Self.largestObject) }
      part = max(part, Self.rounded((size + Self.maximumCount - 1) / Self.maximumCount))
    }
    partSize = part
  }

  /// The plan of an upload that has begun with a part size; nil for a size that no plan has.
  init?(partSize: UInt64) {
    guard Self.sizes.contains(partSize), partSize % Self.step == 0 else { return nil }
    self.partSize = partSize
  }

  /// The largest content for which there are enough parts, in bytes.
  package var largestSize: UInt64 { partSize * Self.maximumCount }

  /// How many parts a content of `size` bytes has; 1 for an empty one.
  package func count(of size: UInt64) -> UInt64 { max(1, (size + partSize - 1) / partSize) }

  /// The error for a content that is larger than ``largestSize``.
  package var tooLarge: UploadError { Self.tooLarge(limit: largestSize) }

  private static func tooLarge(limit: UInt64) -> UploadError {
    UploadError(
      .tooLarge,
      "The file is too large for the object store: at most \(ByteSize.text(limit)) are possible. "
        + "State its length in the request, or choose larger parts on the server (--s3-part-size)."
    )
  }

  private static func rounded(_ size: UInt64) -> UInt64 { (size + step - 1) / step * step }
}
