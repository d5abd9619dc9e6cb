//! The conformance suite on Kafka. `cargo xtask test` starts a broker and names it in `KILN_TEST_KAFKA`.

#![allow(clippy::unwrap_used)]

mod conformance;

use kiln_pipeline::config::Config;

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let broker = std::env::var("KILN_TEST_KAFKA")
        .expect("KILN_TEST_KAFKA=host:port of a broker; `cargo xtask test` starts one");
    let unique = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let text = format!(
        "name: conformance-{unique}\nstore:\n  kafka:\n    brokers: [\"{broker}\"]\n    \
         topics: {{ create: true, partitions: 3, replication: 1 }}\n"
    );
    let config = Config::parse(&text, "kafka.yaml", &|_| None).unwrap();
    conformance::suite(&config).await;
}
