import CGExec

/// What PyExPool's documentation shows, step by step; docs/from-pyexpool.md explains it.
enum Steps {
    static func jobs(_ configuration: PoolConfiguration) async throws -> Bool {
        try await withPool(configuration) { pool in
            var job = Job("sort", ["sort", "/etc/passwd"], category: "sort", size: 2)
            job.limits.timeout = .minutes(1)
            job.stdout = .append("/dev/null")
            try await pool.submit(
                job,
                onStart: { _, start in print("\(start.job.name) starts, attempt \(start.attempt)") },
                onDone: { pool, record in
                    // Follow-up jobs: the pool is here already, so nothing needs to be awaited.
                    let next = Job("after \(record.name)", ["true"])
                    do { try pool.submit(next) } catch { print(error) }
                },
                onFinish: { _, record in print("\(record.name): \(record.outcome.kind)") })
            return await pool.join(timeout: .minutes(5))
        }
    }

    static func groups(_ configuration: PoolConfiguration) async throws -> GroupCounts {
        try await withPool(configuration) { pool in
            let all = try await pool.withGroup(
                "all", stdout: .capture(.kib(1)), onFinish: { _, group in print(group.name) }
            ) { all in
                for set in ["a", "b"] {
                    try await pool.withGroup(set, in: all, timeout: .minutes(30), params: ["set": set]) { part in
                        for level in 1...2 {
                            try await pool.submit(Job("\(set)-\(level)", ["echo", "\(level)"]), in: part)
                        }
                    }
                }
                return all
            }
            return await all.result
        }
    }

    static func results(_ configuration: PoolConfiguration) async throws -> String {
        try await withPool(configuration) { pool in
            try await pool.submit(Job("fails", ["false"]))
            let record = try await pool.run(Job("waits", ["true"]))
            print(record.wallSeconds ?? 0)
            _ = await pool.join()
            let tree = await pool.failureTree
            await pool.clear()
            return tree
        }
    }
}
