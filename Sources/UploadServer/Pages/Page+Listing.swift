import UploadCore
import UploadProtocol
import UploadStorage

/// The order of a page with a listing, as it is shown to the reader.
enum ShownOrder: Sendable, Equatable {
  /// The store's: directories by name, then files, newest first.
  case newestFirst
  case chosen(ListingOrder)
  /// The store's, since the listing has too many entries to be sorted.
  /// - Parameter count: how many.
  case fixed(count: Int)

  /// The order by which a column is marked.
  private var order: ListingOrder {
    switch self {
    case .newestFirst, .fixed: ListingOrder(.date, isDescending: true)
    case .chosen(let order): order
    }
  }

  /// How the entries are ordered by a column; nil where they are ordered by another.
  func isDescending(_ column: ListingOrder.Column) -> Bool? {
    order.column == column ? order.isDescending : nil
  }
}

extension Page {
  /// The page with what is in a directory.
  func listing(of directory: BrowsedDirectory, in order: ShownOrder = .newestFirst) -> ListingFormat {
    let title = directory.path.isEmpty ? "Files" : PlainText.sanitized(directory.path.description)
    let start = """
      <h1>\(trail(to: directory))</h1>
      <p class="links"><a href="\(link(to: ""))">Upload files</a>\
      <a href="\(link(to: directory.url, adding: "format=tar"))">Download all as tar</a></p>
      \(note(order))<div class="card">
      """
    return ListingFormat(
      contentType: Self.contentType,
      policy: PageStyle.policy,
      start: Self.documentStart(title: MarkupText.escaped(title)) + start,
      first: "<table>\n" + header(of: directory, in: order) + "\n",
      separator: "\n",
      last: "\n</table>",
      empty: "<p>No files here yet.</p>",
      end: "</div>" + Self.documentEnd,
      row: { file in
        let name = file.nameBytes.lastComponent
        let url = directory.url(of: name)
        return row(name.description, url, ByteSize.text(file.size), file.modified, file.type ?? "")
      },
      directoryRow: { name, modified in
        row(name.description + "/", directory.url(of: name) + "/", "", modified, "", of: " class=\"directory\"")
      }
    )
  }

  /// - Parameter attributes: of the row, with a space before each.
  private func row(
    _ name: String,
    _ url: String,
    _ size: String,
    _ modified: Int64,
    _ type: String,
    of attributes: String = ""
  ) -> String {
    let date = HTTPDate.internetText(modified)
    // In UTC, to the minute; the time of day is hidden where there is no room for it.
    let (day, time) = (date.prefix(10), date.dropFirst(11).prefix(5))
    return "<tr\(attributes)><td>\(anchor(name, to: url))</td><td class=\"size\">\(size)</td>"
      + "<td class=\"date\"><time datetime=\"\(date)\">\(day)<span> \(time)</span></time></td>"
      + "<td class=\"type\">\(MarkupText.escaped(type))</td></tr>"
  }

  /// The names of a directory and of those that lead to it, which are links.
  private func trail(to directory: BrowsedDirectory) -> String {
    var (links, url, name) = ([String](), "files/", "Files")
    for component in directory.path.bytes.split(separator: UInt8(ascii: "/")) {
      links.append("<a href=\"\(link(to: url))\">\(name)</a>")
      url += PercentEncoding.encode(component) + "/"
      name = "<bdi>\(MarkupText.escaped(PlainText.sanitized(NameBytes(component).description)))</bdi>"
    }
    return (links + [name]).joined(separator: " / ")
  }

  /// Why the columns cannot be sorted.
  private func note(_ order: ShownOrder) -> String {
    switch order {
    case .newestFirst, .chosen: return ""
    case .fixed(let count):
      let limit = UInt64(SortedListing.limit).grouped
      return
        "<p class=\"small\">Not sorted: \(UInt64(count).grouped) entries are too many. The newest files come "
        + "first; up to \(limit) entries can be sorted.</p>\n"
    }
  }

  /// The names of the columns: links that sort by them, and the other way round where they are sorted already.
  private func header(of directory: BrowsedDirectory, in order: ShownOrder) -> String {
    let columns = ListingOrder.Column.allCases.map { column -> String in
      let current = order.isDescending(column)
      let mark = current.map { "<span aria-hidden=\"true\">&nbsp;\($0 ? "\u{2193}" : "\u{2191}")</span>" } ?? ""
      let sorted = current.map { " aria-sort=\"\($0 ? "descending" : "ascending")\"" } ?? ""
      let next = ListingOrder(column, isDescending: current.map { !$0 } ?? column.isDescendingFirst)
      let url = link(to: directory.url, adding: next.query)
      let name =
        switch order {
        case .newestFirst, .chosen: "<a href=\"\(url)\">\(column.title)\(mark)</a>"
        case .fixed: column.title + mark
        }
      return "<th scope=\"col\" class=\"\(column.rawValue)\"\(sorted)>\(name)</th>"
    }
    return "<tr>\(columns.joined())</tr>"
  }
}

extension ListingOrder.Column {
  /// The name of the column for people.
  fileprivate var title: String {
    switch self {
    case .name: "Name"
    case .size: "Size"
    case .date: "Date (UTC)"
    case .type: "Type"
    }
  }
}
