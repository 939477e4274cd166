//! A WebSocket of `floor.sync.v1`, as clients of the bench open it.

use floorline_mobile_sync::limits::PROTOCOL;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Bytes that a socket reads at once; the library's own 128 KiB would be most of what a thousand clients take.
const READ_AT_ONCE: usize = 8 * 1024;

/// Opens one at the server of `url`.
pub(super) async fn open(url: &str) -> anyhow::Result<Socket> {
    let mut request = format!("{}/v1/sync", url.replacen("http", "ws", 1)).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let config = WebSocketConfig::default().read_buffer_size(READ_AT_ONCE);
    let (socket, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await?;
    Ok(socket)
}
