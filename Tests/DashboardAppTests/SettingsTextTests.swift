import Dashboard
import Testing
import TerminalUI
import UploadCore

@testable import DashboardApp

@Suite struct SettingsTextTests {
  private func settings(_ text: String) -> DashboardSettings? {
    SettingsText.settings(from: Array(text.utf8))
  }

  @Test func `What is written is read again`() {
    var settings = DashboardSettings()
    #expect(self.settings(SettingsText.text(settings)) == settings)
    (settings.theme, settings.bar, settings.sort, settings.mode) = (.highContrast, .thin, .memory, .buffered)
    (settings.refreshRate, settings.directory) = (10, "/home/a b/\"ü\"\u{1F600}")
    #expect(self.settings(SettingsText.text(settings)) == settings)
  }

  @Test(arguments: [
    #"{"theme":"light","later":[1,{"x":null}]}"#, #"{"theme":"light","bar":"wavy"}"#, #"{"theme":"light","bar":7}"#,
    #"{"theme":"light","refreshRate":3}"#, #"{"theme":"light","refreshRate":1e300}"#,
    #"{"theme":"light","refreshRate":"5"}"#, #"{"theme":"light","mode":"raw"}"#, #"{"theme":"light","sort":null}"#,
    #"{"theme":"light","directory":"relative"}"#, #"{"theme":"light","directory":{}}"#,
  ])
  func `Bad values fall back one by one, and unknown keys are ignored`(text: String) {
    var expected = DashboardSettings()
    expected.theme = .light
    #expect(settings(text) == expected)
  }

  @Test(arguments: ["", "{", "[]", "7", "null", "\"x\"", "{\"theme\":\"light\"", "\u{0}"])
  func `What is no object is nothing`(text: String) {
    #expect(settings(text) == nil)
  }

  @Test func `Bytes that are no text are nothing`() {
    #expect(SettingsText.settings(from: [0xFF, 0xFE, 0x80]) == nil)
    #expect(SettingsText.settings(from: Array(repeating: UInt8(ascii: "["), count: 60_000)) == nil)
  }
}
