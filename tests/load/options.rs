//! How much of everything.

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Connections that are held open, those of the senders that work among them.
    pub(crate) connections: usize,
    /// Senders that work.
    pub(crate) active: usize,
    /// Messages a second of each of them.
    pub(crate) rate: u32,
    /// Peers that send a byte now and then, and come again when they are closed.
    pub(crate) slow: usize,
    /// Idle connections within TLS.
    pub(crate) tls: usize,
    /// Of each phase.
    pub(crate) seconds: u64,
    /// Whether waiting times are held to the promise: not where other work disturbs them.
    pub(crate) judge: bool,
    pub(crate) json: bool,
}

impl Options {
    /// Without arguments a small run; `--full` is what the promise is about.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            connections: 600,
            active: 20,
            rate: 5,
            slow: 100,
            tls: 50,
            seconds: 3,
            judge: false,
            json: false,
        };
        for argument in arguments {
            match argument.as_str() {
                "--full" => {
                    options = Options {
                        connections: 10_000,
                        active: 200,
                        rate: 1,
                        slow: 1000,
                        tls: 2000,
                        seconds: 30,
                        judge: true,
                        ..options
                    };
                }
                "--json" => options.json = true,
                _ => return Err(format!("{argument}? Only --full and --json are known")),
            }
        }
        Ok(options)
    }
}
