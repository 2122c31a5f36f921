import Glibc
import Testing
import UploadCore

@Suite struct DescriptorLimitTests {
  @Test func `the limit is the soft one, and can be raised to the hard one`() {
    var limits = rlimit()
    #expect(getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limits) == 0)
    #expect(DescriptorLimit.current == Int(clamping: limits.rlim_cur))
    DescriptorLimit.raise()
    #expect(DescriptorLimit.current == Int(clamping: limits.rlim_max))
  }
}
