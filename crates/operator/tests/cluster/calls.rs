//! Counts what a client asks of the API server.
#![allow(dead_code, reason = "each suite uses some of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::Request;

/// So many requests, by method.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<BTreeMap<String, u64>>>);

impl Calls {
    pub(crate) fn note<B>(&self, request: &Request<B>) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry(request.method().to_string()).or_default() += 1;
    }

    /// Of a method; watches are `GET` too.
    pub(crate) fn of(&self, method: &str) -> u64 {
        self.0.lock().unwrap().get(method).copied().unwrap_or(0)
    }
}
