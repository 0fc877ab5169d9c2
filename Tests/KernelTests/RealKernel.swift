import Testing

/// Everything that needs a real cgroup v2. One test at a time: they measure, and some change this process for a moment.
@Suite(.serialized) enum RealKernel {}
