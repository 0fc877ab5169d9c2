import Testing

@testable import cgexec_pool

@Suite struct TemplateTests {
    private let bindings = Bindings(
        values: ["x": "VALUE", "file": "a/b.tar.gz", "evil": "{x}{{x}}{slot}"], seq: 7, name: "NAME")

    @Test(arguments: [
        ("plain", "plain"),
        ("", ""),
        ("{x}", "VALUE"),
        ("a{x}b{x}c", "aVALUEbVALUEc"),
        ("{name}-{seq}", "NAME-7"),
        ("{file}", "a/b.tar.gz"),
        ("{file.name} {file.stem} {file.dir} {file.ext}", "b.tar.gz b.tar a gz"),
        ("{{x}}", "{x}"),
        ("{{{x}}}", "{VALUE}"),
        ("{{{{x}}}}", "{{x}}"),
        ("{{{{{x}}}}}", "{{VALUE}}"),
        ("{{x}", "{VALUE"),
        ("{x}}", "VALUE}"),
        ("{{file.stem}}", "{file.stem}"),
        ("{{unknown}}", "{unknown}"),
        (#"{"o":{"n":{x}}}"#, #"{"o":{"n":VALUE}}"#),
        ("{print $1}", "{print $1}"),
        ("{}", "{}"),
        ("{ x }", "{ x }"),
        ("{{ x }}", "{{ x }}"),
        ("{{.Names}}", "{{.Names}}"),
        ("{1..9} {a,b} {3}", "{1..9} {a,b} {3}"),
        ("${x} ${{x}} $x{x}", "${x} ${{x}} $xVALUE"),
        ("{x", "{x"),
        ("{x.}", "{x.}"),
        ("x}", "x}"),
        ("{foo.bar} {{foo.bar}}", "{foo.bar} {{foo.bar}}"),
        ("ä{x}ö🙂", "äVALUEö🙂"),
        ("{slot} {attempt}", "{slot} {attempt}"),
    ])
    func `fills in placeholders and leaves all else`(text: String, expected: String) {
        #expect(bindings.text(Template(text)) == expected)
    }

    @Test func `a value is not searched for placeholders`() {
        var late = bindings
        late.slot = 3
        late.attempt = 2
        #expect(late.text(Template("{evil} {slot}.{attempt}")) == "{x}{{x}}{slot} 3.2")
    }

    @Test(arguments: [
        ("{slot}", true), ("a{attempt}", true), ("{{slot}}", false), ("{{{slot}}}", true), ("${slot}", false),
        ("{seq}", false),
        ("{x}", false),
    ])
    func `knows what is open until the start`(text: String, expected: Bool) {
        #expect(Template(text).isLate == expected)
    }

    @Test(arguments: [
        ("a", true), ("_a9", true), ("A_b", true), ("9a", false), ("", false), ("a-b", false), ("ä", false),
    ])
    func `variables are words`(text: String, expected: Bool) {
        #expect(Template.isIdentifier(text) == expected)
    }

    @Test(arguments: [
        ("a/b.tar.gz", "a", "b.tar.gz", "b.tar", "gz"),
        ("b", ".", "b", "b", ""),
        ("b.", ".", "b.", "b", ""),
        (".bashrc", ".", ".bashrc", ".bashrc", ""),
        ("x/.a.b", "x", ".a.b", ".a", "b"),
        ("..", ".", "..", "..", ""),
        ("/a", "/", "a", "a", ""),
        ("/", "/", "", "", ""),
        ("", ".", "", "", ""),
        ("a//b/", "a", "b", "b", ""),
        ("a.d/b", "a.d", "b", "b", ""),
        ("ü/é.ä", "ü", "é.ä", "é", "ä"),
    ])
    func `parts of a path`(path: String, dir: String, name: String, stem: String, ext: String) {
        let parts = FilePathParts(path)
        #expect(parts.directory == dir)
        #expect(parts.name == name)
        #expect(parts.stem == stem)
        #expect(parts.fileExtension == ext)
    }
}
