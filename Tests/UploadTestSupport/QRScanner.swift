/// Reads QR codes in images with zbarimg, of Debian's zbar-tools.
package enum QRScanner {
  /// Whether zbarimg can be started.
  package static func isInstalled() async -> Bool {
    (try? await ProcessRunner.run("zbarimg", ["--version"]).exit) == .status(0)
  }

  /// The texts of the codes in images, one for each image, without line ends in them.
  /// - Throws: ``SystemCallError`` when zbarimg cannot be started; Foundation's error for a file.
  package static func texts(in images: [Bitmap]) async throws -> [String] {
    try await withTemporaryDirectory { directory in
      let files = try images.enumerated().map { try directory.write($1.pbm, to: "\($0).pbm") }
      let options = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]
      return try await ProcessRunner.run("zbarimg", options + files).output.split(separator: "\n").map(String.init)
    }
  }
}

/// An image of black and white pixels.
package struct Bitmap: Sendable {
  private let rows: [[Bool]]

  /// - Parameters:
  ///   - width: in pixels, as `height`.
  ///   - isBlack: the colour at a column and a row, counted from 0.
  package init(width: Int, height: Int, isBlack: (_ x: Int, _ y: Int) -> Bool) {
    rows = (0..<height).map { y in (0..<width).map { x in isBlack(x, y) } }
  }

  /// The image as a file in the plain format of PBM, four times as large in both directions.
  fileprivate var pbm: [UInt8] {
    let scale = 4
    let header = "P1\n\((rows.first?.count ?? 0) * scale) \(rows.count * scale)\n"
    let lines = rows.map { row in
      let line = row.map { String(repeating: $0 ? "1" : "0", count: scale) }.joined() + "\n"
      return String(repeating: line, count: scale)
    }
    return Array((header + lines.joined()).utf8)
  }
}
