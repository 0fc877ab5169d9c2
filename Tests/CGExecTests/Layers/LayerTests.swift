import Foundation
import Testing

@Suite struct LayerTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")

    /// The Swift files below a folder, by their path from `Sources/CGExec` or `Sources`.
    private static func texts(below folder: String, from base: String) throws -> [String: SourceText] {
        let root = sources.appending(path: folder)
        let files = try #require(FileManager.default.enumerator(atPath: root.path))
        var texts: [String: SourceText] = [:]
        for case let file as String in files where file.hasSuffix(".swift") {
            texts[base + file] = SourceText(try String(contentsOf: root.appending(path: file), encoding: .utf8))
        }
        return texts
    }

    private static let real = Swift.Result { try read() }

    private static func read() throws -> Layers {
        let library = sources.appending(path: "CGExec").path
        var folders: [String: [String: SourceText]] = [:]
        for folder in try FileManager.default.contentsOfDirectory(atPath: library) where !folder.contains(".") {
            folders[folder] = try texts(below: "CGExec/" + folder, from: folder + "/")
        }
        return Layers(folders: folders, command: try texts(below: "cgexec-pool", from: "cgexec-pool/"))
    }

    @Test func `nobody sees what is not below`() throws {
        let layers = try Self.real.get()
        #expect(layers.folders.keys.sorted() == ["Kernel", "Model", "Pool", "Scheduler"])
        #expect(layers.folders.values.allSatisfy { $0.count >= 5 } && layers.command.count >= 20)
        #expect(layers.folders["Scheduler"]?.values.contains { $0.declaredTypes.contains("Scheduler") } == true)
        #expect(layers.violations == [])
    }

    @Test(arguments: [
        ("Model", "import Glibc", "imports Glibc"),
        ("Model", "internal import CLinux", "imports CLinux"),
        ("Model", "import FoundationEssentials", "imports FoundationEssentials"),
        ("Model", "let plan: LaunchPlan? = nil", "names LaunchPlan of Kernel"),
        ("Scheduler", "import Foundation", "imports Foundation"),
        ("Scheduler", "import struct SystemPackage.Errno", "imports SystemPackage"),
        ("Scheduler", "func now(_ kernel: any Kernel) {}", "names Kernel of Kernel"),
        ("Scheduler", "let text = \"\\(monotonic(Reactor.self))\"", "names Reactor of Kernel"),
        ("Kernel", "extension Scheduler {}", "names Scheduler of Scheduler"),
        ("Kernel", "let demands: [Demand] = []", "names Demand of Scheduler"),
        ("Kernel", "unowned let owner: PoolCore", "names PoolCore of Pool"),
    ])
    func `a breach is found`(_ folder: String, _ text: String, _ violation: String) throws {
        var layers = try Self.real.get()
        layers.folders[folder]?["\(folder)/Planted.swift"] = SourceText(text)
        #expect(layers.violations == ["\(folder)/Planted.swift: \(violation)"])
    }

    @Test func `a C module in the command line is found`() throws {
        var layers = try Self.real.get()
        layers.command["cgexec-pool/Planted.swift"] = SourceText("import CHwloc")
        #expect(layers.violations == ["cgexec-pool/Planted.swift: imports CHwloc"])
    }

    @Test func `comments, strings and members are not references`() throws {
        var layers = try Self.real.get()
        let text = """
            // import Scheduler, Demand
            /* PoolCore
               Scheduler */
            let text = "Demand \\(1) and a \\" Scheduler"
            let long = \"\"\"
                Pool
                \"\"\"
            let member = Other.Grant.Demand
            """
        layers.folders["Kernel"]?["Kernel/Planted.swift"] = SourceText(text)
        #expect(layers.violations == [])
    }
}
