import Testing

@testable import CGExec

/// Which wake-ups of a pressure trigger are real.
struct StallWitnessTests {
    private let witness = StallWitness(kind: .some, stall: .milliseconds(500), before: 2_000_000)

    private func text(some: UInt64, full: UInt64 = 0) -> String {
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(some)\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=\(full)\n"
    }

    @Test func `for all that stalled before the arming`() {
        #expect(!witness.confirms(text(some: 2_000_000)))
        #expect(!witness.confirms(text(some: 2_499_999)))
    }

    @Test func `for a stall since`() {
        #expect(witness.confirms(text(some: 2_500_000)))
        #expect(witness.confirms(text(some: .max)))
    }

    @Test func `of the kind that was asked for`() {
        let full = StallWitness(kind: .full, stall: .milliseconds(500), before: 0)
        #expect(!full.confirms(text(some: 900_000, full: 100_000)))
        #expect(full.confirms(text(some: 900_000, full: 500_000)))
    }

    @Test func `a total that went back, or is missing`() {
        #expect(!witness.confirms(text(some: 1_000_000)))
        #expect(witness.confirms(""), "what cannot be checked is not dropped")
    }
}
