import Basics
import Testing
import UploadCore

@testable import UploadStorageS3

@Suite struct PartPlanTests {
  private static let mib: UInt64 = 1 << 20

  @Test(
    arguments: [
      (nil, 16 * mib, 16 * mib), (0, 16 * mib, 16 * mib), (1, 16 * mib, 16 * mib), (160_000 * mib, 16 * mib, 16 * mib),
      (160_000 * mib + 1, 16 * mib, 17 * mib), (1 << 40, 16 * mib, 105 * mib), (nil, 5 * mib, 5 * mib),
      (nil, 6 * mib - 1, 6 * mib), (nil, 1, 5 * mib), (nil, 6 << 30, 5 << 30),
      (PartPlan.largestObject, 16 * mib, 5 << 30),
    ] as [(UInt64?, UInt64, UInt64)]
  )
  func `parts have the chosen size, and grow with the content`(size: UInt64?, chosen: UInt64, part: UInt64) throws {
    let plan = try PartPlan(size: size, chosen: chosen)
    #expect(plan.partSize == part)
    if let size { #expect(plan.count(of: size) <= PartPlan.maximumCount && plan.largestSize >= size) }
  }

  @Test func `a content that needs more than 10000 of the largest parts is rejected`() {
    #expect { try PartPlan(size: PartPlan.largestObject + 1) } throws: { error in
      let error = error as? UploadError
      return error?.code == .tooLarge && error?.message.contains("48.8 TiB") == true
    }
    #expect(throws: UploadError.self) { try PartPlan(size: .max) }
  }

  @Test func `the last part may be smaller, and an empty content has one`() throws {
    let plan = try PartPlan(size: nil)
    #expect(plan.count(of: 0) == 1 && plan.count(of: plan.partSize) == 1 && plan.count(of: plan.partSize + 1) == 2)
  }

  @Test func `any size has at most 10000 equal parts within the limits`() throws {
    var random = SplitMix64(seed: 19)
    for _ in 0..<2000 {
      let size =
        UInt64.random(in: 0...PartPlan.largestObject, using: &random) >> UInt64.random(in: 0..<46, using: &random)
      let plan = try PartPlan(size: size, chosen: UInt64.random(in: 0...(8 << 30), using: &random))
      #expect(PartPlan.sizes.contains(plan.partSize) && plan.count(of: size) <= PartPlan.maximumCount, "\(size)")
    }
  }
}
