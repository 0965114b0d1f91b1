//! The suite of the console's ports on the adapters of `aws`, against the same door behind a socket of this machine.

#![expect(clippy::unwrap_used, reason = "a test")]

use aws::{Aws, AwsConfig, sdk_config};
use conformance::front_door::{self, Heard, Place};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[test]
fn the_adapters_keep_every_promise_of_the_door() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // A port that was free a moment ago, and that nobody listens at.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let pairs = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("TABLE_SUFFIX", "-dev"),
        ];
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let aws = Aws::new(AwsConfig::read(&environment).unwrap(), sdk_config(&environment).unwrap());
        let serve = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                answer(stream, &url).await;
            }
        };
        tokio::select! {
            () = serve => unreachable!("it serves for ever"),
            all = front_door::all(Place { ports: &aws, url: &url }, Place { ports: &aws, url: &nobody }) => all,
        }
    });
    assert_eq!(front_door::broken(&all), Vec::<String>::new());
}

/// One request a connection.
async fn answer(mut stream: TcpStream, url: &str) {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 4_096]);
    loop {
        let length = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(length > 0, "it breaks off: {text}");
            continue;
        };
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let headers: Vec<(String, &str)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
            .collect();
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let wanted =
            headers.iter().find(|(name, _)| *name == "content-length").map_or("0", |(_, value)| value);
        if body.len() < wanted.parse().unwrap() {
            continue;
        }
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let answered = front_door::answer(url, &Heard { method, target, headers, body });
        let (status, body) = (answered.status, answered.body);
        let reply = format!(
            "HTTP/1.1 {status} So\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(reply.as_bytes()).await.unwrap();
        return;
    }
}
