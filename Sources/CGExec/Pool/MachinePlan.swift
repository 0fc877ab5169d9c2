/// How the machine is cut for a pool, and for those of its jobs that want another piece than the pool's slots.
struct MachinePlan {
    /// Nil where no job is bound to CPUs, and nobody had to look.
    let topology: Topology?
    /// The CPUs that jobs may own: all but the reserved ones.
    private(set) var cpus: CPUSet
    /// The pool's own slots; nil where they are not bound.
    let layout: SlotLayout?
    private let mask: AffinityMask
    private var others: [AffinityMask: Result<SlotLayout, SlotLayout.Impossible>] = [:]
    private let nodes: NodeMemory

    /// Cuts the machine. Pieces of which another pool holds a part are left out: a core is shared with nobody.
    /// - Throws: `SlotLayout.Impossible` where it does not have such pieces.
    init(
        _ mask: AffinityMask, of topology: Topology?, allowed: CPUSet, taken: CPUSet = CPUSet()
    ) throws(SlotLayout.Impossible) {
        self.mask = mask
        self.topology = topology
        nodes = NodeMemory(topology)
        // A core of which somebody has a thread is somebody's.
        let held = taken.isEmpty ? taken : BestFit(topology, cpus: topology?.cpus ?? allowed).wholeCores(of: taken)
        if let topology, mask.piece != .none {
            var layout = try SlotLayout(mask, of: topology)
            layout.remove(held)
            self.layout = layout
            cpus = layout.usable
        } else {
            layout = nil
            cpus = allowed.subtracting(held)
        }
    }

    /// Leaves all CPUs to other pools that none of these slots has.
    mutating func narrow(to slots: ArraySlice<Slot>) {
        cpus = slots.compactMap(\.owned).reduce(CPUSet()) { $0.union($1) }
    }

    /// Leaves CPUs to other pools: no more than so many are needed at once.
    mutating func narrow(to count: Int) {
        let fit = BestFit(topology, cpus: cpus)
        guard let choice = fit.choose(min(count, cpus.count), from: cpus, keepingCoresWhole: true) else { return }
        cpus = choice.cpus.union(choice.idle)
    }

    /// The pieces of which the job owns one; empty where it takes the pool's slots.
    mutating func pieces(for job: Job) throws(SlotLayout.Impossible) -> [Slot] {
        guard var wanted = job.affinity, wanted.piece != .none, let topology else { return [] }
        wanted.reserve = mask.reserve
        if wanted == mask { return [] }
        let layout: Result<SlotLayout, SlotLayout.Impossible>
        if let known = others[wanted] {
            layout = known
        } else {
            do throws(SlotLayout.Impossible) {
                layout = .success(try SlotLayout(wanted, of: topology))
            } catch {
                layout = .failure(error)
            }
            others[wanted] = layout
        }
        let ours = try layout.get().slots.filter { $0.owned?.isSubset(of: cpus) ?? true }
        guard !ours.isEmpty else {
            throw SlotLayout.Impossible(
                option: "--affinity \(wanted)", cause: "no such piece is among the pool's CPUs \(cpus)",
                cure: "Give the pool more slots, or wait until other pools end: 'cgexec-pool topology' shows them")
        }
        return ours
    }

    /// Why the job can never have its place here; empty when it can.
    mutating func obstacles(to job: Job, memory: ByteSize?) -> [HostUnfit.Reason] {
        let places: [CPUSet]
        do throws(SlotLayout.Impossible) {
            let slots = try pieces(for: job)
            let mems = (slots.isEmpty && !job.ignoresAffinity ? layout?.slots ?? [] : slots).compactMap(\.mems)
            // A number of CPUs is taken where there is room.
            let isFree = job.limits.cpuset != nil || job.limits.cpus != nil
            places = job.limits.mems.map { [$0] } ?? (isFree ? [] : Array(Set(mems)))
        } catch {
            return [HostUnfit.Reason(what: error.option, cause: error.cause, cure: error.cure)]
        }
        guard let memory, !places.isEmpty else { return [] }
        let sizes = places.map { nodes.most(on: $0) ?? .max }
        guard let most = sizes.max(), memory.bytes > most else { return [] }
        return [
            HostUnfit.Reason(
                what: "memory \(memory)",
                cause:
                    "the memory nodes of \(places.count == 1 ? "its place" : "any slot") give at most \(ByteSize(most))",
                cure: "Ask for less, name more nodes with --mems, or take a wider piece with --affinity")
        ]
    }
}

extension HostUnfit {
    init(_ error: SlotLayout.Impossible) { self.init(error.option, cause: error.cause, cure: error.cure) }
}
