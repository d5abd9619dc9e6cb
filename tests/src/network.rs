//! Hosts with links that can be cut and slowed: network namespaces (`ip-netns(8)`) on a bridge, none of which anybody outside
//! this machine sees. RFC 2544 keeps 198.18.0.0/15 for tests.

use std::env;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::Host;

/// What a packet to a slow host waits.
const DELAY: &str = "200ms";

/// How many networks this process has made: each has addresses and names of its own.
static MADE: AtomicU8 = AtomicU8::new(0);

/// Some hosts. Dropped, all of it is gone.
#[derive(Debug)]
pub struct Network {
    bridge: String,
    router: Ipv4Addr,
    hosts: Vec<Host>,
}

impl Network {
    /// So many hosts, at most 200, that reach each other and this process.
    ///
    /// # Panics
    /// Unless the process has a network of its own to do it in.
    pub fn new(hosts: u8) -> Network {
        assert!(
            env::var_os("KILN_OWN_NETWORK").is_some(),
            "what cuts links must have a network of its own: run `cargo xtask chaos` or `cargo xtask test e2e`, which make one"
        );
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let bridge = format!("kiln{number}");
        ip(&["link", "add", "name", &bridge, "type", "bridge"]);
        let router = Ipv4Addr::new(198, 18, number, 254);
        ip(&["address", "add", &format!("{router}/24"), "dev", &bridge]);
        ip(&["link", "set", "dev", &bridge, "up"]);
        let hosts = (1..=hosts)
            .map(|host| {
                let name = format!("{bridge}h{host}");
                let address = Ipv4Addr::new(198, 18, number, host);
                ip(&["netns", "add", &name]);
                ip(&[
                    "link", "add", "name", &name, "type", "veth", "peer", "name", "eth0", "netns",
                    &name,
                ]);
                ip(&["link", "set", "dev", &name, "master", &bridge, "up"]);
                let within = |rest: &[&str]| ip(&[&["-n", &name], rest].concat());
                within(&["address", "add", &format!("{address}/24"), "dev", "eth0"]);
                within(&["link", "set", "dev", "eth0", "up"]);
                within(&["link", "set", "dev", "lo", "up"]);
                Host::within(&name, address)
            })
            .collect();
        Network {
            bridge,
            router,
            hosts,
        }
    }

    /// The hosts.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// This process's own address there, by which hosts reach what is beyond.
    pub fn router(&self) -> Ipv4Addr {
        self.router
    }

    /// Pulls a host's plug: what is sent to it or by it is gone without a word, and its connections stay half open.
    pub fn cut(&self, host: &Host) {
        ip(&["link", "set", "dev", host.namespace(), "nomaster"]);
    }

    /// Puts it in again.
    pub fn heal(&self, host: &Host) {
        ip(&[
            "link",
            "set",
            "dev",
            host.namespace(),
            "master",
            &self.bridge,
        ]);
    }

    /// Parts two hosts, and no others.
    pub fn part(&self, one: &Host, other: &Host) {
        Network::route("add", one, other);
    }

    /// Joins them again.
    pub fn join(&self, one: &Host, other: &Host) {
        Network::route("del", one, other);
    }

    fn route(verb: &str, one: &Host, other: &Host) {
        for (from, to) in [(one, other), (other, one)] {
            let to = format!("{}/32", to.ip());
            ip(&["-n", from.namespace(), "route", verb, "blackhole", &to]);
        }
    }

    /// Makes every packet to a host wait 200 ms. Where the kernel has no netem it gets a link of 1 Mbit/s instead, on which
    /// packets wait up to that long and are lost beyond.
    pub fn slow(&self, host: &Host) {
        let add = ["qdisc", "add", "dev", host.namespace(), "root"];
        let netem = tc(&[&add[..], &["netem", "delay", DELAY]].concat());
        let narrow = ["tbf", "rate", "1mbit", "burst", "8k", "latency", DELAY];
        let slowed = netem || tc(&[&add[..], &narrow].concat());
        assert!(
            slowed,
            "the kernel has neither netem nor tbf for tc-qdisc(8)"
        );
    }

    /// As quick as before.
    pub fn quicken(&self, host: &Host) {
        assert!(tc(&["qdisc", "del", "dev", host.namespace(), "root"]));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for host in &self.hosts {
            ip(&["netns", "del", host.namespace()]);
        }
        ip(&["link", "del", "dev", &self.bridge]);
    }
}

/// Changes this process's network by ip(8).
///
/// # Panics
/// When the kernel refuses.
pub fn ip(arguments: &[&str]) {
    let status = Command::new("ip")
        .args(arguments)
        .status()
        .expect("ip is missing; run `cargo xtask setup`");
    assert!(status.success(), "ip {}", arguments.join(" "));
}

/// Whether the kernel did it.
fn tc(arguments: &[&str]) -> bool {
    Command::new("tc")
        .args(arguments)
        .stderr(Stdio::null())
        .status()
        .expect("tc is missing; run `cargo xtask setup`")
        .success()
}
