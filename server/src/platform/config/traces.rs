//! Where traces go: an OpenTelemetry collector that takes OTLP over HTTP. The names are OpenTelemetry's own.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | `traces.endpoint` | unset | `http://host:4318` of a collector; without it nothing is traced |
//! | `OTEL_EXPORTER_OTLP_HEADERS` | `traces.headers` | none | sent along, as `name=value,name=value` |
//! | `OTEL_SERVICE_NAME` | `traces.service_name` | `floorline` | what this process is called there |
//! | `OTEL_TRACES_SAMPLER_ARG` | `traces.share` | 1 | which share of all traces is kept, from 0 to 1 |

use super::{Secret, Source};

/// See the module.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The collector, without a slash at its end.
    pub endpoint: String,
    /// Names and values.
    pub headers: Vec<(String, Secret<String>)>,
    /// See the module.
    pub service_name: String,
    /// Decided by the trace's id alone, so that all servers keep the same ones and no caller decides.
    pub share: f64,
}

impl Traces {
    /// None without an endpoint.
    pub(super) fn read(source: &mut Source) -> Option<Self> {
        let endpoint = source.parse("traces.endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        let headers = source.parse("traces.headers", "OTEL_EXPORTER_OTLP_HEADERS", headers).unwrap_or_default();
        let service_name = source.get("traces.service_name", "OTEL_SERVICE_NAME");
        let share = source.parse("traces.share", "OTEL_TRACES_SAMPLER_ARG", share).unwrap_or(1.0);
        Some(Self { endpoint: endpoint?, headers, service_name: service_name.unwrap_or("floorline".to_owned()), share })
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let endpoint = text.trim_end_matches('/');
    match endpoint.strip_prefix("http://") {
        Some(host) if !host.is_empty() => Ok(endpoint.to_owned()),
        _ => Err("must be http://host:port, a collector near by: it is spoken to without TLS".to_owned()),
    }
}

fn headers(text: &str) -> Result<Vec<(String, Secret<String>)>, String> {
    let one = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        named.then(|| (name.to_owned(), Secret::new(value.to_owned())))
    };
    text.split(',').map(|pair| one(pair).ok_or_else(|| "must be name=value,name=value".to_owned())).collect()
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text:?}: must be a number from 0 to 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)]) -> Result<Option<Traces>, String> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut source = Source::new(env, "").unwrap();
        let traces = Traces::read(&mut source);
        source.finish().map(|()| traces).map_err(|error| error.to_string())
    }

    #[test]
    fn an_endpoint_is_enough_and_without_one_there_are_no_traces() {
        assert!(read(&[("OTEL_SERVICE_NAME", "mill")]).unwrap().is_none());
        let traces = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/")]).unwrap().unwrap();
        assert_eq!((&*traces.endpoint, &*traces.service_name), ("http://127.0.0.1:4318", "floorline"));
        assert!(traces.headers.is_empty() && (traces.share - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_secret_is_repeated() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://secret@collector"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer secret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b c=secret"),
            ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ] {
            let fault = read(&[(name, value)]).unwrap_err();
            assert!(fault.contains(name) && !fault.contains("secret"), "{fault}");
        }
        let set = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key = a=b")];
        let traces = read(&set).unwrap().unwrap();
        let (name, value) = &traces.headers[0];
        assert_eq!((&**name, &**value.expose()), ("x-key", "a=b"));
        assert!(!format!("{traces:?}").contains("a=b"));
    }
}
