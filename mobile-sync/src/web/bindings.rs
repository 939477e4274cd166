//! The calls as JavaScript sees them: text and numbers, an exception where storage or the caller is at fault.

use wasm_bindgen::prelude::wasm_bindgen;

use super::core;
use crate::session::Now;

/// One device.
#[wasm_bindgen]
pub struct Core(core::Core);

/// Whole milliseconds; a page's clocks tell fractions.
fn now(time: f64, monotonic: f64) -> Now {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "a float to an integer saturates, and there is no other way"
    )]
    let whole = |ms: f64| ms as i64;
    Now { time: whole(time), monotonic: whole(monotonic) }
}

#[wasm_bindgen]
impl Core {
    /// See [`core::Core::open`].
    pub fn open(opening: &str, kept: &str) -> Result<Self, String> {
        core::Core::open(opening, kept).map(Self)
    }

    /// See [`core::Core::opened`].
    pub fn opened(&mut self) -> core::Answer {
        self.0.opened()
    }

    /// See [`core::Core::give`].
    pub fn give(&mut self, happened: &str, time: f64, monotonic: f64) -> core::Answer {
        self.0.give(happened, now(time, monotonic))
    }

    /// See [`core::Core::sign_in`].
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&mut self, session: &str, time: f64, monotonic: f64) -> core::Answer {
        self.0.sign_in(session, now(time, monotonic))
    }

    /// See [`core::Core::act`].
    pub fn act(&mut self, act: &str, time: f64, monotonic: f64) -> core::Answer {
        self.0.act(act, now(time, monotonic))
    }

    /// See [`core::Core::scan`].
    pub fn scan(&mut self, raw: &str, time: f64, monotonic: f64) -> core::Answer {
        self.0.scan(raw, now(time, monotonic))
    }

    /// See [`core::Core::resolve`].
    pub fn resolve(&mut self, raw: &str) -> core::Answer {
        self.0.resolve(raw)
    }

    /// See [`core::Core::looked_at`].
    #[wasm_bindgen(js_name = lookedAt)]
    pub fn looked_at(&mut self, act: u32) -> core::Answer {
        self.0.looked_at(act)
    }

    /// See [`core::Core::keep_file`].
    #[wasm_bindgen(js_name = keepFile)]
    pub fn keep_file(&mut self, file: &str) -> core::Answer {
        self.0.keep_file(file)
    }

    /// See [`core::Core::waiting_files`].
    #[wasm_bindgen(js_name = waitingFiles)]
    pub fn waiting_files(&self) -> core::Answer {
        self.0.waiting_files()
    }

    /// See [`core::Core::hello`].
    pub fn hello(&self, time: f64, monotonic: f64) -> core::Answer {
        self.0.hello(now(time, monotonic))
    }

    /// See [`core::Core::state`].
    pub fn state(&mut self) -> core::Answer {
        self.0.state()
    }

    /// See [`core::Core::item`].
    pub fn item(&mut self, id: &str, time: f64, monotonic: f64) -> core::Answer {
        self.0.item(id, now(time, monotonic))
    }

    /// See [`core::Core::items`].
    pub fn items(&mut self, filter: &str) -> core::Answer {
        self.0.items(filter)
    }

    /// See [`core::Core::queues`].
    pub fn queues(&mut self) -> core::Answer {
        self.0.queues()
    }

    /// See [`core::Core::rows`].
    pub fn rows(&mut self, kind: &str) -> core::Answer {
        self.0.rows(kind)
    }

    /// See [`core::Core::acts`].
    pub fn acts(&mut self) -> core::Answer {
        self.0.acts()
    }

    /// See [`core::Core::journal`].
    pub fn journal(&mut self, before: Option<u32>, limit: u32) -> core::Answer {
        self.0.journal(before, limit)
    }
}
