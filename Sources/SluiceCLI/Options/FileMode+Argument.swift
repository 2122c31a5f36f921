import ArgumentParser
import UploadCore
import UploadStorage

extension FileMode {
  /// For options.
  init(parsing text: String) throws {
    do throws(UploadError) {
      try self.init(octal: text)
    } catch {
      throw ValidationError(error.message)
    }
  }
}
