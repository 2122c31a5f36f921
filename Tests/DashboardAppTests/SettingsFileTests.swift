import Dashboard
import Glibc
import Synchronization
import TerminalUI
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

@Suite struct SettingsFileTests {
  private var light: DashboardSettings {
    var settings = DashboardSettings()
    (settings.theme, settings.density) = (.light, .two)
    return settings
  }

  @Test func `the path is below an absolute XDG_CONFIG_HOME, otherwise below HOME`() {
    #expect(SettingsLocation.path(["XDG_CONFIG_HOME": "/c", "HOME": "/h"]) == "/c/sluice/config.json")
    #expect(SettingsLocation.path(["HOME": "/h"]) == "/h/.config/sluice/config.json")
    #expect(SettingsLocation.path(["XDG_CONFIG_HOME": "relative", "HOME": "/h"]) == "/h/.config/sluice/config.json")
    #expect(SettingsLocation.path(["XDG_CONFIG_HOME": "", "HOME": ""]) == nil)
  }

  @Test func `saved settings are loaded again from a file of mode 600, and no other file is left`() async throws {
    try await withTemporaryDirectory { directory in
      let file = SettingsFile(path: directory.file("config/sluice/config.json"))
      #expect(file.load().settings == DashboardSettings() && file.load().note == nil)
      try file.save(DashboardSettings())
      try file.save(light)
      #expect(file.load().settings == light && file.load().note == nil)
      var status = stat()
      #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      #expect(try TemporaryDirectory(inside: directory.file("config/sluice")).names() == ["config.json"])
    }
  }

  @Test func `saving through a symbolic link changes its target and keeps the link`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([], to: "real.json")
      symlink("real.json", directory.file("config.json"))
      try SettingsFile(path: directory.file("config.json")).save(light)
      #expect(SettingsFile(path: directory.file("real.json")).load().settings == light)
      var status = stat()
      #expect(lstat(directory.file("config.json"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
  }

  @Test func `an unusable settings file gives the defaults and a note`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write(Array("{broken".utf8), to: "broken")
      try directory.write(Array(repeating: UInt8(ascii: " "), count: 70_000) + Array("{}".utf8), to: "huge")
      mkfifo(directory.file("pipe"), 0o600)
      symlink("loop", directory.file("loop"))
      for name in ["broken", "huge", "pipe", "loop", "."] {
        let (settings, note) = SettingsFile(path: directory.file(name)).load()
        #expect(settings == DashboardSettings())
        #expect(note?.hasPrefix("Your settings are not used: ") == true, "\(name): \(note ?? "")")
      }
      #expect(SettingsFile(path: directory.file("broken/inside")).load().note == nil)
    }
  }

  @Test func `an unusable settings file is renamed when new settings are saved`() async throws {
    try await withTemporaryDirectory { directory in
      let broken = Array("{\"theme\": light}".utf8)
      let path = try directory.write(broken, to: "config.json")
      let file = SettingsFile(path: path)
      #expect(file.load().note?.hasSuffix("It is kept as config.json.bad when new ones are saved.") == true)
      #expect(try directory.names() == ["config.json"], "not before")
      try file.save(light)
      try file.save(light)
      #expect(file.load().settings == light)
      #expect(try directory.names() == ["config.json", "config.json.bad"])
      #expect(try directory.read("config.json.bad") == broken)
    }
  }

  @Test func `saving below a path that is a file fails with a message and changes nothing`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1], to: "file")
      let error = #expect(throws: UploadError.self) { try SettingsFile(path: file + "/config.json").save(light) }
      #expect(error?.message.hasPrefix("Your settings cannot be saved. ") == true)
      #expect(try directory.names() == ["file"])
    }
  }

  @Test
  func `after many saves the last version is in the file, and a repeated failure is reported once`() async throws {
    try await withTemporaryDirectory { directory in
      let file = SettingsFile(path: directory.file("config.json"))
      let saver = SettingsSaver(file) { Issue.record("\($0)") }
      for rate in 0..<100 {
        var settings = light
        settings.directory = "/\(rate)"
        saver.save(settings)
      }
      await saver.finish()
      #expect(file.load().settings.directory == "/99")

      let failures = Mutex<[String]>([])
      let blocked = try directory.write([1], to: "file")
      let other = SettingsSaver(SettingsFile(path: blocked + "/config.json")) { text in
        failures.withLock { $0.append(text) }
      }
      other.save(light)
      try await eventually("the failure") { failures.withLock { $0.count } == 1 }
      other.save(DashboardSettings())
      await other.finish()
      #expect(failures.withLock { $0.count } == 1)
    }
  }
}

@Suite struct SettingsTextTests {
  private func settings(_ text: String) -> DashboardSettings? {
    SettingsText.settings(from: Array(text.utf8))
  }

  @Test func `all settings are read as they were written`() {
    var settings = DashboardSettings()
    #expect(self.settings(SettingsText.text(settings)) == settings)
    (settings.theme, settings.bar, settings.sort, settings.mode) = (.highContrast, .thin, .timeLeft, .buffered)
    (settings.refreshRate, settings.directory) = (10, "/home/a b/\"ü\"\u{1F600}")
    #expect(self.settings(SettingsText.text(settings)) == settings)
  }

  @Test(arguments: [
    #"{"theme":"light","later":[1,{"x":null}]}"#, #"{"theme":"light","bar":"wavy"}"#, #"{"theme":"light","bar":7}"#,
    #"{"theme":"light","refreshRate":3}"#, #"{"theme":"light","refreshRate":1e300}"#,
    #"{"theme":"light","refreshRate":"5"}"#, #"{"theme":"light","mode":"raw"}"#, #"{"theme":"light","sort":null}"#,
    #"{"theme":"light","directory":"relative"}"#, #"{"theme":"light","directory":{}}"#,
  ])
  func `each invalid value counts as its default, and unknown keys are ignored`(text: String) {
    var expected = DashboardSettings()
    expected.theme = .light
    #expect(settings(text) == expected)
  }

  @Test(arguments: ["", "{", "[]", "7", "null", "\"x\"", "{\"theme\":\"light\"", "\u{0}"])
  func `a text that is not a JSON object has no settings`(text: String) {
    #expect(settings(text) == nil)
  }

  @Test func `bytes that are not UTF-8, and very deep arrays, have no settings`() {
    #expect(SettingsText.settings(from: [0xFF, 0xFE, 0x80]) == nil)
    #expect(SettingsText.settings(from: Array(repeating: UInt8(ascii: "["), count: 60_000)) == nil)
  }
}
