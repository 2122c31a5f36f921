import Crypto
import Testing
import UploadTestSupport

@Suite struct TestSupportTests {
  @Test func `a temporary directory contains the files of its test and is removed after it`() async throws {
    let path = try await withTemporaryDirectory { directory in
      try directory.write([1, 2], to: "b")
      try directory.write([], to: ".a")
      #expect(try directory.names() == [".a", "b"])
      #expect(try directory.read("b") == [1, 2])
      return directory.path
    }
    await #expect(throws: (any Error).self) {
      try await withTemporaryDirectory(in: path) { _ in }
    }
  }

  @Test func `the digest of a file is that of its bytes`() async throws {
    try await withTemporaryDirectory { directory in
      let bytes = SplitMix64.bytes((3 << 20) + 1)
      let path = try directory.write(bytes, to: "a")
      #expect(try SHA256.hexadecimal(ofFile: path) == SHA256.hexadecimal(of: bytes))
      #expect(SHA256.hexadecimal(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
  }

  @Test func `random bytes are the same for the same seed, and others for another seed`() {
    #expect(SplitMix64.bytes(100) == Array(SplitMix64.bytes(1_000).prefix(100)))
    #expect(SplitMix64.bytes(100, seed: 1) != SplitMix64.bytes(100, seed: 2))
    // The first number of the reference implementation for seed 0.
    var generator = SplitMix64(seed: 0)
    #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
  }

  @Test func `a message is split in two at every position, and into single bytes`() {
    let ways = Array(SplitFeeder.ways([1, 2]))
    #expect(ways == [[[], [1, 2]], [[1], [2]], [[1, 2], []], [[1], [2]]])
    #expect(SplitFeeder.ways(Array(0..<100)).allSatisfy { $0.flatMap { $0 } == Array(0..<100) })
    #expect(SplitFeeder.pieces([1, 2, 3], of: 2) == [[1, 2], [3]])
    #expect(SplitFeeder.pieces([], of: 2).isEmpty)
  }

  @Test func `waiting for a condition ends when it is true, or times out with an error that names it`() async throws {
    var count = 0
    try await eventually {
      count += 1
      return count == 3
    }
    let error = await #expect(throws: TimeoutError.self) {
      try await eventually("snow", timeout: .milliseconds(10)) { false }
    }
    #expect(error?.description.contains("snow") == true)
  }
}
