import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// Files of one request, which are stored together.
@Suite struct S3FormTests {
  private static let large = 2 * S3Fixture.part

  private func request(_ path: String) throws -> FinalizeRequest {
    FinalizeRequest(path: try FilePath(NameBytes(path)))
  }

  /// - Returns: why the files could not be published.
  private func publish(_ files: [any StagedFile], _ fixture: S3Fixture) async -> UploadError.Code? {
    do {
      _ = try await fixture.store.publish(files, on: fixture.eventLoop).get()
      return nil
    } catch {
      return (error as? UploadError)?.code
    }
  }

  /// Stages files `file 0`, `file 1` and so on of one request.
  private func stage(_ sizes: [Int], _ fixture: S3Fixture) async throws -> [any StagedFile] {
    let form = UploadID()
    var staged: [any StagedFile] = []
    for (index, size) in sizes.enumerated() {
      let upload = try await fixture.upload(request: form)
      let request = try request("file \(index)")
      try await upload.announce(request)
      try await upload.write(S3Fixture.content(size))
      staged.append(try await upload.stage(request))
    }
    return staged
  }

  @Test func `the files of a form are stored together, in their order`() async throws {
    try await withS3Store { fixture in
      let form = UploadID()
      var staged: [any StagedFile] = []
      for (index, size) in [10, Self.large, 0, Self.large + 1, 20].enumerated() {
        let upload = try await fixture.upload(request: form)
        let request = try request(index == 4 ? "file 0" : "file \(index)")
        try await upload.announce(request)
        try await upload.write(S3Fixture.content(size))
        staged.append(try await upload.stage(request))
      }
      #expect(fixture.bucket.files.isEmpty)
      let stored = try await fixture.store.publish(staged, on: fixture.eventLoop).get()
      #expect(stored.map(\.name) == ["file 0", "file 1", "file 2", "file 3", "file 0 (2)"])
    }
  }

  @Test func `files of one form never replace each other`() async throws {
    try await withS3Store(onDuplicate: .replace) { fixture in
      let form = UploadID()
      var staged: [any StagedFile] = []
      for size in [10, Self.large, 20, Self.large + 1] {
        let upload = try await fixture.upload(request: form)
        try await upload.announce(request("a"))
        try await upload.write(S3Fixture.content(size))
        staged.append(try await upload.stage(request("a")))
      }
      let stored = try await fixture.store.publish(staged, on: fixture.eventLoop).get()
      #expect(Set(stored.map(\.name)).count == 4)
      #expect(Set(fixture.bucket.objects.values.map(\.bytes.count)) == [10, Self.large, 20, Self.large + 1])
    }
  }

  @Test func `when one file of a form fails none is left`() async throws {
    for failing in ["file 0", "file 2", "file 1"] {
      try await withS3Store { fixture in
        let files = try await stage([10, Self.large, 20], fixture)
        fixture.bucket.on { request in
          let isStored = [.putObject, .completeMultipartUpload].contains(request.operation)
          return isStored && request.key == failing ? .fails(.server) : .fine
        }
        #expect(await publish(files, fixture) == .storeUnavailable)
        #expect(fixture.bucket.files.isEmpty)
      }
    }
  }

  @Test func `staged files that are discarded, or forgotten, leave nothing`() async throws {
    for isForgotten in [false, true] {
      try await withS3Store { fixture in
        var staged: [any StagedFile] = []
        for size in [10, Self.large] {
          let upload = try await fixture.upload()
          try await upload.announce(request("\(size)"))
          try await upload.write(S3Fixture.content(size))
          staged.append(try await upload.stage(request("\(size)")))
        }
        if !isForgotten { fixture.store.discard(staged) }
        staged = []
      }
    }
  }

  @Test func `a file that another one has replaced meanwhile stays when its form fails`() async throws {
    try await withS3Store { fixture in
      let (bucket, files) = (fixture.bucket, try await stage([10, Self.large], fixture))
      bucket.on { request in
        guard request.operation == .completeMultipartUpload else { return .fine }
        bucket.add("file 0", [7])
        return .fails(.server)
      }
      #expect(await publish(files, fixture) == .storeUnavailable)
      #expect(bucket.files == ["file 0"] && bucket.objects["file 0"]?.bytes == [7])
    }
  }

  @Test(arguments: ["file 0", "file 1"])
  func `a file whose success could not be confirmed is deleted when its form fails`(name: String) async throws {
    try await withS3Store { fixture in
      let (bucket, files) = (fixture.bucket, try await stage([10, Self.large], fixture))
      let hasFailed = Atomic(false)
      bucket.on { request in
        guard request.operation == .headObject, request.key == name, bucket.objects[name] != nil else { return .fine }
        return hasFailed.exchange(true, ordering: .relaxed) ? .fine : .fails(.server)
      }
      #expect(await publish(files, fixture) == .storeUnavailable)
      #expect(hasFailed.load(ordering: .relaxed) && bucket.files.isEmpty)
    }
  }

  @Test func `a file that has replaced another one stays when its form fails`() async throws {
    try await withS3Store(onDuplicate: .replace) { fixture in
      fixture.bucket.add("file 0", [7])
      let files = try await stage([10, Self.large], fixture)
      fixture.bucket.on { $0.operation == .completeMultipartUpload ? .fails(.server) : .fine }
      #expect(await publish(files, fixture) == .storeUnavailable)
      #expect(fixture.bucket.objects["file 0"]?.bytes == S3Fixture.content(10))
    }
  }

  @Test func `what an engine that does not respond keeps from being deleted is deleted later`() async throws {
    try await withS3Store { fixture in
      let (bucket, files) = (fixture.bucket, try await stage([10, Self.large], fixture))
      let failures = Atomic(0)
      bucket.on { request in
        if request.operation == .completeMultipartUpload { return .fails(.server) }
        let isStored = bucket.objects["file 0"] != nil
        guard request.operation == .headObject, request.key == "file 0", isStored else { return .fine }
        // The first one confirms the file, the second one is that of the request that fails.
        return failures.wrappingAdd(1, ordering: .relaxed).oldValue == 1 ? .fails(.server) : .fine
      }
      #expect(await publish(files, fixture) == .storeUnavailable)
      try await eventually("no file is left: \(bucket.files)") { bucket.files.isEmpty }
    }
  }
}
