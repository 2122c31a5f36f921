import Glibc
import Testing
import UploadCore

@testable import UploadStorage

@Suite struct DescriptorReserveTests {
  @Test func `a descriptor among the last is closed at once`() throws {
    let high = Int32(clamping: DescriptorLimit.current) - 24
    #expect(DescriptorReserve.contains(high) && !DescriptorReserve.contains(high - 1) && !DescriptorReserve.contains(0))
    let result = DescriptorReserve.openFile { fcntl(0, F_DUPFD_CLOEXEC, high) }
    #expect(result == -1)
    #expect(errno == EMFILE)
    #expect(fcntl(high, F_GETFD) == -1, "nothing is open there")
  }

  @Test func `the reason why a file cannot be opened is kept`() {
    let result = DescriptorReserve.openFile {
      errno = EACCES
      return -1
    }
    #expect(result == -1)
    #expect(errno == EACCES)
  }
}
