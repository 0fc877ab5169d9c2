/// A machine, as far as it explains figures; what it does not tell is absent.
package struct HostDescription: Sendable, Codable, Hashable {
    package var name: String
    /// The operating system, such as `Debian GNU/Linux 12 (bookworm)`.
    package var system: String?
    /// The kernel's release.
    package var kernel: String
    /// The model of the processor.
    package var processor: String?
    /// The CPUs that may be used.
    package var cpus: CPUSet
    package var memoryBytes: UInt64?

    package init(name: String, kernel: String, cpus: CPUSet) {
        self.name = name
        self.kernel = kernel
        self.cpus = cpus
    }
}
