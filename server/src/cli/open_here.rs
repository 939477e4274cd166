//! What the terminal says to people with phones: the app's address, to be scanned, and how a phone comes to trust this server.

use std::net::{IpAddr, SocketAddr};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::platform::tls::address_in_the_network;
use crate::serving::Serving;

/// The lines, with or without a QR code.
pub(super) fn lines(serving: &Serving, qr: bool) -> Vec<String> {
    let network = address_in_the_network();
    let app = match &serving.app.public_url {
        Some(public) => format!("{public}/app"),
        None => format!("{}://{}/app", serving.scheme(), reachable(serving.address, network)),
    };
    let mut lines = Vec::new();
    if let Some(trust) = serving.tls.as_ref().and_then(|tls| tls.trust()) {
        if let Some(page) = serving.page {
            let page = reachable(page, network);
            lines.push(format!(
                "Each phone first opens http://{page} once, which says how it comes to trust this server."
            ));
        }
        lines.push(format!("Its authority is {}, SHA-256 {}", trust.name, trust.fingerprint));
    }
    lines.push(format!("Open it on a phone: {app}"));
    if let Some(code) = qr.then(|| drawn(&app)).flatten() {
        lines.push(code);
    }
    lines
}

/// Where others find what listens there; what listens everywhere is found at this machine's address.
fn reachable(address: SocketAddr, network: Option<IpAddr>) -> SocketAddr {
    match network {
        Some(ip) if address.ip().is_unspecified() => SocketAddr::new(ip, address.port()),
        _ => address,
    }
}

/// Two squares a character, dark on light whatever the terminal's colours: most are light on dark, and cameras want it the other way round.
fn drawn(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_found_at_the_machines_address() {
        let at = |address: &str, network: Option<&str>| {
            reachable(address.parse().unwrap(), network.map(|ip| ip.parse().unwrap())).to_string()
        };
        assert_eq!(at("0.0.0.0:8443", Some("192.168.1.5")), "192.168.1.5:8443");
        assert_eq!(at("[::]:8443", Some("fd12::5")), "[fd12::5]:8443");
        assert_eq!(at("127.0.0.1:8443", Some("192.168.1.5")), "127.0.0.1:8443");
        assert_eq!(at("0.0.0.0:8443", None), "0.0.0.0:8443");
    }

    #[test]
    fn a_camera_reads_what_a_light_on_dark_terminal_shows() {
        let address = "https://192.168.1.5:8443/app";
        let drawn = drawn(address).unwrap();
        let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        let (width, height) = (rows[0].len(), rows.len() * 2);
        let lit = |x: usize, y: usize| match rows[y / 2][x] {
            '\u{2588}' => true,
            '\u{2580}' => y.is_multiple_of(2),
            '\u{2584}' => !y.is_multiple_of(2),
            _ => false,
        };
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(
                width * 4,
                height * 4,
                |x, y| {
                    if lit(x / 4, y / 4) { 255 } else { 0 }
                },
            );
        let read = image.detect_grids().first().unwrap().decode().unwrap().1;
        assert_eq!(read, address);
    }
}
