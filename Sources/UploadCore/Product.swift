/// What the program is called, and which version of it this is.
package enum Product {
  package static let name = "Sluice"
  /// It is written only here: packages read it from `sluice --version`, the upload page from `/info`.
  package static let version = "0.2.0"
}
