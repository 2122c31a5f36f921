package import HTTPTypes

/// The field `Sluice-Storage` of a listing, by which a server says under which names and with which times it stores files,
/// so that clients can find theirs: a structured dictionary such as `directories=?1, times=?0, numbers=?1`.
package struct StorageField: Sendable, Equatable {
  package static let name = "Sluice-Storage"

  /// Whether directories in paths are kept: false with `--flat`.
  package var keepsDirectories: Bool
  /// Whether the modification times that clients state are set: false with `--no-times`.
  package var keepsTimes: Bool
  /// Whether a file whose name exists is stored with a number, as in `name (2).ext`.
  package var numbersDuplicates: Bool

  /// - Parameters: by default what a server does that does not say.
  package init(keepsDirectories: Bool = true, keepsTimes: Bool = true, numbersDuplicates: Bool = false) {
    self.keepsDirectories = keepsDirectories
    self.keepsTimes = keepsTimes
    self.numbersDuplicates = numbersDuplicates
  }

  /// Reads the field's value. A member that is missing or not a boolean has its default, and so have all where the value is
  /// malformed.
  package init(_ value: String?) {
    self.init()
    guard let members = StructuredDictionary.parse((value ?? "").utf8) else { return }
    if case .boolean(let keeps) = members["directories"] { keepsDirectories = keeps }
    if case .boolean(let keeps) = members["times"] { keepsTimes = keeps }
    if case .boolean(let numbers) = members["numbers"] { numbersDuplicates = numbers }
  }

  /// The field's value.
  package var text: String {
    func boolean(_ value: Bool) -> String { value ? "?1" : "?0" }
    return "directories=\(boolean(keepsDirectories)), times=\(boolean(keepsTimes)), "
      + "numbers=\(boolean(numbersDuplicates))"
  }
}

extension HTTPField.Name {
  package static let sluiceStorage = named(StorageField.name)
}
