/// Which piece of the machine a slot is.
public enum Affinity: Sendable, Hashable {
    /// Slots are not bound to CPUs.
    case none
    /// One hardware thread.
    case thread
    /// One core with all its threads.
    case core
    /// The cores that share a second-level cache.
    case l2
    /// The cores that share a third-level cache.
    case l3
    /// The cores of a NUMA node.
    case numa
    /// The cores of one socket.
    case package
    /// So many hardware threads, in whole cores: PyExPool's `afnstep`. They lie within one cache or node where that is
    /// large enough; what does not make up a whole step stays idle.
    case step(Int)

    /// Reads `none`, a piece such as `core`, or a number of hardware threads.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        if let named = Self.named.first(where: { $0.description == text }) {
            self = named
        } else if let step = Int(text), (1...CPUSet.largest).contains(step) {
            self = step == 1 ? .thread : .step(step)
        } else {
            let names = Self.named.map(\.description).joined(separator: ", ")
            throw ValueError(text, expected: "one of \(names), or a number of hardware threads")
        }
    }

    /// Those that have a name, from the narrowest to the widest.
    package static let named: [Affinity] = [.none, .thread, .core, .l2, .l3, .numa, .package]

    /// Several of these pieces, for people.
    package var plural: String {
        switch self {
        case .none: "CPUs"
        case .thread: "hardware threads"
        case .core: "cores"
        case .l2: "L2 caches"
        case .l3: "L3 caches"
        case .numa: "NUMA nodes"
        case .package: "packages"
        case .step(let threads): "times \(threads) hardware threads"
        }
    }

    var level: Topology.Level? {
        switch self {
        case .none, .step: nil
        case .thread: .thread
        case .core: .core
        case .l2: .l2
        case .l3: .l3
        case .numa: .numa
        case .package: .package
        }
    }
}

extension Affinity: CustomStringConvertible {
    /// The form that `init(parsing:)` reads.
    public var description: String {
        if case .step(let threads) = self { "\(threads)" } else { level?.rawValue ?? "none" }
    }
}

/// How the machine is cut into slots, one for each job that runs.
public struct AffinityMask: Sendable, Hashable {
    /// Which of the pieces are taken first.
    public enum Order: String, Sendable, Hashable, CaseIterable {
        /// By turns from each package, node and cache: what runs together shares as little as can be.
        case spread
        /// One beside the other: what runs together shares as much as can be, and the rest of the machine stays free.
        case compact
    }

    /// Which cores, on a machine whose cores are not all alike.
    public enum Cores: String, Sendable, Hashable, CaseIterable {
        /// Any.
        case all
        /// The fastest kind.
        case performance
        /// The kind that saves most power.
        case efficiency
    }

    /// The piece that a slot is.
    public var piece: Affinity
    /// Whether a job may use only the first hardware thread of its slot, and the others stay idle: most cache and no
    /// rival, for a program that uses one thread.
    public var first: Bool
    /// Which pieces are taken first.
    public var order: Order
    /// How many cores no slot has: for the system and the pool itself. The first cores are, since kernels handle their
    /// own affairs there.
    public var reserve: Int
    /// Which cores are used.
    public var cores: Cores

    /// Creates a mask.
    public init(
        _ piece: Affinity, first: Bool = false, order: Order = .spread, reserve: Int = 0, cores: Cores = .all
    ) {
        self.piece = piece
        self.first = first
        self.order = order
        self.reserve = reserve
        self.cores = cores
    }

    /// Reads a piece, and after commas what else is wanted: `core`, `l3,first`, `thread,compact,reserve=2` or
    /// `core,performance`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        self.init(try Affinity(parsing: words[0]))
        for word in words.dropFirst() {
            if word == "first" {
                first = true
            } else if let order = Order(rawValue: word) {
                self.order = order
            } else if word != "all", let cores = Cores(rawValue: word) {
                self.cores = cores
            } else if word.hasPrefix("reserve="), let number = Int(word.dropFirst(8)), number >= 0 {
                reserve = number
            } else {
                throw ValueError(
                    word, expected: "after the piece: first, spread, compact, performance, efficiency or reserve=N")
            }
        }
        if piece == .none, words.count > 1 { throw ValueError(text, expected: "a piece, of which this is a part") }
    }

    /// Slots are not bound to CPUs.
    public static let none = AffinityMask(.none)
    /// A slot is one hardware thread.
    public static let thread = AffinityMask(.thread)
    /// A slot is one core with all its threads.
    public static let core = AffinityMask(.core)
    /// A slot is the cores that share a second-level cache.
    public static let l2 = AffinityMask(.l2)
    /// A slot is the cores that share a third-level cache.
    public static let l3 = AffinityMask(.l3)
    /// A slot is the cores of a NUMA node.
    public static let numa = AffinityMask(.numa)
    /// A slot is the cores of one socket.
    public static let package = AffinityMask(.package)
}

extension AffinityMask: CustomStringConvertible {
    /// The form that `init(parsing:)` reads.
    public var description: String {
        var words = [piece.description]
        if first { words.append("first") }
        if order != .spread { words.append(order.rawValue) }
        if cores != .all { words.append(cores.rawValue) }
        if reserve > 0 { words.append("reserve=\(reserve)") }
        return words.joined(separator: ",")
    }
}
