import Glibc
import Testing

@testable import sluice_bench

@Suite struct ProcessUsageTests {
  private static let status = "Name:\ta) b\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t7\n"

  @Test func `the usage is read correctly when the program's name contains a bracket`() throws {
    let stat = "4242 (a) b) S 1 4242 4242 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 7 0 100 1000000 256"
    let usage = try #require(ProcessUsage(stat: stat, status: Self.status, ticksPerSecond: 100))
    #expect(usage.processorSeconds == 2)
    #expect(usage.resident == 1 << 20)
    #expect(usage.peak == 2 << 20)
    #expect(usage.threads == 7)
  }

  @Test(arguments: ["", "1 (x)", "1 (x) S 1 2 3", "1 x S 1 1 1 0 -1 4 1 0 0 0 150 50 0"])
  func `truncated or malformed text of the kernel gives no usage`(_ stat: String) {
    #expect(ProcessUsage(stat: stat, status: Self.status, ticksPerSecond: 100) == nil)
  }

  @Test func `the usage of this process has memory and threads`() throws {
    let usage = try #require(ProcessUsage(processID: getpid()))
    #expect(usage.resident > 0 && usage.peak > 0 && usage.threads > 0)
  }
}
