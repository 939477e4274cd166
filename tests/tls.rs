//! TLS at the server's own door, as phones meet it: with a client that trusts what it was told to trust and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use floorline_server::platform::config::{self, TlsFrom};
use floorline_server::platform::tls::Tls;
use floorline_server::serving::Serving;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::CertificateDer;
use serde_json::json;

use crate::harness::tls::TlsClient;
use crate::harness::{Floor, Phone, eventually, now, settings};

/// A server that makes its own certificate, and what phones have to trust.
async fn auto(data: &Path) -> (Serving, CertificateDer<'static>) {
    let serving = Serving::start(&settings(data, &[("FLOORLINE_TLS", "auto")])).await.unwrap();
    let page = format!("http://{}/ca.crt", serving.page.unwrap());
    let authority = reqwest::get(page).await.unwrap().bytes().await.unwrap().to_vec();
    (serving, CertificateDer::from(authority))
}

/// Two files of an operator: the certificate is its own authority.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

impl Pair {
    fn new(folder: &Path) -> Self {
        Self { certificate: folder.join("cert.pem"), key: folder.join("key.pem") }
    }

    /// Writes a new one of each and gives the certificate.
    fn write(&self, until: i32) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(&self.certificate, certificate.pem()).unwrap();
        std::fs::write(&self.key, key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    fn setting(&self) -> String {
        format!("{},{}", self.certificate.display(), self.key.display())
    }

    fn open(&self, at: DateTime<Utc>) -> Result<Option<Tls>, String> {
        let settings = config::Tls { from: self.setting().parse().unwrap(), ..config::Tls::default() };
        Tls::open(&settings, Path::new("unused"), None, at).map_err(|error| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trusts_the_authority_opens_the_server_under_all_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let (serving, authority) = auto(folder.path()).await;
    let client = TlsClient::trusting(std::slice::from_ref(&authority), now());
    let host = rustix::system::uname().nodename().to_string_lossy().split('.').next().unwrap().to_lowercase();
    let mut shown = Vec::new();
    for name in ["localhost", "127.0.0.1", &format!("{host}.local")] {
        let told = client.get(serving.address, name, "/health/live").await.unwrap();
        assert_eq!(told.status, 200, "{name}: {told:?}");
        shown.push(told.certificate);
    }
    assert!(client.connect(serving.address, "floor.example.com").await.is_err(), "nobody said that it is called so");
    let stranger = TlsClient::trusting(&[], now());
    assert!(stranger.connect(serving.address, "localhost").await.is_err(), "it trusts nobody");
    assert!(reqwest::get(format!("http://{}/health/live", serving.address)).await.is_err(), "there is no other door");
    serving.stop().await.unwrap();

    for file in ["authority.crt", "authority.key", "server.crt", "server.key"] {
        let mode = std::fs::metadata(folder.path().join("tls").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let (again, same) = auto(folder.path()).await;
    assert_eq!(same, authority, "phones trust it still");
    let told = client.get(again.address, "localhost", "/health/live").await.unwrap();
    assert!(shown.iter().all(|before| *before == told.certificate), "and it made no other certificate");
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_due_is_renewed_under_the_feet_of_who_is_connected() {
    let folder = tempfile::tempdir().unwrap();
    let (serving, authority) = auto(folder.path()).await;
    let tls = serving.tls.clone().unwrap();
    let (today, later) = (now(), now() + TimeDelta::days(370));
    let [client, in_a_year] = [today, later].map(|at| TlsClient::trusting(std::slice::from_ref(&authority), at));
    let connected = client.connect(serving.address, "localhost").await.unwrap();
    let first = connected.certificate.clone();
    tls.look(today);
    assert_eq!(client.connect(serving.address, "localhost").await.unwrap().certificate, first, "it is not due");
    tls.look(later);
    let next = in_a_year.get(serving.address, "localhost", "/health/live").await.unwrap();
    assert_eq!(next.status, 200);
    assert_ne!(next.certificate, first);
    assert_eq!(connected.get("/health/live", "").await.status, 200, "who was there already goes on");
    serving.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_name_is_in_the_certificate_and_an_older_authority_does_not_vouch_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = config::Tls { from: TlsFrom::Auto, ..config::Tls::default() };
    let open = |public: Option<&str>| Tls::open(&settings, folder.path(), public, now());
    let public = Some("https://floor.example.com:8443");
    open(None).unwrap();
    let certificate = || std::fs::read(folder.path().join("server.crt")).unwrap();
    let before = certificate();
    open(None).unwrap();
    assert_eq!(certificate(), before);
    open(Some("https://192.168.77.1:8443")).unwrap();
    assert_ne!(certificate(), before, "a private address is one that it may vouch for");
    let refused = open(public).unwrap_err().to_string();
    assert!(
        refused.contains("may not vouch for floor.example.com") && refused.contains("move the folder away"),
        "{refused}"
    );
    std::fs::remove_dir_all(folder.path()).unwrap();
    open(public).unwrap();
    open(None).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_files_are_shown_and_shown_anew_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path());
    let first = pair.write(2090);
    let serving = Serving::start(&settings(folder.path(), &[("FLOORLINE_TLS", &pair.setting())])).await.unwrap();
    assert!(serving.page.is_none(), "whom to trust is the operator's affair");
    let tls = serving.tls.clone().unwrap();
    let shown = async |certificate: &CertificateDer<'static>| {
        let client = TlsClient::trusting(std::slice::from_ref(certificate), now());
        let told = client.get(serving.address, "localhost", "/health/live").await;
        told.is_ok_and(|told| told.status == 200 && told.certificate == *certificate)
    };
    assert!(shown(&first).await);
    let key = std::fs::read(&pair.key).unwrap();
    let second = pair.write(2091);
    let second_key = std::fs::read(&pair.key).unwrap();
    std::fs::write(&pair.key, key).unwrap();
    tls.look(now());
    assert!(shown(&first).await, "the key of the one before does not go with it");
    std::fs::write(&pair.key, second_key).unwrap();
    tls.look(now());
    assert!(shown(&second).await);
    std::fs::remove_file(&pair.certificate).unwrap();
    tls.look(now());
    assert!(shown(&second).await);
    serving.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path());
    let fault = |at| pair.open(at).unwrap_err();
    assert!(fault(now()).contains("cert.pem: No such file"), "{}", fault(now()));

    pair.write(2090);
    assert!(pair.open(now()).unwrap().is_some());
    let ended = fault(DateTime::from_timestamp(3_786_912_000, 0).unwrap());
    assert!(ended.contains("cert.pem: the certificate ended on 2090-01-01 at 00:00 UTC"), "{ended}");

    let certificate = std::fs::read(&pair.certificate).unwrap();
    pair.write(2090);
    std::fs::write(&pair.certificate, &certificate).unwrap();
    assert!(fault(now()).contains("key.pem: is not the key of the certificate in "), "{}", fault(now()));

    for (written, key, words) in [
        (&b"no PEM at all"[..], &b"nor this"[..], "cert.pem: is not a certificate in PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"",
            "cert.pem: is not a certificate in PEM",
        ),
        (&certificate, &certificate, "key.pem: is not a private key in PEM"),
    ] {
        std::fs::write(&pair.certificate, written).unwrap();
        std::fs::write(&pair.key, key).unwrap();
        assert!(fault(now()).contains(words), "{words}: {}", fault(now()));
    }
    let start = Serving::start(&settings(folder.path(), &[("FLOORLINE_TLS", &pair.setting())])).await;
    let error = format!("{:#}", start.err().unwrap());
    assert!(error.contains("FLOORLINE_TLS") && error.contains("key.pem: is not a private key"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_again_when_the_server_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path());
    pair.write(2090);
    let (_floor, server) = Floor::apart_with("info", &[("FLOORLINE_TLS", &pair.setting())]).await;
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let second = pair.write(2091);
    let client = TlsClient::trusting(&[second], now());
    kill_process(Pid::from_raw(server.id()).unwrap(), Signal::HUP).unwrap();
    eventually("the second certificate", async || client.connect(address, "localhost").await.ok()).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_a_server_listens_to_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |more: &[(&str, &str)]| {
        let error = Serving::start(&settings(folder.path(), more)).await.err().unwrap();
        format!("{error:#}")
    };
    let error = start(&[("FLOORLINE_BIND", "0.0.0.0:0")]).await;
    for way in ["FLOORLINE_BIND", "--tls auto", "--tls CERTIFICATE.pem,KEY.pem", "--behind-proxy"] {
        assert!(error.contains(way), "{way}: {error}");
    }
    let plain = [("FLOORLINE_TLS", "auto"), ("FLOORLINE_PUBLIC_URL", "http://floor.example.com")];
    let error = start(&plain).await;
    assert!(error.contains("FLOORLINE_PUBLIC_URL") && error.contains("https://"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_tls_says_how_to_trust_and_sends_everything_else_to_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let (serving, authority) = auto(folder.path()).await;
    let trust = serving.tls.as_ref().unwrap().trust().unwrap().clone();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = serving.page.unwrap();
    let get = async |path: &str| http.get(format!("http://{page}{path}")).send().await.unwrap();
    let header = |answer: &reqwest::Response, name: &str| answer.headers()[name].to_str().unwrap().to_owned();

    let instructions = get("/").await;
    assert!(header(&instructions, "content-security-policy").contains("default-src 'none'"));
    let text = instructions.text().await.unwrap();
    let app = format!("https://127.0.0.1:{}/app", serving.address.port());
    for part in ["iPhone", "Android", "Windows", "Mac", "Chromebook", &trust.fingerprint, &trust.name, &app] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains('{') || !text.contains("{name}"), "every blank is filled");

    let certificate = get("/ca.crt").await;
    assert_eq!(header(&certificate, "content-type"), "application/x-x509-ca-cert");
    assert_eq!(certificate.bytes().await.unwrap(), authority.as_ref());
    let profile = get("/floorline.mobileconfig").await;
    assert_eq!(header(&profile, "content-type"), "application/x-apple-aspen-config");
    assert!(profile.text().await.unwrap().contains("com.apple.security.root"));

    let elsewhere = get("/v1/me?x=1").await;
    assert_eq!(elsewhere.status(), 307);
    assert_eq!(header(&elsewhere, "location"), format!("https://127.0.0.1:{}/v1/me?x=1", serving.address.port()));
    serving.stop().await.unwrap();
    assert!(http.get(format!("http://{page}/")).send().await.is_err(), "it goes with the server");

    let quiet = settings(folder.path(), &[("FLOORLINE_TLS", "auto"), ("FLOORLINE_TLS_PAGE", "off")]);
    let quiet = Serving::start(&quiet).await.unwrap();
    assert!(quiet.page.is_none());
    quiet.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_proves_itself_for_the_address_with_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (serving, authority) = auto(folder.path()).await;
    let client = TlsClient::trusting(&[authority], now());
    let (phone, path) = (Phone::unknown(), format!("/v1/devices/{}/status", uuid::Uuid::nil()));
    let mut answers = Vec::new();
    for scheme in ["https", "http"] {
        let htu = format!("{scheme}://localhost:{}{path}", serving.address.port());
        let proof = phone.sign(&json!({ "jti": "1", "htm": "GET", "htu": htu }));
        let connection = client.connect(serving.address, "localhost").await.unwrap();
        answers.push(connection.get(&path, &format!("dpop: {proof}\r\n")).await.text);
    }
    assert!(answers[0].contains("use_dpop_nonce"), "its address is right: {}", answers[0]);
    assert!(answers[1].contains("for another address"), "{}", answers[1]);
    serving.stop().await.unwrap();
}
