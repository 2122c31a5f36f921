import Foundation

/// What runs on this machine.
enum RunningPrograms {
  /// The command lines in which a text occurs.
  static func naming(_ text: String) -> [String] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.filter { Int($0) != nil }.compactMap { process in
      guard let line = try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline")) else { return nil }
      let command = String(decoding: line, as: UTF8.self)
      return command.contains(text) ? command : nil
    }
  }
}
