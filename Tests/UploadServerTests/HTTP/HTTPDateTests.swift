import Testing

@testable import UploadServer

  @Test func `What the format cannot write becomes the nearest that it can`() {
    #expect(HTTPDate.text(.max) == HTTPDate.text(253_402_300_799))
    #expect(HTTPDate.text(253_402_300_800) == HTTPDate.text(253_402_300_799))
    #expect(HTTPDate.text(.min) == HTTPDate.text(-62_167_219_200))
  }

  @Test func `Each day follows the one before`() {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    var seen: Set<String> = []
    // From 1968 to 2104, over the leap years 1968, 2000 and 2104 and past 2100, which is none.
    for day in Int64(-731)..<49_100 {
      let text = HTTPDate.text(day * 86_400)
      #expect(text.hasPrefix(days[Int((day + 4 + 7_000) % 7)]))
      seen.insert(text)
    }
    #expect(seen.count == 49_831)
  }
}
