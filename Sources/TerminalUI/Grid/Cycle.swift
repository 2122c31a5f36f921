extension CaseIterable where Self: Equatable {
  /// The case after this one; the first after the last.
  package var next: Self {
    Array(Self.allCases).stepping(1, from: self)
  }
}

extension Array where Element: Equatable {
  /// The element so many places behind another one, or before it when negative, in a circle. What is not in the array
  /// counts as standing before its first element.
  package func stepping(_ steps: Int, from element: Element) -> Element {
    let index = (firstIndex(of: element) ?? -1) + steps
    return self[(index % count + count) % count]
  }
}
