import UploadCore
import UploadProtocol
import UploadStorage

/// An order of a listing that its reader chose: directories first, then files, each by one column.
struct ListingOrder: Sendable, Equatable {
  enum Column: String, Sendable, CaseIterable {
    case name, size, date, type
  }

  var column: Column
  var isDescending: Bool

  init(_ column: Column, isDescending: Bool) {
    (self.column, self.isDescending) = (column, isDescending)
  }

  /// The order that a request asks for in its query: `sort=name|size|date|type`, and `order=asc|desc`; without the latter
  /// the one in which the column is shown first.
  /// - Returns: nil without `sort`, for the order of the store.
  /// - Throws: ``UploadError`` with code `badRequest` for another value.
  init?(_ target: RequestTarget) throws(UploadError) {
    guard let sort = try target.parameter("sort"), !sort.isEmpty else { return nil }
    guard let column = Column(rawValue: sort) else {
      throw UploadError(.badRequest, "Unknown sort \"\(Self.shown(sort))\". Send name, size, date or type.")
    }
    self.column = column
    switch try target.parameter("order") {
    case nil, "": isDescending = column.isDescendingFirst
    case "asc": isDescending = false
    case "desc": isDescending = true
    case let order?:
      throw UploadError(.badRequest, "Unknown order \"\(Self.shown(order))\". Send asc or desc.")
    }
  }

  /// The parameters that ask for this order, as they stand in HTML.
  var query: String { "sort=\(column.rawValue)&amp;order=\(isDescending ? "desc" : "asc")" }

  private static func shown(_ value: String) -> String { PlainText.sanitized(String(value.prefix(100))) }
}

extension ListingOrder.Column {
  /// Whether the largest or newest entries come first until the reader chooses otherwise.
  var isDescendingFirst: Bool {
    switch self {
    case .name, .type: false
    case .size, .date: true
    }
  }
}

/// What a listing is sorted by: of one entry.
struct ListingKey: Sendable {
  private let isDirectory: Bool
  /// Size, date, or 0.
  private let number: Int64
  /// Type, or empty.
  private let text: String
  /// In lower case, then as it is, so that names that differ in case have an order, too.
  private let name: (folded: String, exact: NameBytes)

  /// Reads a file where its type has to be detected, for which it blocks.
  init(_ entry: ListedEntry, by column: ListingOrder.Column) {
    switch entry {
    case .directory(let name, let modified):
      (isDirectory, text) = (true, "")
      number = column == .date ? modified : 0
      self.name = (name.description.lowercased(), name)
    case .file(let open):
      let file = column == .type ? open.typed : open.file
      isDirectory = false
      number =
        switch column {
        case .size: Int64(clamping: file.size)
        case .date: file.modified
        case .name, .type: 0
        }
      text = column == .type ? file.type ?? "" : ""
      let name = file.nameBytes.lastComponent
      self.name = (name.description.lowercased(), name)
    }
  }

  /// Whether this entry comes before another in an order of the column that both keys were made for. Of entries that are
  /// equal there, the names decide, which are never reversed but in an order by name.
  func precedes(_ other: ListingKey, in order: ListingOrder) -> Bool {
    if isDirectory != other.isDirectory { return isDirectory }
    if number != other.number { return (number < other.number) != order.isDescending }
    if text != other.text { return (text < other.text) != order.isDescending }
    let isBefore =
      name.folded == other.name.folded
      ? name.exact.bytes.lexicographicallyPrecedes(other.name.exact.bytes)
      : name.folded < other.name.folded
    return order.column == .name && name.exact != other.name.exact ? isBefore != order.isDescending : isBefore
  }
}
