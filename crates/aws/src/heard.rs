//! A server on this machine that says what a test wants, and what it heard.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Asks a server that gives these answers, in this order, with `URL` for where it is. What it heard are whole requests.
pub(crate) async fn heard<T>(answers: &[String], ask: impl AsyncFnOnce(&str) -> T) -> (T, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut heard = Vec::new();
    let serve = async {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            heard.push(request(&mut stream).await);
            // Whoever has read enough hangs up.
            drop(stream.write_all(answer.replace("URL", &url).as_bytes()).await);
        }
        // Where there is nothing more to say, nobody is turned away.
        std::future::pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = ask(&url) => answer,
        () = serve => unreachable!("it waits for ever"),
    };
    (answer, heard)
}

/// A request with its body, as far as its length says.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut bytes = vec![0; 4_096];
        let length = stream.read(&mut bytes).await.unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes[..length]));
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|length| length.trim().parse())
            });
            body.len() >= length.map_or(0, Result::unwrap)
        });
        if whole || length == 0 {
            return text;
        }
    }
}

/// The first lines of requests.
pub(crate) fn lines(heard: &[String]) -> Vec<&str> {
    heard.iter().map(|text| text.lines().next().unwrap_or_default()).collect()
}

/// An answer with a body that ends with the connection.
pub(crate) fn ok(headers: &str, body: &str) -> String {
    answer("200 OK", headers, body)
}

/// The same with a status.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n{body}")
}
