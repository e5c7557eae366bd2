//! The words near four numbers that tell a version from an address.

/// Words that introduce a version.
pub(super) const VERSIONS: &[&str] = &["rv", "v", "ver", "version", "versions"];
/// Words that introduce a version, or the address that something is done to.
pub(super) const RELEASES: &[&str] = &[
    "build",
    "chapter",
    "clause",
    "figure",
    "firmware",
    "oid",
    "package",
    "paragraph",
    "rel",
    "release",
    "rev",
    "revision",
    "rule",
    "section",
    "table",
];
/// What has a version, and never an address. Its numbers may be as large as those of an address.
pub(super) const DEVICES: &[&str] =
    &["bios", "bootloader", "eeprom", "firmware", "fw", "microcode", "sdk", "smbios"];
/// How the names of packages begin that are domains turned round.
pub(super) const DOMAINS: &[&str] =
    &["com.", "org.", "net.", "io.", "dev.", "android.", "androidx.", "de."];
/// Software that is written in small letters.
pub(super) const SOFTWARE: &str = "actionpack activerecord activesupport android angular apache bash bind \
    bios busybox cargo centos chrome clang cmake consul \
    containerd curl debian docker dotnet dovecot driver drupal edge elasticsearch envoy etcd \
    exim fedora firefox gcc git glibc go gradle grafana hadoop haproxy helm hotfix httpd icu \
    ios istio java jdk jquery jre kafka kernel kibana kubelet kubernetes libc library linux \
    logstash macos mariadb maven module mongo mongodb mysql nginx node nodejs npm nss numpy \
    okhttp openjdk openssh openssl oracle pandas patch perl php plugin postfix postgres postgresql \
    prometheus python rabbitmq rack rails react redis ruby rust rustc safari sdk spark sqlite sudo \
    systemd tensorflow terraform tomcat ubuntu win windows wordpress zlib zookeeper";
/// Capitalized words before an address.
pub(super) const PLACES: &[&str] = &[
    "a",
    "address",
    "addr",
    "allow",
    "and",
    "at",
    "ban",
    "block",
    "by",
    "client",
    "clients",
    "connect",
    "connecting",
    "deny",
    "dest",
    "destination",
    "dhcp",
    "dns",
    "drop",
    "dst",
    "endpoint",
    "for",
    "from",
    "gateway",
    "get",
    "host",
    "hosts",
    "icmp",
    "in",
    "inet",
    "ip",
    "ips",
    "ipv",
    "is",
    "lan",
    "local",
    "login",
    "nameserver",
    "nat",
    "net",
    "netmask",
    "network",
    "node",
    "ntp",
    "on",
    "peer",
    "ping",
    "proxy",
    "ptr",
    "reject",
    "remote",
    "resolver",
    "route",
    "router",
    "server",
    "servers",
    "source",
    "spf",
    "src",
    "subnet",
    "target",
    "tcp",
    "to",
    "udp",
    "unban",
    "upstream",
    "user",
    "via",
    "vpn",
    "wan",
    "with",
];
/// What follows a version.
pub(super) const TAGS: &[&str] = &[
    "-alpha",
    "-beta",
    "-dev",
    "-pre",
    "-rc",
    "-SNAPSHOT",
    "-RELEASE",
    "-Final",
    "-generic",
    "-stable",
    "-release",
    "-hotfix",
    "-patch",
    "-lts",
    "-GA",
    "+",
    "~",
];
