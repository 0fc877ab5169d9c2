import Foundation
import Testing

@testable import cgexec_pool

/// Texts of others in a page of ours.
@Suite struct HTMLTextTests {
    @Test(arguments: [
        ("a < b & c > \"d\" 'e'", "a &lt; b &amp; c &gt; &quot;d&quot; &#39;e&#39;"),
        ("</script><img src=x onerror=alert(1)>", "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("bell\u{7} escape\u{1B}[2J nul\u{0} c1\u{9B}", "bell\u{FFFD} escape\u{FFFD}[2J nul\u{FFFD} c1\u{FFFD}"),
        ("tab\tline\nend", "tab\tline\nend"), ("grün 😀", "grün 😀"), ("\u{FFFE}\u{FFFF}", "\u{FFFD}\u{FFFD}"),
    ])
    func `nothing of a text becomes markup`(text: String, escaped: String) {
        #expect(HTMLText.escaped(text) == escaped)
    }

    @Test(arguments: [
        "</script>", "<!-- <script>", "]]>", "a\u{2028}b\u{2029}c", "\"\\\n\t/", "😀 ü", "{{x}} ${y} `z`", "",
    ])
    func `a text in the page's data reads back, and cannot end it`(text: String) throws {
        let json = HTMLText.json(text)
        #expect(json.unicodeScalars.allSatisfy { !"<>&\n\u{2028}\u{2029}".unicodeScalars.contains($0) }, "\(json)")
        #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == text)
    }

    @Test func `control characters are not carried into the page's data`() throws {
        let json = HTMLText.json("a\u{0}b\u{1B}c\u{7F}")
        #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == "a\u{FFFD}b\u{FFFD}c\u{FFFD}")
    }

    @Test(
        arguments: [
            ("/data/run/out/a.log", "/data/run", "./out/a.log"), ("/data/out/a.log", "/data/run", "./../out/a.log"),
            ("/other/a.log", "/data/run", "file:///other/a.log"), ("/data/a.log", nil, "file:///data/a.log"),
            ("javascript:alert(1)", "/data", "./javascript%3Aalert%281%29"),
            ("data:text/html,x", nil, "./data%3Atext/html%2Cx"),
            ("//evil.example/x", "/data", "file:///evil.example/x"),
            ("/data/a b?c#d%\"<", "/data", "./a%20b%3Fc%23d%25%22%3C"),
            ("/data/ü", "/data", "./%C3%BC"), ("/data/./run/a", "/data/run", "./a"),
        ] as [(String, String?, String)])
    func `a link is to a file, however its path begins`(path: String, folder: String?, address: String) {
        #expect(HTMLLinks(folder: folder, start: nil).address(of: path) == address)
    }

    @Test(
        arguments: [
            ("out/a", nil, "./out/a"), ("out/a", "sub", "./sub/out/a"), ("out/a", "/other", "file:///other/out/a"),
            ("/data/a", "sub", "./../a"), ("../a", nil, "./../a"),
        ] as [(String, String?, String)])
    func `a relative path is one from where the run was started`(path: String, cwd: String?, address: String) {
        #expect(HTMLLinks(folder: "/data/run", start: "/data/run").address(of: path, cwd: cwd) == address)
    }

    /// The examples of FIPS 180-4 as NIST gives them, and lengths around a block.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    ])
    func `the digest is SHA-256`(text: String, hexadecimal: String) {
        let digest = SHA256.digest(Array(text.utf8))
        #expect(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hexadecimal)
    }
}
