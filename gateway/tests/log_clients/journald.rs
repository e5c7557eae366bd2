//! systemd-journal-upload.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::running::{Answer, LINE, Running, beside, beside_full, read_answer, requests};

const KIND: &str = "application/vnd.fdo.journal";

fn entry(cursor: usize, message: &str) -> String {
    format!(
        "__CURSOR=s=739a;i={cursor};b=4c88;t=5e9c\n__REALTIME_TIMESTAMP=1746093610000000\n\
         _TRANSPORT=stdout\nPRIORITY=6\nMESSAGE={message}\n_PID=1\n\n"
    )
}

/// An entry whose message is written with its length.
fn binary(cursor: usize, message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let head = format!("__CURSOR=s=1;i={cursor}\nMESSAGE\n");
    [head.as_bytes(), &length, message, b"\n\n"].concat()
}

/// Sends the pieces as one body in chunks, as the client does.
async fn stream(gateway: &Running, pieces: &[&[u8]]) -> Answer {
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {KIND}\r\nX-Tenant-ID: acme\r\n\
         Accept: text/plain\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    for piece in pieces {
        let size = format!("{:x}\r\n", piece.len());
        // The server may have refused already.
        drop(stream.write_all(&[size.as_bytes(), piece, b"\r\n"].concat()).await);
    }
    drop(stream.write_all(b"0\r\n\r\n").await);
    read_answer(stream).await
}

#[tokio::test]
async fn entries_are_texts_or_access_log_entries_and_their_cursors_name_them() {
    beside(async |gateway| {
        let body = [
            entry(1, "hello").into_bytes(),
            binary(2, b"two\nlines\n\nPRIORITY=1"),
            binary(3, b"caf\xe9"),
            entry(4, LINE).into_bytes(),
            entry(5, "").into_bytes(),
            b"__CURSOR=6\nPRIORITY=6\n\n".to_vec(),
            // The last one has no empty line after it.
            entry(7, "bye").trim_end().as_bytes().to_vec(),
            b"\n".to_vec(),
        ]
        .concat();
        let mut before = Vec::new();
        for _ in 0..2 {
            let answer = gateway.post("/tenants/acme/upload", KIND, &body).await;
            assert_eq!((answer.status, &*answer.text()), (202, "OK.\n"), "{answer:?}");
            let published = gateway.published().await;
            assert!(published.iter().all(|it| it.tenant == "acme" && it.source == "journal"));
            assert_eq!(requests(&published), ["GET /a"]);
            let mut texts: Vec<_> =
                published.iter().filter(|it| it.kind == "text").map(|it| &*it.data).collect();
            texts.sort_unstable();
            assert_eq!(texts, ["bye", "caf\u{fffd}", "hello", "two\nlines\n\nPRIORITY=1"]);
            // The second time, they are the same records.
            assert!(before.is_empty() || before == published);
            before = published;
        }
    })
    .await;
}

/// Larger than any other body may be; each entry is published long before the last one comes.
#[tokio::test]
async fn a_whole_journal_is_taken_in_one_request() {
    beside(async |gateway| {
        let message = "x".repeat(3_000);
        let pieces: Vec<_> = (0..20)
            .map(|piece| (0..200).map(|n| entry(piece * 200 + n, &message)).collect::<String>())
            .collect();
        let length: usize = pieces.iter().map(String::len).sum();
        assert!(length > 11 << 20, "{length}");
        // Pieces that end anywhere.
        let body = pieces.concat();
        let pieces: Vec<_> = body.as_bytes().chunks(70_001).collect();
        let answer = stream(&gateway, &pieces).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let published = gateway.published().await;
        let mut ids: Vec<_> = published.iter().map(|record| &record.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 4_000);
        assert!(published.iter().all(|record| record.data == message));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_journal_is_refused() {
    let endless = [&b"MESSAGE\n"[..], &u64::MAX.to_le_bytes(), b"a\n\n"].concat();
    beside(async |gateway| {
        let cases = [
            (KIND, &b"MESSAGE=a"[..], 400),
            (KIND, &binary(1, b"hello")[..30], 400),
            (KIND, &endless, 400),
            ("text/plain", b"MESSAGE=a\n\n", 415),
        ];
        for (kind, body, status) in cases {
            let answer = gateway.post("/upload", kind, body).await;
            assert_eq!(answer.status, status, "{answer:?}");
            assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
        }
        let large = vec![b'x'; 1 << 20];
        let pieces = [&b"MESSAGE="[..]].into_iter().chain((0..11).map(|_| &large[..]));
        assert_eq!(stream(&gateway, &pieces.collect::<Vec<_>>()).await.status, 413);
        assert_eq!(gateway.published().await, []);
        assert_eq!(gateway.post("/upload", KIND, b"").await.status, 202);
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_503() {
    beside_full(async |gateway| {
        let answer = gateway.post("/upload", KIND, entry(1, "a").as_bytes()).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    })
    .await;
}
