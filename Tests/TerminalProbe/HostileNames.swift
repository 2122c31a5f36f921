/// Names as a hostile client may request them: with control sequences, wide characters, combining marks, and harmless
/// ones.
enum HostileNames {
  static let all = [
    "pwned\u{1B}]0;evil\u{7}\u{202E}gnp.exe", "\u{9B}31mred\u{1B}[2J\u{1B}c", "row\nbreak\r\ttab\0\u{7F}\u{85}end",
    "\u{200B}\u{FEFF}\u{2066}x\u{2069}\u{200F}y", "\u{300}first", "日本語のファイル名.txt", "漢字 half ｶﾅ full Ｗ",
    "a\u{300}\u{301}\u{302}\u{303}\u{304} e\u{301}\u{336}", "👩‍👩‍👧‍👦👍🏽🇩🇪 emoji 😀", "plain-name.bin", "naïve café ñandú",
    "z" + String(repeating: "\u{336}", count: 200), "███▌────  51%  ⣄⣆⣴⣸⣷ ╭─╮│╰╯", "%s %n %d \\e[31m", "",
    String(repeating: "=", count: 70), String(repeating: " ", count: 90), "\u{1B}[?1049l\u{1B}[201~\u{90}q\u{9C}",
    "한국어 파일 \u{1112}\u{1161}\u{11AB}", String(repeating: "long-", count: 60), "\u{E0041}\u{AD}\u{2028}\u{2029}",
  ]
}
