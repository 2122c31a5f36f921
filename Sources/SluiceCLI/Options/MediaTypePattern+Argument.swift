import ArgumentParser
import UploadCore
import UploadProtocol

extension MediaTypePattern {
  /// For options.
  init(parsing text: String) throws {
    do throws(UploadError) {
      try self.init(text)
    } catch {
      throw ValidationError(error.message)
    }
  }
}
