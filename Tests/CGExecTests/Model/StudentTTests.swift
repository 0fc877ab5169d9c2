import Testing

@testable import CGExec

@Suite struct StudentTTests {
    /// Part below, degrees of freedom, value: by mpmath 1.3 to 40 digits, from its incomplete beta function. Those of whole
    /// degrees are in every printed table.
    private static let table: [(Double, Double, Double)] = [
        (0.975, 1, 12.7062047361747), (0.975, 2, 4.30265272974946), (0.975, 4, 2.77644510519779),
        (0.975, 9, 2.26215716279821), (0.975, 29, 2.0452296421327), (0.975, 1e4, 1.96020123989063),
        (0.975, 1e7, 1.95996422176721), (0.9995, 1, 636.61924876872), (0.9995, 8, 5.04130543337337),
        (0.9995, 18, 3.92164582508516), (0.9995, 4.37, 7.81087788676034), (0.9995, 39.5, 3.55449450875692),
        (0.9995, 123.45, 3.37108526619531), (0.95, 0.5, 41.1360000928783), (0.9, 41.2, 1.3024397799955),
        (0.6, 3.7, 0.27216446429207), (0.501, 12, 0.00255933928509687), (0.999999, 7.25, 13.6106109441656),
        (0.025, 9, -2.26215716279821),
    ]

    @Test(arguments: table)
    func `quantiles are those of the table`(_ part: Double, _ degrees: Double, _ value: Double) throws {
        let found = try #require(StudentT(degreesOfFreedom: degrees)).quantile(part)
        #expect((found / value - 1).magnitude < 1e-9, "\(found)")
    }

    @Test func `far up it is the normal distribution`() throws {
        let found = try #require(StudentT(degreesOfFreedom: .infinity)).quantile(0.975)
        #expect((found - 1.95996398454005).magnitude < 1e-9, "\(found)")
    }

    @Test(arguments: [0.01, 0.3, 1, 7.7, 1000] as [Double])
    func `the ends are infinite, the middle is 0`(_ degrees: Double) throws {
        let student = try #require(StudentT(degreesOfFreedom: degrees))
        #expect(student.quantile(0) == -.infinity && student.quantile(1) == .infinity && student.quantile(0.5) == 0)
        #expect(student.quantile(-0.1).isNaN && student.quantile(1.1).isNaN && student.quantile(.nan).isNaN)
        #expect(student.quantile(0.75) > 0 && student.quantile(0.75) < student.quantile(0.8))
    }

    @Test(arguments: [0, -1, .nan, -.infinity] as [Double])
    func `without degrees of freedom there is none`(_ degrees: Double) {
        #expect(StudentT(degreesOfFreedom: degrees) == nil)
    }
}
