import Glibc
import Testing
import UploadCore

@testable import UploadStorage

@Suite struct DescriptorReserveTests {
  @Test func `a file whose descriptor is among the last 24 is closed at once, and fails with EMFILE`() throws {
    let high = Int32(clamping: DescriptorLimit.current) - 24
    #expect(DescriptorReserve.contains(high) && !DescriptorReserve.contains(high - 1) && !DescriptorReserve.contains(0))
    let result = DescriptorReserve.openFile { fcntl(0, F_DUPFD_CLOEXEC, high) }
    #expect(result == -1)
    #expect(errno == EMFILE)
    #expect(fcntl(high, F_GETFD) == -1, "nothing is open there")
  }

  @Test func `when a file cannot be opened its errno is passed on`() {
    let result = DescriptorReserve.openFile {
      errno = EACCES
      return -1
    }
    #expect(result == -1)
    #expect(errno == EACCES)
  }
}
