import ArgumentParser
import CGExec
import FoundationEssentials

/// `cgexec-pool topology`
struct TopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Show this machine's packages, nodes, caches, cores and threads, and the slots that they give.",
        discussion: """
            Each line of the table is a choice of --affinity: how many slots it gives, in the order in which they are \
            taken. With --affinity the slots of that choice are listed, and coloured in the picture.

            The exit status is 69 when this machine cannot be read or has no such pieces.
            """)

    @Flag(help: "Print the machine and the slots of each choice as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Write a picture of the machine and its slots, - for stdout.", valueName: "FILE"))
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "List these slots: a piece, and after commas first, compact, performance, efficiency or reserve=N.",
            valueName: "PIECE"))
    var affinity: String?

    @Option(help: ArgumentHelp("Another machine, as lstopo wrote it.", valueName: "FILE.xml"))
    var xml: String?

    @Option(
        help: ArgumentHelp("A machine that hwloc(7) describes, such as 'pack:2 l3:1 core:4 pu:2'.", valueName: "TEXT"))
    var synthetic: String?

    /// What `--affinity` asks for; nil when it is not given, or is wrong.
    private var mask: AffinityMask? { affinity.flatMap { try? AffinityMask(parsing: $0) } }

    mutating func validate() throws {
        var problems: [String] = []
        if let affinity {
            do throws(ValueError) {
                if try AffinityMask(parsing: affinity).piece == .none {
                    problems.append("--affinity: 'none' is no piece of the machine")
                }
            } catch {
                problems.append("--affinity: \(error)")
            }
        }
        if xml != nil, synthetic != nil { problems.append("--xml and --synthetic: name one machine") }
        if json, svg == "-" { problems.append("--json and --svg: only one can go to stdout") }
        if let error = ValidationError(problems) { throw error }
    }

    mutating func run() throws {
        do {
            let machine = try read()
            let choices = try choices(of: machine)
            // Of other machines nobody here knows.
            let claims = xml == nil && synthetic == nil ? try ClaimFolder.usual(makes: false)?.claims() ?? [] : []
            if let svg { try write(TopologyDrawing(machine, choices.last).svg, to: svg) }
            if json {
                Terminal.say(try TopologyJSON(machine, choices, claims).text)
            } else if svg != "-" {
                Terminal.say(TopologyText.text(machine, choices, isChosen: mask != nil, claims))
            }
        } catch let error as KernelError {
            Terminal.complain("cgexec-pool topology: \(error)")
            throw ExitCode(ExitStatus.failed)
        } catch let error as HostUnfit {
            Terminal.complain("cgexec-pool topology: \(error)")
            throw ExitCode(ExitStatus.hostUnfit)
        } catch let error as SlotLayout.Impossible {
            Terminal.complain("cgexec-pool topology: \(error.option): \(error.cause). \(error.cure)")
            throw ExitCode(ExitStatus.hostUnfit)
        }
    }

    private func read() throws -> Topology {
        if let xml { return try HwlocTopology.read(.xml(path: xml)) }
        if let synthetic { return try HwlocTopology.read(.synthetic(synthetic)) }
        return try HwlocTopology.read(allowed: Host.allowedCPUs())
    }

    /// The chosen one, or all that this machine has, the narrowest first.
    private func choices(of machine: Topology) throws -> [SlotChoice] {
        if let mask { return [SlotChoice(mask: mask, layout: try SlotLayout(mask, of: machine))] }
        return Affinity.named.dropFirst().compactMap { piece in
            let mask = AffinityMask(piece)
            return (try? SlotLayout(mask, of: machine)).map { SlotChoice(mask: mask, layout: $0) }
        }
    }

    private func write(_ text: String, to path: String) throws {
        if path == "-" { return Terminal.say(text) }
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            Terminal.complain("cgexec-pool topology: '\(path)' cannot be written: \(error)")
            throw ExitCode(ExitStatus.failed)
        }
    }
}

/// One way to cut the machine.
struct SlotChoice {
    var mask: AffinityMask
    var layout: SlotLayout
}

/// What `--json` prints.
struct TopologyJSON: Encodable {
    struct Choice: Encodable {
        var affinity: String
        var slots: [Slot]
        var notes: [String]
    }

    struct Slot: Encodable {
        var cpus: CPUSet?
        var mems: CPUSet?
        var idle: CPUSet?
        var piece: String?
    }

    let topology: Topology
    let choices: [Choice]
    let claims: [Claim]

    init(_ topology: Topology, _ choices: [SlotChoice], _ claims: [Claim]) {
        self.topology = topology
        self.claims = claims
        self.choices = choices.map { choice in
            Choice(
                affinity: "\(choice.mask)",
                slots: choice.layout.slots.map {
                    Slot(cpus: $0.cpus, mems: $0.mems, idle: $0.idle.isEmpty ? nil : $0.idle, piece: $0.name)
                },
                notes: choice.layout.notes)
        }
    }

    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
