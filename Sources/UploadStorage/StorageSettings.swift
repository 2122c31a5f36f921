import Glibc
package import UploadCore

/// What happens when a file with the requested name exists already.
package enum DuplicatePolicy: String, Sendable, CaseIterable {
  /// The new one gets a free number, as in `name (2).ext`: the next one, where none is missing among those taken.
  case rename
  /// The upload is rejected with code `nameTaken` (409).
  case error
  /// The new one replaces an old file or symbolic link in one step, once it is synced as far as configured. It is
  /// numbered if its requested name was altered or belongs to another file of the same request, and rejected with code
  /// `nameTaken` if the name belongs to anything else, such as a directory.
  case replace
}

/// What must be synced before the server responds that a file is stored.
package enum Durability: String, Sendable, CaseIterable {
  /// File and directory are synced: the file survives a power failure.
  case full
  /// The file is synced; a power failure may lose its name, and with that the file.
  case file
  /// Nothing is synced: the kernel writes the bytes some time later, and a power failure may lose them.
  case none
}

/// How a ``DiskStore`` finalizes files.
package struct DiskStoreConfiguration: Sendable {
  /// What is synced before a file counts as stored.
  package var durability: Durability
  /// What happens when a file of that name exists and the request does not say.
  package var onDuplicate: DuplicatePolicy

  package init(durability: Durability = .full, onDuplicate: DuplicatePolicy = .rename) {
    self.durability = durability
    self.onDuplicate = onDuplicate
  }
}

/// The permissions of stored files, as chosen by the user: read and write bits only. Uploaded files are never executable.
package struct FileMode: Sendable, Equatable, CustomStringConvertible {
  /// The mode that files are created with when none is chosen: 0666, from which the kernel subtracts the umask.
  static let unrestricted: mode_t = 0o666

  let bits: mode_t

  /// Reads an octal mode of three or four digits, such as `640` or `0664`.
  /// - Throws: ``UploadError`` with code `badValue` when it is not octal, has bits other than read and write, or would
  ///   keep the server itself from reading the file.
  package init(octal text: String) throws(UploadError) {
    let digits = text.utf8
    guard (3...4).contains(digits.count), let value = mode_t(text, radix: 8), digits.first != UInt8(ascii: "+") else {
      throw UploadError(.badValue, "\"\(PlainText.sanitized(text))\" is not an octal mode. Write one such as 640.")
    }
    guard value & ~Self.unrestricted == 0 else {
      let help = "Uploaded files are never executable; write a mode such as 640."
      throw UploadError(.badValue, "\"\(text)\" has bits other than read and write. \(help)")
    }
    guard value & mode_t(S_IRUSR) != 0 else {
      let problem = "With mode \"\(text)\" the server could not read its own files."
      throw UploadError(.badValue, "\(problem) Begin it with 4 or 6.")
    }
    bits = value
  }

  package var description: String {
    let digits = String(bits, radix: 8)
    return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }
}
