import Foundation
import UploadCore

@testable import UploadStorage

/// System calls of a file system that ignores case and Unicode normalization: names are folded before the real calls
/// get them.
enum FoldingDisk {
  static func folded(_ name: NameBytes) -> NameBytes {
    // The store's own hidden names are made by calls that do not pass here.
    guard !FileName.isPartial(name) else { return name }
    return NameBytes(name.description.lowercased().precomposedStringWithCanonicalMapping)
  }

  static var calls: FileCalls {
    let real = FileCalls()
    var calls = FileCalls()
    calls.link = { real.link($0, $1, folded($2)) }
    calls.renameNew = { real.renameNew($0, folded($1), $2, folded($3)) }
    calls.rename = { real.rename($0, folded($1), $2, folded($3)) }
    calls.exchange = { real.exchange($0, folded($1), $2, folded($3)) }
    calls.makeDirectory = { real.makeDirectory($0, folded($1)) }
    calls.openDirectory = { real.openDirectory($0, folded($1)) }
    calls.entryStatus = { real.entryStatus($0, folded($1), &$2) }
    return calls
  }
}
