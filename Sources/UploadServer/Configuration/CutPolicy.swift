/// What becomes of the bytes of a body that was cut or timed out.
package enum CutPolicy: String, Sendable, CaseIterable {
  /// They are dropped: a file appears whole or not at all.
  case discard
  /// They are stored beside, as `NAME.partial`; not those of forms.
  case keep
}
