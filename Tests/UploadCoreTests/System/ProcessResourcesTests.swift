import Glibc
import Testing

@testable import UploadCore

@Suite struct ProcessMemoryTests {
  @Test func `the resident size of this process is above 1 MiB, and its peak is not below it`() {
    let memory = ProcessMemory.current()
    #expect(memory.resident > 1 << 20)
    #expect(memory.peak >= memory.resident)
  }

  /// Other tests of the process allocate and free memory meanwhile, so only the memory allocated here is certain.
  @Test func `memory that was allocated and touched counts as resident`() {
    let size = 384 << 20
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    defer { block.deallocate() }
    for offset in stride(from: 0, to: size, by: 4096) { block[offset] = 1 }
    let after = ProcessMemory.current()
    #expect(after.resident > UInt64(size))
    #expect(after.peak >= after.resident)
  }

  @Test func `the peak of the resident size is kept after memory was released`() throws {
    let size = 96 << 20
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    for offset in stride(from: 0, to: size, by: 4096) { block[offset] = 1 }
    let resident = ProcessMemory.current().resident
    block.deallocate()
    #expect(ProcessMemory.current().peak > resident - UInt64(size) / 2)
    #expect(try #require(ProcFile.kibibytes(of: "VmHWM", in: "/proc/self/status")) > UInt64(size) / 1024)
  }

  @Test func `the available memory of the machine is above 0`() throws {
    #expect(try #require(ProcessMemory.available()) > 0)
  }

  @Test func `a peak below the resident size is raised to it`() {
    #expect(ProcessMemory(resident: 5, peak: 3).peak == 5)
  }

  @Test func `a missing file is read as empty text, and a missing key as nil`() {
    #expect(ProcFile.read("/nowhere/at/all").isEmpty)
    #expect(ProcFile.kibibytes(of: "NoSuchKey", in: "/proc/self/status") == nil)
    #expect(ProcFile.kibibytes(of: "Vm", in: "/proc/self/status") == nil)
  }
}

@Suite struct DescriptorLimitTests {
  @Test func `the current descriptor limit is the soft one, and raising makes it the hard one`() {
    var limits = rlimit()
    #expect(getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limits) == 0)
    #expect(DescriptorLimit.current == Int(clamping: limits.rlim_cur))
    DescriptorLimit.raise()
    #expect(DescriptorLimit.current == Int(clamping: limits.rlim_max))
  }
}
