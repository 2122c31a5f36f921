import Testing

@testable import UploadTrials

@Suite struct CutPlanTests {
  @Test func `a plan for a file cuts at a third and at two thirds, first with RST, then with FIN`() {
    var plan = CutPlan(interrupting: 300)
    #expect(plan.room == 100 && plan.cuts == 0)
    plan.forward(60)
    #expect(plan.room == 40)
    plan.forward(40)
    #expect(plan.room == 0)
    #expect(plan.cut() == .reset)
    #expect(plan.room == 100 && plan.cuts == 1)
    plan.forward(100)
    #expect(plan.room == 0)
    #expect(plan.cut() == .finish)
    #expect(plan.room == nil && plan.cuts == 2 && plan.forwarded == 200)
    plan.forward(1_000)
    #expect(plan.room == nil && plan.forwarded == 1_200)
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func `a plan for a file of less than three bytes cuts the first two connections before their first byte`(size: UInt64)
  {
    var plan = CutPlan(interrupting: size)
    for manner in [CutPlan.Manner.reset, .finish] {
      #expect(plan.room == 0)
      #expect(plan.cut() == manner)
    }
    #expect(plan.room == nil)
  }

  @Test func `the plan for the largest file does not overflow`() {
    var plan = CutPlan(interrupting: .max)
    plan.forward(.max)
    plan.forward(-1)
    #expect(plan.forwarded == UInt64(Int.max) && plan.room == 0)
    #expect(plan.cut() == .reset)
    #expect(plan.room == UInt64.max / 3 * 2 - UInt64(Int.max))
  }

  @Test func `positions may be in any order, and more cuts than positions change nothing but the count`() {
    var plan = CutPlan(at: [5, 3])
    #expect(plan.room == 3)
    #expect((1...4).map { _ in plan.cut() } == [.reset, .finish, .reset, .finish])
    #expect(plan.room == nil && plan.cuts == 4)
  }
}
