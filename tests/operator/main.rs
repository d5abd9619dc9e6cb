//! The operator on a real Kubernetes of three nodes, with a real Kafka and senders under load: one suite for each thing that
//! people fear. In each of them nothing that was acknowledged is lost, doubled or out of order.
//!
//! `cargo xtask test operator` brings what they need. They need root: nodes have cgroups and mounts of their own.

mod cluster;
mod pipeline;
mod senders;

mod api_server_down;
mod chart_upgraded;
mod failover_times;
mod node_drained;
mod node_partitioned;
mod node_power_loss;
mod operator_killed;
mod pipeline_deleted;
mod pod_killed;
mod rolling_upgrade;
mod scale_in;
mod scale_out_on_latency;
mod scheduled_peak;
mod secret_rotated;
