import TerminalUI
import Testing
import UploadCore

@testable import DashboardApp

@Suite struct QRCodeOutputTests {
  private static let link = "http://192.168.1.7:8080/#t=K3xvT0kenFORaTest-1234"

  private func screen(_ width: Int, _ height: Int, isUnicode: Bool = true, colors: ColorTier = .colors256)
    -> QRCodeOutput.Screen
  {
    QRCodeOutput.Screen(size: Size(width: width, height: height), isUnicode: isUnicode, colors: colors)
  }

  @Test func `the code has a line for each two modules, in black on white`() throws {
    let lines = try QRCodeOutput.text(of: Self.link, on: screen(80, 23)).split(separator: "\n")
    #expect(lines.count == 19)
    #expect(lines.allSatisfy { $0.hasPrefix("\u{1B}[0;38;5;16;48;5;231m") && $0.hasSuffix("\u{1B}[0m") })
    #expect(lines.count { $0.contains("█") } == 14)
    let plain = try QRCodeOutput.text(of: Self.link, on: screen(80, 50, isUnicode: false, colors: .mono))
    #expect(plain.contains("##############") && plain.contains("\u{1B}[0;7m") && !plain.contains("38;5"))
  }

  @Test func `without a terminal, and on one that is too small, the error says what is needed`() throws {
    var nowhere = screen(1, 1)
    nowhere.size = nil
    try expectError(nowhere, says: "--qr has no effect: standard output is not a terminal")
    try expectError(
      screen(32, 50),
      says: "needs 33 columns and 18 rows, and the terminal has 32 and 51. Make it larger"
    )
    try expectError(screen(80, 24, isUnicode: false), says: "needs 66 columns and 34 rows")
    let long = Self.link + String(repeating: "x", count: 250)
    try expectError(screen(200, 100), of: long, says: "too long")
  }

  private func expectError(_ screen: QRCodeOutput.Screen, of link: String = link, says text: String) throws {
    let error = #expect(throws: UploadError.self) { try QRCodeOutput.text(of: link, on: screen) }
    #expect(try #require(error).message.contains(text), "\(String(describing: error))")
  }
}
