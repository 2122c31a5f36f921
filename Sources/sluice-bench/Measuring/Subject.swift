import UploadCore

/// One thing to be measured, in turn with others.
struct Subject {
  /// What tells it apart, by the report's labels.
  let labels: [String]
  /// Measures once: numbers by the report's columns, nil where there is none.
  let measure: () throws -> [Double?]

  /// Measures all of them one after the other, `rounds` times over, so that what slows the machine for a while falls on
  /// all alike. Says on standard error where it stands.
  /// - Returns: the median of each number.
  static func medians(of subjects: [Subject], rounds: Int) throws -> [Report.Row] {
    var samples = subjects.map { _ in [[Double?]]() }
    for round in 0..<rounds {
      for (index, subject) in subjects.enumerated() {
        StandardError.line("round \(round + 1) of \(rounds): \(subject.labels.joined(separator: ", "))")
        samples[index].append(try subject.measure())
      }
    }
    return zip(subjects, samples).map { subject, samples in
      Report.Row(labels: subject.labels, numbers: medians(of: samples))
    }
  }

  /// The median of each column; rounds without a number do not count.
  static func medians(of samples: [[Double?]]) -> [Double?] {
    guard let first = samples.first else { return [] }
    return first.indices.map { column in samples.compactMap { $0[column] }.median }
  }
}
