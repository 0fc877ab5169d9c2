import Testing

@testable import CGExec

/// Whose limit an OOM kill enforced, from the counters of leaf, pool and above.
struct CulpritTests {
    @Test(
        arguments: [
            (MemoryEvidence(killsInLeaf: 0, oomAtLeaf: 3, oomAtPool: 1, oomAbove: 1), nil),
            (MemoryEvidence(killsInLeaf: 1, oomAtLeaf: 1, oomAtPool: 0, oomAbove: 0), .job),
            (MemoryEvidence(killsInLeaf: 1, oomAtLeaf: 1, oomAtPool: 1, oomAbove: 1), .job),
            (MemoryEvidence(killsInLeaf: 2, oomAtLeaf: 0, oomAtPool: 1, oomAbove: 1), .pool),
            (MemoryEvidence(killsInLeaf: 2, oomAtLeaf: 0, oomAtPool: 0, oomAbove: 1), .ancestor),
            (MemoryEvidence(killsInLeaf: 1, oomAtLeaf: 0, oomAtPool: 0, oomAbove: 0), .host),
        ] as [(MemoryEvidence, Outcome.Culprit?)])
    func `the nearest limit that was hit`(evidence: MemoryEvidence, culprit: Outcome.Culprit?) {
        #expect(evidence.culprit == culprit)
    }
}
