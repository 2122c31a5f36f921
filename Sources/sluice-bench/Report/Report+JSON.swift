import UploadReport

extension Report {
  /// The report as one object.
  func json(_ machine: Machine, rounds: Int) -> JSONValue {
    .object([
      ("benchmark", .string(name)),
      ("rounds", .integer(rounds)),
      ("machine", machine.json),
      ("rows", .array(rows.map(json))),
      ("notes", .array(notes.map { .string($0) })),
    ])
  }

  private func json(_ row: Row) -> JSONValue {
    let names = zip(labels, row.labels).map { ($0, JSONValue.string($1)) }
    let numbers = zip(columns, row.numbers).map { ($0.key, JSONValue.optional($1)) }
    return .object(names + numbers)
  }
}
