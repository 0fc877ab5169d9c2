/// From what a job asks for and what it got to what the scheduler, the kernel and the reader of records are told.
extension PoolCore {
    func demand(of job: Job, in group: JobGroupID?) -> Demand {
        let limits = job.limits
        return Demand(
            name: job.name, memory: limits.memory?.resolved(of: budget), need: limits.need?.resolved(of: budget),
            cpus: limits.cpus, cpuset: limits.cpuset, mems: limits.mems,
            // What cannot be had was refused before.
            pieces: (try? machine?.pieces(for: job)) ?? [], cpuQuota: limits.cpuQuota, timeout: limits.timeout,
            cpuTimeout: limits.cpuTimeout,
            grace: limits.effectiveGrace, endsAtPids: limits.onPids == .kill, category: job.category,
            awaitsProgram: surroundings.identifiesPrograms && job.category != nil && !job.command.isEmpty,
            size: job.size, slowdown: job.slowdown, priority: job.priority, group: group,
            dependencies: job.after.map { Dependency(target: $0, needsSuccess: job.afterSuccess) },
            restartsOnTimeout: job.restartsOnTimeout, retry: job.retry, hasFallback: job.fallback != nil,
            startDelay: job.startDelay, ignoresAffinity: job.ignoresAffinity, isSolo: job.isSolo,
            isMeasured: job.isMeasured ?? (mode == .strict),
            rerunsInvalid: job.isMeasured ?? (job.repetition != nil && !job.isWarmup),
            leavesSiblingsIdle: job.isMeasured == true)
    }

    func plan(_ job: Job, _ id: AttemptID, _ grant: Grant) -> LaunchPlan {
        var leaf = LeafPlan(limits: job.limits)
        leaf.memory = grant.memory
        leaf.memoryIsAsked = job.limits.memory != nil && !grant.memoryIsShare
        leaf.cpus = grant.cpus
        leaf.mems = job.limits.mems ?? grant.mems
        leaf.ownsCPUs = grant.cpus != nil && job.limits.cpuset == nil  // those that are named may be another's, too
        var command = job.command.map { Array($0.utf8) }
        let environment: [[UInt8]]
        if let verbatim = surroundings.verbatim {
            (command, environment) = verbatim
        } else {
            environment = self.environment.with(
                JobEnvironment.announcements(job, id, grant, threads: surroundings.setsThreadVariables)
                    .merging(job.environment) { _, asked in asked })
        }
        var stdout = job.stdout ?? .capture(Job.captureCap)
        var stderr = job.stderr ?? .capture(Job.captureCap)
        // Opened twice, each would write over what the other wrote.
        if stderr == stdout, stdout.path != nil { stderr = .stdout }
        if job.partialOutput != nil { (stdout, stderr) = (stdout.partial, stderr.partial) }
        return LaunchPlan(
            attempt: id, command: command, environment: environment, directory: job.directory,
            stdin: job.stdin, stdout: stdout, stderr: stderr, outputLimit: job.limits.outputLimit, leaf: leaf,
            files: job.limits.files, core: job.limits.core, session: surroundings.session, oomScore: grant.oomScore,
            partialOutput: job.partialOutput)
    }

    func record(_ id: JobID, _ entry: Entry, _ outcome: Outcome) -> Record {
        let job = entry.job
        let ending = entry.ending
        var record = Record(
            id: id, name: job.name, attempt: entry.attempt, argv: job.command, outcome: outcome, times: .init(),
            limits: job.limits, enforcement: enforcement(job, ending))
        record.description = job.description
        record.task = entry.task
        record.category = job.category
        record.size = job.size == 0 ? nil : job.size
        record.key = entry.key
        record.cwd = job.directory
        record.host = surroundings.host
        record.slot = entry.grant?.slot
        record.fallback = entry.grant?.isFallback == true ? true : nil
        record.phase = entry.grant.flatMap { $0.phase > 0 ? $0.phase : nil }
        record.params = job.params.isEmpty ? nil : job.params
        record.repeat = job.repetition
        record.warmup = job.isWarmup ? true : nil
        record.times.queued = date(entry.queued)
        record.times.admitted = entry.admitted.map(date)
        let notes = entry.notes + (ending?.notes ?? [])
        record.notes = notes.isEmpty ? nil : notes
        guard let ending else { return record }
        if let started = ending.started {
            record.times.started = date(started)
            record.times.ended = date(ending.ended)
            record.wallSeconds = ending.ended.since(started).seconds
        }
        record.limitsHit = ending.limitsHit.isEmpty ? nil : ending.limitsHit
        record.usage = ending.usage
        record.samples = ending.samples
        record.effective = ending.effective.isEmpty ? nil : ending.effective
        record.validity = ending.validity
        for reason in entry.disturbances { record.validity?.perturb(reason) }
        record.neighbours = entry.neighbours.isEmpty ? nil : entry.neighbours
        record.placement = ending.placement
        if let grant = entry.grant {
            record.placement?.piece = grant.piece
            record.placement?.idle = grant.idle.isEmpty ? nil : grant.idle
        }
        if ending.stdout != nil || ending.stderr != nil {
            record.output = Record.Output(stdout: ending.stdout, stderr: ending.stderr)
        }
        return record
    }

    /// What the kernel put in force, and what we watch ourselves.
    private func enforcement(_ job: Job, _ ending: Ending?) -> [String: Enforcement] {
        guard let ending else { return [:] }
        var enforcement = ending.enforcement
        if job.limits.timeout != nil { enforcement["timeout"] = .scheduler }
        if job.limits.cpuTimeout != nil {
            enforcement["cpu-timeout"] = ending.usage?.cpuSeconds != nil ? .scheduler : Enforcement.none
        }
        if job.limits.outputLimit != nil { enforcement["output-limit"] = .scheduler }
        if job.limits.files != nil { enforcement["files"] = .rlimit }
        if job.limits.core != nil { enforcement["core"] = .rlimit }
        return enforcement
    }

    private func date(_ instant: Instant) -> Timestamp {
        let offset = Int64(bitPattern: instant.nanoseconds &- surroundings.epoch.instant.nanoseconds)
        return Timestamp(nanosecondsSinceEpoch: surroundings.epoch.civil.nanosecondsSinceEpoch + offset)
    }
}

extension LeafPlan {
    /// The part of the limits that needs no decision of the scheduler.
    init(limits: Limits) {
        swap = limits.swap
        cpuQuota = limits.cpuQuota
        cpuWeight = limits.cpuWeight
        pids = limits.pids
        watchPids = limits.onPids == .kill
        io = limits.io
        thrash = limits.thrash
        delegate = limits.delegate
    }
}
