import NIOCore
import UploadCore
import UploadStorage

/// How clients get the content of files.
package enum S3Downloads: String, Sendable, CaseIterable {
  /// Through the server.
  case proxy
  /// From the engine: the server redirects them to a URL that is valid for an hour.
  case redirect
}

/// What all open files of one store share.
struct ObjectReading: Sendable {
  /// How long a URL for a download is valid: it may begin late, in a download manager.
  private static let validity = Duration.seconds(3600)

  let requests: any S3Requests
  let naming: ObjectNaming
  let downloads: S3Downloads
  let eventLoopGroup: any EventLoopGroup

  /// The file that an object is; nil when it is none.
  func file(_ object: S3Object) -> S3OpenFile? {
    naming.path(ofKey: object.key).map { S3OpenFile(file: object.file($0), version: object.version, object, self) }
  }

  fileprivate func content(_ object: S3Object, _ range: Range<UInt64>) -> ObjectContent {
    ObjectContent(
      requests: requests,
      key: object.key,
      range: range.clamped(to: 0..<object.size),
      tag: object.tag,
      eventLoop: eventLoopGroup.next()
    )
  }

  fileprivate func location(_ object: S3Object, _ file: StoredFile) -> String? {
    switch downloads {
    case .proxy: nil
    case .redirect:
      requests.presignedGet(object.key, expires: Self.validity, fileName: file.nameBytes.lastComponent.description)
    }
  }
}

/// An object as a file that is read. Its content is that of the object which was found: reading fails when another one has
/// replaced it.
struct S3OpenFile: OpenFile {
  let file: StoredFile
  let version: FileVersion
  private let object: S3Object
  private let reading: ObjectReading

  fileprivate init(file: StoredFile, version: FileVersion, _ object: S3Object, _ reading: ObjectReading) {
    (self.file, self.version, self.object, self.reading) = (file, version, object, reading)
  }

  func content(in range: Range<UInt64>) -> FileContent { .buffers(reading.content(object, range)) }

  var location: String? { reading.location(object, file) }
}
