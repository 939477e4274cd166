//! Typed configuration from the environment and an optional TOML file.
//!
//! One small struct a concern; each lists its settings in its own file. A setting has one name in the environment and one in the file, the environment wins,
//! and every fault is found before anything starts: all of them at once, each naming its setting.
//!
//! ```toml
//! [server]
//! bind = "0.0.0.0:8080"
//! public_url = "https://floor.example.com"
//!
//! [database]
//! pool = 24
//! ```

mod data;
mod database;
mod limits;
mod nats;
mod objects;
mod push;
mod realtime;
mod secret;
mod server;
mod sign_in;
mod signing;
mod source;
mod telemetry;
mod tls;
mod traces;

use std::path::Path;

pub use data::Data;
pub use database::Database;
pub use limits::{Limits, Rate};
pub use nats::{Login, Nats};
pub use objects::Objects;
pub use push::{Push, Vapid};
pub use realtime::Realtime;
pub use secret::Secret;
pub use server::Server;
pub use sign_in::SignIn;
pub use signing::Signing;
pub use source::{ConfigError, Fault, Source};
pub use telemetry::{LogFormat, Telemetry};
pub use tls::{Acme, Tls, TlsFrom, TlsPage};
pub use traces::Traces;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens and how it is reached.
    pub server: Server,
    /// Where the certificate of its door comes from.
    pub tls: Tls,
    /// Which PostgreSQL.
    pub database: Database,
    /// The folder for what the server keeps itself.
    pub data: Data,
    /// Where photos are stored.
    pub objects: Objects,
    /// What signing in costs.
    pub sign_in: SignIn,
    /// The keys that sign tokens and leases.
    pub signing: Signing,
    /// Logs, metrics and traces.
    pub telemetry: Telemetry,
    /// How servers on one database tell each other.
    pub realtime: Realtime,
    /// How phones are woken and told.
    pub push: Push,
    /// How much one server takes on.
    pub limits: Limits,
}

impl Config {
    /// Reads the process environment, and the file if there is one.
    ///
    /// # Errors
    /// The file cannot be read or parsed, or settings are wrong: all of them, by name.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with(file, &[])
    }

    /// The same, with variables that win over those of the process: what was said on the command line.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(file: Option<&Path>, said: &[(&str, String)]) -> Result<Self, ConfigError> {
        let mut source = Source::load(file)?;
        said.iter().for_each(|(variable, value)| source.say(variable, value));
        Self::read(source)
    }

    /// Reads any source; what [`Config::load`] does and tests do.
    ///
    /// # Errors
    /// Settings are wrong or unknown: all of them, by name.
    pub fn read(mut source: Source) -> Result<Self, ConfigError> {
        let data = Data::read(&mut source);
        let database = Database::read(&mut source);
        let tls = Tls::read(&mut source);
        let server = Server::read(&mut source, &tls);
        let config = Self {
            objects: Objects::read(&mut source, &data),
            sign_in: SignIn::read(&mut source),
            signing: Signing::read(&mut source, &database),
            telemetry: Telemetry::read(&mut source),
            realtime: Realtime::read(&mut source),
            limits: Limits::read(&mut source),
            tls,
            push: Push::read(&mut source, &server, &data, &database),
            server,
            database,
            data,
        };
        source.finish().map(|()| config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)], file: &str) -> Result<Config, String> {
        let source = Source::new(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), file);
        source.and_then(Config::read).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_a_server_on_loopback_with_a_database_of_its_own() {
        let config = read(&[], "").unwrap();
        assert!(config.server.bind.ip().is_loopback());
        assert!(config.database.url.is_none() && config.server.public_url.is_none());
        assert_eq!(config.data.folder, Path::new("data"));
        assert_eq!(config.objects.folder, Path::new("data/objects"));
    }

    #[test]
    fn a_server_with_tls_listens_to_its_network() {
        let bind = |env: &[(&str, &str)]| read(env, "").unwrap().server.bind.to_string();
        assert_eq!(bind(&[("FLOORLINE_TLS", "auto")]), "0.0.0.0:8443");
        assert_eq!(bind(&[("FLOORLINE_TLS", "off")]), "127.0.0.1:8080");
        assert_eq!(bind(&[("FLOORLINE_TLS", "auto"), ("FLOORLINE_BIND", "127.0.0.1:1")]), "127.0.0.1:1");
    }

    #[test]
    fn what_is_said_on_the_command_line_wins_over_the_environment() {
        let mut source = Source::new([("FLOORLINE_TLS".to_owned(), "auto".to_owned())], "").unwrap();
        source.say("FLOORLINE_TLS", "off");
        assert_eq!(Config::read(source).unwrap().tls.from, TlsFrom::Off);
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "[server]\nbind = '127.0.0.1:1'\n[database]\npool = 3\n";
        let config = read(&[("FLOORLINE_BIND", "127.0.0.1:2")], file).unwrap();
        assert_eq!(config.server.bind.port(), 2);
        assert_eq!(config.database.pool, 3);
    }

    #[test]
    fn all_faults_are_named_at_once_by_the_name_used() {
        let file = "[limits]\nsockets = 'many'\n[serve]\nbind = 'x'\n";
        let error =
            read(&[("FLOORLINE_BIND", "here"), ("FLOORLINE_PUBLIC_URL", "floor.example.com")], file).unwrap_err();
        for part in [
            "FLOORLINE_BIND: \"here\": invalid socket address syntax",
            "FLOORLINE_PUBLIC_URL: \"floor.example.com\": must start with https:// or http://",
            "limits.sockets (file): \"many\": invalid digit found in string",
            "serve.bind (file): there is no such setting",
        ] {
            assert!(error.contains(part), "{part} is not in:\n{error}");
        }
    }

    #[test]
    fn a_shared_database_needs_a_shared_key() {
        let error = read(&[("DATABASE_URL", "postgres://db/floorline")], "").unwrap_err();
        assert!(error.contains("FLOORLINE_SIGNING_KEY: needed when DATABASE_URL is set"), "{error}");
        let both = [("DATABASE_URL", "postgres://db/floorline"), ("FLOORLINE_SIGNING_KEY", "/key.pem")];
        assert!(read(&both, "").is_ok());
    }

    #[test]
    fn no_password_is_printed() {
        let env =
            [("DATABASE_URL", "postgres://floorline:hunter2@db/floorline"), ("FLOORLINE_SIGNING_KEY", "/key.pem")];
        assert!(!format!("{:?}", read(&env, "").unwrap()).contains("hunter2"));
        let error = read(&[("DATABASE_URL", "mysql://u:hunter2@db/x")], "").unwrap_err();
        assert!(error.contains("DATABASE_URL: must start with postgres://") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        let error = read(&[], "[server\n").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        assert!(read(&[("DATABASE_URL", ""), ("FLOORLINE_METRICS_BIND", "")], "").is_ok());
    }
}
