import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The view of the rejected requests.
@Suite struct RejectedViewTests {
  private func request(_ path: String, status: Int = 413, count: UInt64 = 1, reason: String = "The file is too large.")
    -> RejectedRequest
  {
    RejectedRequest(
      time: "1994-11-06T08:49:37Z",
      client: "192.0.2.7",
      method: "PUT",
      host: "files.example.org:8080",
      path: path,
      status: status,
      reason: reason,
      count: count
    )
  }

  private func driver(_ requests: [RejectedRequest], _ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show([.example()], rejected: requests, rejectedCount: UInt64(requests.count))
    return driver
  }

  @Test func `the key R shows time, number, client, method, path, status and reason, and R and Escape close it`() {
    var driver = driver([request("/big.iso", count: 12)])
    let before = driver.text
    #expect(driver.row(33).contains("R rejected"))
    driver.type("R")
    #expect(driver.text.contains("Rejected requests"))
    let row = driver.selectedRow ?? ""
    #expect(
      row.contains(/18:30:00 +12 192.0.2.7 +PUT +\/big.iso +413 +The file is too large./),
      "\(driver.text)"
    )
    #expect(driver.text.contains("PUT /big.iso of files.example.org:8080"))
    #expect(driver.text.contains("from 192.0.2.7: 12 requests, 18:30:00") && driver.text.contains("413: The file is"))
    driver.type("R")
    #expect(driver.text == before)
    driver.type("R")
    driver.press(.escape)
    #expect(driver.text == before)
  }

  @Test func `without a rejected request the view says so, and the footer has no key for it`() {
    var driver = Driver()
    driver.show([])
    #expect(!driver.row(33).contains("rejected"))
    driver.type("R")
    #expect(driver.text.contains("No request was rejected."))
  }

  @Test func `keys scroll through the entries, and the selection stays with its entry when others arrive`() {
    var driver = driver((0..<40).map { request("/\($0)") })
    driver.type("R")
    #expect(driver.selectedRow?.contains("/39 ") == true)
    driver.type("jj")
    #expect(driver.selectedRow?.contains("/37 ") == true)
    driver.show([], rejected: [request("/new"), request("/37", count: 8)], rejectedCount: 50)
    #expect(driver.selectedRow?.contains(/\ 9 .*\/37\ /) == true, "\(driver.text)")
    driver.press(.end)
    #expect(driver.selectedRow?.contains("/0 ") == true)
    driver.press(.pageUp)
    #expect(driver.selectedRow?.contains("/0 ") == false)
    driver.type("g")
    driver.show([], rejected: [request("/newest")], rejectedCount: 51)
    #expect(driver.selectedRow?.contains("/newest") == true)
  }

  @Test func `the filter shows entries with all of its parts, Escape clears it first, and the panes keep theirs`() {
    var driver = driver([request("/a", status: 401, reason: "No token."), request("/b"), request("/c")])
    driver.type("/exa")
    driver.press(.enter)
    driver.type("R/413 /b")
    #expect(driver.text.contains("/b ") && !driver.text.contains("/c ") && !driver.text.contains("No token."))
    driver.press(.enter)
    #expect(driver.text.contains("1 with \"413 /b\""))
    driver.press(.escape)
    #expect(driver.text.contains("/c ") && driver.text.contains("Rejected requests"))
    driver.type("/xyz")
    #expect(driver.text.contains("No rejected request contains all of \"xyz\"."))
    driver.press(KeyEvent(.escape), KeyEvent(.escape))
    #expect(driver.text.contains("filter: exa"))
  }

  @Test func `uploads cannot be cancelled or paused from the view`() {
    var driver = driver([request("/a")])
    driver.type("Rxpr")
    driver.press(.enter)
    #expect(driver.effects.isEmpty && driver.text.contains("Rejected requests"))
  }

  @Test func `a click selects an entry, and the wheel moves the selection`() {
    var driver = driver((0..<9).map { request("/\($0)") })
    driver.type("RM")
    let first = driver.text.split(separator: "\n").firstIndex { $0.contains("/8 ") } ?? 0
    driver.send(.input(.mouse(MouseEvent(.press, at: Point(x: 9, y: first + 2)))))
    #expect(driver.selectedRow?.contains("/6 ") == true)
    driver.send(.input(.mouse(MouseEvent(.scrollDown, at: Point(x: 9, y: first)))))
    #expect(driver.selectedRow?.contains("/5 ") == true)
  }

  @Test(arguments: [(40, 8), (40, 12), (60, 16), (80, 24), (120, 34), (200, 50), (500, 200)])
  func `status, reason and path are visible at any size from 40 by 8 on`(width: Int, height: Int) {
    var driver = driver((0..<30).map { request("/\($0)") }, Size(width: width, height: height))
    driver.type("R")
    #expect(driver.selectedRow?.contains(/\/29 +413 +The file/) == true, "\(driver.text)")
    driver.press(.end)
    #expect(driver.selectedRow?.contains(/\/0 +413 +The file/) == true, "\(driver.text)")
    #expect(driver.model.render().flaw == nil)
  }

  @Test(arguments: [(1, 1), (7, 3), (39, 7), (40, 8), (80, 24), (120, 34)])
  func `hostile texts leave the columns as they are`(width: Int, height: Int) {
    let evil = "\u{1B}]0;pwned\u{7}\u{202E}\n\r\t漢字" + String(repeating: "\u{336}", count: 50)
    var hostile = request(evil, status: .max, count: .max, reason: evil)
    (hostile.client, hostile.method, hostile.host) = (evil, evil, evil)
    let several = RejectedRequest(time: evil, client: nil, method: nil, path: nil, status: -1, reason: evil)
    var driver = driver([hostile, several], Size(width: width, height: height))
    driver.type("R")
    #expect(driver.model.render().flaw == nil)
    driver.press(.down)
    #expect(driver.model.render().flaw == nil)
  }

  @Test func `a flood of rejected requests changes the rows of its kinds only`() {
    var driver = driver([request("/first")])
    driver.type("R")
    for step in 0..<50 {
      driver.show([], rejected: (0..<5).map { request("/\($0)", count: 1_000) }, rejectedCount: UInt64(5_000 * step))
    }
    let rows = driver.text.split(separator: "\n").filter { $0.contains("The file is too large.") && $0.contains("PUT") }
    #expect(rows.count == 6 && rows.allSatisfy { $0.contains("/first") || $0.contains(" 50000 ") }, "\(driver.text)")
  }
}
