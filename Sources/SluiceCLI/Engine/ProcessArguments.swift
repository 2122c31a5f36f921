import Glibc
import UploadCore

/// The process's arguments as text.
enum ProcessArguments {
  /// Those behind the program's name.
  ///
  /// The library repairs what is not UTF-8, and a repaired name is that of another file: nothing is done with it.
  /// - Throws: ``UploadError`` with code `badValue` that shows the first one that is not UTF-8.
  static func all() throws(UploadError) -> [String] {
    var texts: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { break }
      texts.append(try text(argument))
    }
    return texts
  }

  static func text(_ argument: UnsafePointer<CChar>) throws(UploadError) -> String {
    if let text = String(validatingCString: argument) { return text }
    throw UploadError(
      .badValue,
      "\"\(PlainText.sanitized(String(cString: argument)))\" is not UTF-8. Rename it, or send a file of that name through "
        + "standard input: sluice send - --name NAME < FILE"
    )
  }
}
