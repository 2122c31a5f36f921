/// What a case of the fuzzer is about.
enum FuzzKind: CaseIterable {
  case heads, chunks, forms, names
}
