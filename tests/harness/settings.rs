//! How a whole server is set up that keeps everything in one folder.

use std::collections::BTreeMap;
use std::path::Path;

use floorline_server::platform::config::{Config, Source};

/// On a free port of this machine, with these variables besides.
pub fn settings(data: &Path, more: &[(&str, &str)]) -> Config {
    let folder = data.display().to_string();
    let mut env = BTreeMap::from([
        ("FLOORLINE_BIND", "127.0.0.1:0"),
        ("FLOORLINE_METRICS_BIND", "off"),
        ("FLOORLINE_WORKERS", "1"),
        ("FLOORLINE_DATA", &folder),
    ]);
    env.extend(more.iter().copied());
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::read(Source::new(env, "").unwrap()).unwrap()
}
