//! What tests of commands stand on.

use clap::Parser as _;
use tempfile::TempDir;

use super::{Cli, Command};
use crate::platform::config::{Config, Source};

/// The command that these words name, or what the terminal would say.
pub(super) fn parse(arguments: &[&str]) -> Result<Command, String> {
    let cli = Cli::try_parse_from(std::iter::once(&"floorline").chain(arguments));
    cli.map(|cli| cli.command).map_err(|error| error.to_string())
}

/// A configuration over an empty data folder, with hashes that cost next to nothing.
pub(super) fn config() -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("FLOORLINE_DATA", folder.path().display().to_string()),
        ("FLOORLINE_PASSWORD_MEMORY_KIB", "8".to_owned()),
        ("FLOORLINE_PASSWORD_PASSES", "1".to_owned()),
    ];
    let source = Source::new(settings.into_iter().map(|(name, value)| (name.to_owned(), value)), "").unwrap();
    let config = Config::read(source).unwrap();
    (folder, config)
}
