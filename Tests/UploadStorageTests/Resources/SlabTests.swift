import Testing

@testable import UploadStorage

@Suite struct SlabTests {
  @Test func `a slab accepts what fits and no more`() throws {
    let slab = try #require(Slab(size: Slab.small))
    let bytes = [UInt8](repeating: 7, count: Slab.small - 1)
    #expect(bytes.withUnsafeBytes(slab.append) == Slab.small - 1)
    #expect(slab.room == 1)
    #expect([8, 9].withUnsafeBytes { slab.append(UnsafeRawBufferPointer(rebasing: $0[..<2])) } == 1)
    #expect(bytes.withUnsafeBytes(slab.append) == 0)
    #expect(slab.bytes[Slab.small - 1] == 8)
    #expect(slab.bytes[..<(Slab.small - 1)].allSatisfy { $0 == 7 })
  }

  @Test func `the memory of a slab begins at a page`() throws {
    let slab = try #require(Slab(size: Slab.large))
    #expect(UInt(bitPattern: slab.bytes.baseAddress) % 4096 == 0)
    #expect(slab.bytes.count == Slab.large)
  }

  @Test func `a slab accepts no bytes from an empty buffer`() throws {
    let slab = try #require(Slab(size: Slab.small))
    #expect(slab.append(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
    #expect(slab.count == 0)
  }
}
