import Glibc
import Testing

@testable import cgexec_pool

/// The page's colours.
@Suite struct HTMLStyleTests {
    /// Each colour's name, with what it is in light and in dark.
    private static let colours = Dictionary(
        uniqueKeysWithValues: HTMLStyle.text.matches(
            of: #/--([a-z0-9]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)/#
        ).map { (String($0.output.1), [$0.output.2, $0.output.3].map { Int($0, radix: 16) ?? 0 }) })

    /// The relative luminance of WCAG 2.2.
    private static func luminance(_ colour: Int) -> Double {
        let parts = [16, 8, 0].map { shift -> Double in
            let part = Double(colour >> shift & 0xFF) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    private static func contrast(_ left: Int, _ right: Int) -> Double {
        let sorted = [luminance(left), luminance(right)].sorted()
        return (sorted[1] + 0.05) / (sorted[0] + 0.05)
    }

    @Test func `black on white has the contrast that everybody knows`() {
        #expect(abs(Self.contrast(0x000000, 0xFFFFFF) - 21) < 1e-9)
        #expect(Self.colours.count == 21)
    }

    @Test(
        arguments: ["ink", "muted", "link", "ok", "failed", "time", "memory", "limit", "undone"],
        ["ground", "panel", "stripe"])
    func `texts can be read on every ground`(text: String, ground: String) throws {
        let (text, ground) = (try #require(Self.colours[text]), try #require(Self.colours[ground]))
        for (text, ground) in zip(text, ground) { #expect(Self.contrast(text, ground) >= 4.5) }
    }

    @Test(arguments: 0..<PlotFrame.looks)
    func `signs and lines can be seen`(look: Int) throws {
        let (sign, panel) = (try #require(Self.colours["s\(look)"]), try #require(Self.colours["panel"]))
        for (sign, panel) in zip(sign, panel) { #expect(Self.contrast(sign, panel) >= 3) }
    }
}
