/// A named set of jobs and groups in a pool. It starts with the first job in it, and finishes when it is sealed and
/// everything in it is over; it succeeds when all in it does.
public final class JobGroup: Sendable {
    /// Its number.
    public let id: JobGroupID
    /// A name for people and records; need not be unique.
    public let name: String
    /// The group that it is in.
    public let parent: JobGroup?
    /// What records of its jobs show as parameters, besides the jobs' own, which win.
    public let params: [String: String]
    let stdout: Job.Output?
    let stderr: Job.Output?
    let pool: Pool
    let end = Promise<GroupCounts>()

    init(
        id: JobGroupID, _ name: String, in parent: JobGroup?, _ pool: Pool, stdout: Job.Output?, stderr: Job.Output?,
        params: [String: String]
    ) {
        self.id = id
        self.name = name
        self.parent = parent
        self.pool = pool
        self.stdout = stdout ?? parent?.stdout
        self.stderr = stderr ?? parent?.stderr
        self.params = (parent?.params ?? [:]).merging(params) { _, own in own }
    }

    /// How its children stand.
    public var counts: GroupCounts {
        get async { await pool.counts(of: self) }
    }

    /// How its children ended, when it has finished; that takes a `seal`. Cancelling the task that waits for it seals
    /// the group and cancels what is in it.
    public var result: GroupCounts {
        get async {
            await withTaskCancellationHandler {
                await end.value
            } onCancel: {
                Task {
                    await pool.seal(self)
                    await pool.cancel(self)
                }
            }
        }
    }

    /// The groups that a job in this one is in, from the outside in.
    var path: [Failures.Step] { (parent?.path ?? []) + [Failures.Step(id: id, name: name)] }
}

/// A group that cannot be made, or not there.
public struct InvalidGroup: Error, Hashable, Sendable, CustomStringConvertible {
    /// The group's name.
    public var name: String
    /// What is wrong and what to do about it.
    public var message: String

    /// The value as a text for people.
    public var description: String { "group \(name): \(message)" }
}

extension Pool {
    /// What the pool keeps for a group until it has finished.
    struct OpenGroup {
        var group: JobGroup
        var onStart: GroupCallback?
        var onDone: GroupCallback?
        var onFinish: GroupCallback?
    }

    /// Makes a group. It finishes only when it has been sealed; see `withGroup`.
    ///
    /// - Parameters:
    ///   - parent: the group that it is in.
    ///   - timeout: the longest time from its start to its end. Then what runs in it is ended, with outcome `timeout` and
    ///     stage `group`, and what waits is dropped.
    ///   - stdout: where the output of jobs goes that do not say it themselves; nil for what the parent says.
    ///   - stderr: the same for standard error.
    ///   - params: added to the parameters in its jobs' records.
    ///   - onStart: called once, before the first job in it starts.
    ///   - onDone: called once, when it has finished, if all in it succeeded.
    ///   - onFinish: called once, when it has finished.
    /// - Throws: `InvalidGroup`.
    public func group(
        _ name: String, in parent: JobGroup? = nil, timeout: Duration? = nil, stdout: Job.Output? = nil,
        stderr: Job.Output? = nil, params: [String: String] = [:], onStart: GroupCallback? = nil,
        onDone: GroupCallback? = nil, onFinish: GroupCallback? = nil
    ) throws(InvalidGroup) -> JobGroup {
        guard let runner, !isClosing else { throw InvalidGroup(name: name, message: "the pool is closed") }
        if let parent, let problem = obstacle(to: parent) { throw InvalidGroup(name: name, message: problem) }
        if let timeout, timeout <= .zero { throw InvalidGroup(name: name, message: "its timeout must be above 0") }
        var group: JobGroup?
        runner.openGroup(name, in: parent?.id, timeout: timeout) { id in
            let new = JobGroup(id: id, name, in: parent, self, stdout: stdout, stderr: stderr, params: params)
            groups[id] = OpenGroup(group: new, onStart: onStart, onDone: onDone, onFinish: onFinish)
            group = new
        }
        guard let group else { throw InvalidGroup(name: name, message: "the pool is closed") }
        return group
    }

    /// Makes a group, lets `body` fill it, and seals it. Does not wait for what is in it. When `body` throws, what is in
    /// the group is cancelled.
    ///
    /// - Throws: `InvalidGroup`, and whatever `body` throws.
    @discardableResult
    public nonisolated func withGroup<Result: Sendable>(
        _ name: String, in parent: JobGroup? = nil, timeout: Duration? = nil, stdout: Job.Output? = nil,
        stderr: Job.Output? = nil, params: [String: String] = [:], onStart: GroupCallback? = nil,
        onDone: GroupCallback? = nil, onFinish: GroupCallback? = nil, _ body: (JobGroup) async throws -> Result
    ) async throws -> Result {
        let group = try await group(
            name, in: parent, timeout: timeout, stdout: stdout, stderr: stderr, params: params, onStart: onStart,
            onDone: onDone, onFinish: onFinish)
        do {
            let result = try await body(group)
            await seal(group)
            return result
        } catch {
            await seal(group)
            await cancel(group)
            throw error
        }
    }

    /// Says that nothing more will be added to the group and to those in it. Jobs can only come after groups that are
    /// sealed, so that nothing can ever wait for itself.
    public func seal(_ group: JobGroup) {
        if group.pool === self { runner?.sealGroup(group.id) }
    }

    /// Ends everything in the group, or keeps it from starting.
    public func cancel(_ group: JobGroup) {
        if group.pool === self { runner?.cancelGroup(group.id) }
    }

    /// How the group's children stand, without waiting, for callbacks; elsewhere it is `group.counts`.
    public func counts(of group: JobGroup) -> GroupCounts {
        group.end.current ?? runner?.counts(of: group.id) ?? GroupCounts()
    }

    /// Why nothing can be added to the group; nil when something can.
    func obstacle(to group: JobGroup) -> String? {
        if group.pool !== self { return "group \(group.name) belongs to another pool" }
        if runner?.isGrowing(group.id) == true { return nil }
        return "group \(group.name) is sealed: nothing can be added to it any more"
    }

    func groupStarted(_ id: JobGroupID) {
        if let open = groups[id] { open.onStart?(self, open.group) }
    }

    func groupFinished(_ id: JobGroupID, _ counts: GroupCounts) {
        guard let open = groups.removeValue(forKey: id) else { return }
        open.group.end.set(counts)
        if counts.isSuccess { open.onDone?(self, open.group) }
        open.onFinish?(self, open.group)
    }
}
