// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "CGExec",
    products: [
        .library(name: "CGExec", targets: ["CGExec"]),
        .executable(name: "cgexec-pool", targets: ["cgexec-pool"]),
        .executable(name: "cgexec-probe", targets: ["Probes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .target(
            name: "CGExec",
            dependencies: [
                "CLinux", "CHwloc", "CSeccomp", "CCap", system,
                .product(name: "BitCollections", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "cgexec-pool",
            dependencies: [
                "CGExec", "CLinux", "Yams", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .target(name: "CProbe"),
        .executableTarget(name: "Probes", dependencies: ["CProbe"], swiftSettings: settings),
        .executableTarget(
            name: "pyexpool-steps", dependencies: ["CGExec"], path: "examples/pyexpool", swiftSettings: settings),
        .executableTarget(name: "HungFileSystem", path: "Tests/HungFileSystem"),
        .executableTarget(
            name: "PoolHost", dependencies: ["CGExec"], path: "Tests/PoolHost", swiftSettings: settings),
        .target(
            name: "Support", dependencies: ["CGExec", "CLinux", system], path: "Tests/Support",
            swiftSettings: settings),
        .testTarget(
            name: "CGExecTests", dependencies: ["CGExec", "cgexec-pool", "Support", system], swiftSettings: settings),
        .testTarget(
            name: "SchedulerSpeed", dependencies: ["CGExec"], swiftSettings: settings),
        .testTarget(
            name: "KernelTests", dependencies: ["CGExec", "CLinux", "CCap", "Support", system], swiftSettings: settings),
        .testTarget(
            name: "CommandTests", dependencies: ["CGExec", "CLinux", "pyexpool-steps", "Support", system],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
