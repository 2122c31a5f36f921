import Testing
import UploadCore

/// Identifiers of uploads.
@Suite struct UploadIDTests {
  @Test func `an identifier is twelve lower-case hexadecimal digits`() {
    for _ in 0..<1_000 {
      let text = UploadID().description
      #expect(text.count == 12)
      #expect(text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }
  }

  @Test func `identifiers made at once on several threads all differ`() async {
    let identifiers = await withTaskGroup(of: [UploadID].self) { tasks in
      for _ in 0..<8 { tasks.addTask { (0..<10_000).map { _ in UploadID() } } }
      return await tasks.reduce(into: []) { $0 += $1 }
    }
    // Of 80,000 numbers of 48 bits two are equal once in 88,000 runs.
    #expect(Set(identifiers).count == 80_000)
  }

  @Test func `each of the 48 bits is random`() {
    let ones = (0..<4096).reduce(into: [Int](repeating: 0, count: 48)) { ones, _ in
      let value = UInt64(UploadID().description, radix: 16) ?? 0
      for bit in ones.indices where value >> UInt64(bit) & 1 == 1 { ones[bit] += 1 }
    }
    // Each count is 2048 with a standard deviation of 32.
    #expect(ones.allSatisfy { (1728...2368).contains($0) })
  }

  @Test func `the text of an identifier names it`() {
    let identifier = UploadID()
    #expect(UploadID(identifier.description) == identifier)
  }
}
