import Testing
import UploadTestSupport

@testable import Basics

@Suite struct QRCodeTests {
  /// Made with qrcode 8.2 (Python) for the bytes of HELLO in byte mode, level M, mask 0.
  private static let hello = """
    #######..###..#######
    #.....#.#.##..#.....#
    #.###.#...#...#.###.#
    #.###.#...##..#.###.#
    #.###.#.#.#.#.#.###.#
    #.....#..##.#.#.....#
    #######.#.#.#.#######
    .........#.##........
    #.#.#.#..#.#....#..#.
    #.#.#....##...#....#.
    .....##..##.#...#####
    #.#.##.#.##...#....#.
    .##..###.##.#.#.#.#..
    ........#.##.#.#..##.
    #######....#.###..###
    #.....#...####.##....
    #.###.#.#.##.###..###
    #.###.#..#....##..##.
    #.###.#.#.#.#...#.#.#
    #.....#..##...#.#..#.
    #######.#.#.#.##..###
    """

  @Test func `the code of a known text is that of another encoder`() throws {
    let code = try #require(QRCode(Array("HELLO".utf8), mask: 0))
    #expect(code.rows.joined(separator: "\n") == Self.hello)
  }

  @Test(arguments: ["HELLO", "http://192.168.1.7:8080/#t=K3xvT0kenFORaTest", String(repeating: "U", count: 200)])
  func `the mask is the one with the lowest penalty`(text: String) throws {
    let best = try #require(QRCode(text))
    let penalties = (0..<8).compactMap { QRCode(Array(text.utf8), mask: $0)?.matrix.penalty }
    #expect(penalties.count == 8 && penalties.min() == best.matrix.penalty)
    #expect(penalties[best.mask] == best.matrix.penalty && Set(penalties).count > 1)
  }

  /// The capacities are those of ISO/IEC 18004, table 7.
  @Test(arguments: [
    (14, 1, QRCode.Level.medium), (15, 1, .low), (17, 1, .low), (18, 2, .medium), (42, 3, .medium), (43, 3, .low),
    (53, 3, .low), (54, 4, .medium), (84, 5, .medium), (85, 5, .low), (192, 8, .low), (193, 9, .low), (230, 9, .low),
    (231, 10, .low), (271, 10, .low),
  ])
  func `the version is the smallest that has room, and the level M if it fits into that`(
    length: Int,
    version: Int,
    level: QRCode.Level
  ) throws {
    let code = try #require(QRCode(String(repeating: "x", count: length)))
    #expect(code.version == version && code.level == level)
    #expect(code.size == 17 + 4 * version)
  }

  @Test func `a text of more than 271 bytes has no code, an empty text has one`() {
    #expect(QRCode(String(repeating: "x", count: 272)) == nil)
    #expect(QRCode(String(repeating: "é", count: 136)) == nil)
    #expect(QRCode("")?.version == 1)
  }

  @Test func `outside of the code there are no dark modules`() throws {
    let code = try #require(QRCode("HELLO"))
    for place in [-1, -4, 21, 1000, .min, .max] {
      #expect(!code.isDark(place, 0) && !code.isDark(0, place))
    }
  }

  @Test(.enabled("zbarimg is not installed here") { await QRScanner.isInstalled() }, arguments: 0..<8)
  func `zbar reads the codes of all versions and levels with each mask`(mask: Int) async throws {
    var random = SplitMix64(seed: UInt64(mask))
    let lengths = QRVersion.allVersions.flatMap { [$0.capacity(.medium), $0.capacity(.low)] }
    let texts = lengths.map { Self.text($0, &random) }
    let codes = texts.compactMap { QRCode(Array($0.utf8), mask: mask) }
    #expect(codes.count == 20 && Set(codes.map(\.version)) == Set(1...10) && Set(codes.map(\.level)).count == 2)
    let found = try await QRScanner.texts(in: codes.map(\.bitmap))
    #expect(found == texts)
  }

  @Test(.enabled("zbarimg is not installed here") { await QRScanner.isInstalled() })
  func `zbar reads the codes of 100 random links of any length`() async throws {
    var random = SplitMix64(seed: 17)
    let texts = (0..<100).map { _ in
      "https://[2001:db8::7]:8443/#t=" + Self.text(Int.random(in: 1...240, using: &random), &random)
    }
    let found = try await QRScanner.texts(in: texts.compactMap { QRCode($0)?.bitmap })
    #expect(found == texts)
  }

  /// Random printable characters.
  private static func text(_ length: Int, _ random: inout SplitMix64) -> String {
    String(decoding: (0..<length).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) }, as: UTF8.self)
  }
}

extension QRCode {
  /// The modules as text.
  fileprivate var rows: [String] {
    (0..<size).map { y in (0..<size).map { x in isDark(x, y) ? "#" : "." }.joined() }
  }

  /// An image with a quiet zone of four modules.
  fileprivate var bitmap: Bitmap {
    Bitmap(width: size + 8, height: size + 8) { x, y in isDark(x - 4, y - 4) }
  }
}
