//! A place in a trace, as it is handed from phone to server and from server to job: the W3C `traceparent`.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

/// What a span goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
    /// Somebody else's, or of another process.
    remote: bool,
}

impl TraceParent {
    /// The span of this task; none where nothing is recorded.
    #[must_use]
    pub fn here() -> Option<Self> {
        let context = Context::current();
        let span = context.span();
        let place = span.span_context();
        place.is_sampled().then(|| Self {
            trace: place.trace_id(),
            span: place.span_id(),
            flags: place.trace_flags(),
            remote: false,
        })
    }

    /// Reads what somebody says. What is no `traceparent` is none, as the recommendation asks.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = TraceId::from_hex(hex(parts.next()?, 32)?).ok()?;
        let span = SpanId::from_hex(hex(parts.next()?, 16)?).ok()?;
        let flags = u8::from_str_radix(hex(parts.next()?, 2)?, 16).ok()?;
        // Later versions may say more; ff is never one.
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        let valid = trace != TraceId::INVALID && span != SpanId::INVALID;
        valid.then_some(Self { trace, span, flags, remote: true })
    }

    pub(super) const fn trace(self) -> TraceId {
        self.trace
    }
}

impl From<TraceParent> for SpanContext {
    fn from(parent: TraceParent) -> Self {
        let TraceParent { trace, span, flags, remote } = parent;
        Self::new(trace, span, flags, remote, TraceState::default())
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }
}

/// Lower-case digits, exactly so many.
fn hex(part: &str, length: usize) -> Option<&str> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (part.len() == length && part.bytes().all(lower)).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_anything_else_is_none() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let sound = format!("00-{trace}-{span}-01");
        assert_eq!(TraceParent::read(&sound).unwrap().to_string(), sound);
        let unknown_flags = TraceParent::read(&format!("00-{trace}-{span}-ff")).unwrap();
        assert_eq!(unknown_flags.to_string(), sound, "only what is known of them");
        let later = TraceParent::read(&format!("01-{trace}-{span}-00-more")).unwrap();
        assert_eq!(later.to_string(), format!("00-{trace}-{span}-00"));
        for none in [
            String::new(),
            "00".to_owned(),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!("00-{trace}0-{span}-01"),
            format!(" {sound}"),
        ] {
            assert_eq!(TraceParent::read(&none), None, "{none}");
        }
    }
}
