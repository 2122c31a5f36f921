import Testing
import UploadCore

@testable import UploadStorage

extension UploadDirectory {
  var reader: UploadDirectoryReader { UploadDirectoryReader(directory: self, readers: WorkerPool(threads: 1)) }

  /// All names in the directory, in no order.
  func names() -> [NameBytes] {
    DirectoryNames.read(descriptor: calls.openAgain(descriptor))
  }

  /// A directory to be listed.
  func listed(_ path: NameBytes = "") -> ListedDirectory { ListedDirectory(reader: reader, path: path) }

  /// The names that a listing of a directory would show now, in its order.
  func snapshotNames(_ path: NameBytes = "") async throws -> [String] {
    let size = try DirectorySnapshot.Size(listed(path))
    let budget = try MemoryBudget(limit: UInt64(4 * size.bytes + MemoryBudget.minimum))
    let reservation = try #require(await budget.reserve(size.bytes))
    let snapshot = try DirectorySnapshot(size: size, reservation: reservation, directory: listed(path))
    return (0..<snapshot.count).map { snapshot.name(at: $0).description }
  }

  /// A new hidden file, as on file systems without unnamed files.
  func createHidden() throws(UploadError) -> PartialFile {
    try createHidden(in: current())
  }

  /// A complete file that has no name yet.
  /// - Parameter isHidden: whether it has a hidden name, as on file systems without unnamed files.
  func stage(_ content: [UInt8], _ request: FinalizeRequest, isHidden: Bool = false) throws -> StagedDiskFile {
    let file = try isHidden ? createHidden() : createPartial()
    try content.withUnsafeBytes { try file.write(.init(offset: 0, count: $0.count, isLarge: false), $0) }
    return StagedDiskFile(request, file)
  }

  /// Gives the files of one request their names: all of them, or none.
  func publish(
    _ files: [StagedDiskFile],
    _ configuration: DiskStoreConfiguration
  ) throws(UploadError) -> [StoredFile] {
    let finalizer = Finalizer(directory: self, workers: WorkerPool(threads: 1), configuration: configuration)
    return try finalizer.publish([files])[0].get()
  }
}

extension StagedDiskFile {
  /// A file of which no digest is known.
  convenience init(_ request: FinalizeRequest, _ file: PartialFile) {
    let name = request.path.description
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: name, size: nil, remote: "")
    self.init(meter: meter, request: request, digests: ContentDigests(), file: file)
  }
}

extension FreeSpace {
  /// Whether `count` more bytes would leave enough free.
  func hasRoom(for count: UInt64) -> Bool {
    (try? check(count)) != nil
  }
}
