//! Certificates of a public authority: `pebble`, the test server of the people who run the largest one, asks for proof as they do.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chrono::TimeDelta;
use floorline_server::door;
use floorline_server::platform::config::{self, Config, TlsFrom};
use floorline_server::platform::tls::Tls;
use floorline_server::serving::Serving;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::harness::tls::TlsClient;
use crate::harness::{eventually, now, settings};

/// How long the authority vouches for a name.
const VALID_DAYS: i64 = 90;

/// Ports that nobody listens on, each another.
fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let held = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.each_ref().map(|held| held.local_addr().unwrap().port())
}

/// A public authority that reaches the server at one port of this machine; it ends with the value.
struct Authority {
    process: Child,
    folder: tempfile::TempDir,
    directory: u16,
    management: u16,
}

impl Authority {
    /// One that asks at this port whether the server is who it says.
    fn asking_at(door: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let file = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(file("cert.pem"), own.pem()).unwrap();
        std::fs::write(file("key.pem"), key.serialize_pem()).unwrap();
        let [directory, management] = free_ports();
        let settings = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{directory}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": file("cert.pem"), "privateKey": file("key.pem"),
            "httpPort": 1, "tlsPort": door, "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "certificateValidityPeriod": TimeDelta::days(VALID_DAYS).num_seconds(),
        } });
        std::fs::write(file("pebble.json"), settings.to_string()).unwrap();
        let process = Command::new("pebble")
            .args(["-config", &file("pebble.json")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is not here; on Debian it is the package pebble");
        Self { process, folder, directory, management }
    }

    fn own(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// What clients have to trust who trust it.
    async fn root(&self) -> CertificateDer<'static> {
        let own = CertificateDer::from_pem_file(self.own()).unwrap();
        let client = TlsClient::trusting(&[own], now());
        let management = SocketAddr::from((Ipv4Addr::LOCALHOST, self.management));
        let asked = async || client.get(management, "localhost", "/roots/0").await.ok();
        let root = eventually("the authority to start", asked).await.text;
        CertificateDer::from_pem_slice(root.as_bytes()).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server that is called `localhost`, at this port.
fn called_localhost(data: &Path, door: u16, authority: &Authority) -> Config {
    let variables = [
        ("FLOORLINE_TLS", "acme".to_owned()),
        ("FLOORLINE_BIND", format!("127.0.0.1:{door}")),
        ("FLOORLINE_PUBLIC_URL", format!("https://localhost:{door}")),
        ("FLOORLINE_ACME_DIRECTORY", format!("https://localhost:{}/dir", authority.directory)),
        ("FLOORLINE_ACME_CONTACT", "mailto:it@mill.example".to_owned()),
        ("FLOORLINE_ACME_ROOT", authority.own().display().to_string()),
    ];
    settings(data, &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_authority_is_shown_that_the_name_leads_here_and_vouches_for_it() {
    let (folder, [door]) = (tempfile::tempdir().unwrap(), free_ports());
    let authority = Authority::asking_at(door);
    // The certificate begins when it is made.
    let client = TlsClient::trusting(&[authority.root().await], now() + TimeDelta::hours(1));
    let config = called_localhost(folder.path(), door, &authority);
    let first = Serving::start(&config).await.unwrap();
    let shown = eventually("a certificate that strangers trust", async || {
        client.get(first.address, "localhost", "/health/live").await.ok().map(|told| told.certificate)
    })
    .await;
    first.stop().await.unwrap();

    let again = Serving::start(&config).await.unwrap();
    let told = client.get(again.address, "localhost", "/health/live").await.unwrap();
    assert_eq!(told.certificate, shown, "it is kept, and no other was ordered");
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_thirds_of_its_time_a_certificate_is_followed_by_another() {
    let (folder, [door]) = (tempfile::tempdir().unwrap(), free_ports());
    let authority = Authority::asking_at(door);
    let root = authority.root().await;
    // Another one each time: who has been here before is not shown a certificate again.
    let client = || TlsClient::trusting(std::slice::from_ref(&root), now() + TimeDelta::hours(1));
    let serving = Serving::start(&called_localhost(folder.path(), door, &authority)).await.unwrap();
    let shown =
        async || client().get(serving.address, "localhost", "/health/live").await.ok().map(|told| told.certificate);
    let first = eventually("a certificate that strangers trust", shown).await;

    let tls = serving.tls.as_ref().unwrap();
    let early = now() + TimeDelta::days(VALID_DAYS * 2 / 3 - 1);
    assert!(tls.order(early).await.unwrap().is_none(), "it is good for long enough");
    assert_eq!(shown().await, Some(first.clone()));
    let late = now() + TimeDelta::days(VALID_DAYS * 2 / 3 + 1);
    let end = tls.order(late).await.unwrap().expect("another one");
    assert!(end > now() + TimeDelta::days(VALID_DAYS - 1), "{end}");
    let next = shown().await.unwrap();
    assert_ne!(next, first);
    serving.stop().await.unwrap();

    let again = Serving::start(&called_localhost(folder.path(), door, &authority)).await.unwrap();
    let told = client().get(again.address, "localhost", "/health/live").await.unwrap();
    assert_eq!(told.certificate, next, "the later one is kept");
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_told_so_and_asks_again_later() {
    let (folder, [nobody]) = (tempfile::tempdir().unwrap(), free_ports());
    let authority = Authority::asking_at(nobody);
    authority.root().await;
    let config = called_localhost(folder.path(), nobody, &authority);
    let tls = door::tls(&config).unwrap().unwrap();
    let refused = tls.order(now()).await.unwrap_err().to_string();
    assert!(refused.contains("did not reach this server as localhost"), "{refused}");
    assert!(tls.order(now()).await.unwrap().is_none(), "not yet");
    assert!(tls.order(now() + TimeDelta::minutes(3)).await.is_err(), "it tried again");
    assert!(tls.order(now() + TimeDelta::minutes(3)).await.unwrap().is_none(), "and waits longer");
}

#[test]
fn a_public_authority_vouches_for_a_public_name_only() {
    let folder = tempfile::tempdir().unwrap();
    for public in [None, Some("https://192.168.1.5:8443")] {
        let settings = config::Tls { from: TlsFrom::Acme, ..config::Tls::default() };
        let error = Tls::open(&settings, folder.path(), public, now()).unwrap_err().to_string();
        assert!(error.contains("FLOORLINE_PUBLIC_URL"), "{public:?}: {error}");
    }
}
