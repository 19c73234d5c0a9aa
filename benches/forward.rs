//! Forwarding to a real server, beside nginx as a TLS reverse proxy to the same one, in turns.
//!
//! `cargo bench --bench forward` prints requests a second and how long they take, and what a thousand idle WebSockets
//! weigh. The clients are as many and the same for both; ours are reached through the gateway, as browsers are. Nothing here
//! fails for being slow.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The public name of the server.
const HOST: &str = "api.example.com";

/// How many connections ask at once.
const CLIENTS: usize = 16;

/// How long one measurement takes.
const LENGTH: Duration = Duration::from_secs(4);

/// How often each is measured; the median is shown.
const ROUNDS: usize = 5;

/// How many WebSockets are held open.
const SOCKETS: usize = 1000;

/// What makes this program the server behind.
const SERVE: &str = "REHEARSAL_BENCH_SERVE";

type Stream = tokio::io::BufReader<TlsStream<TcpStream>>;

fn main() -> io::Result<()> {
    // `cargo test --benches` asks only whether this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    if std::env::var_os(SERVE).is_some() {
        return runtime.block_on(serve());
    }
    let folder = tempfile::tempdir()?;
    let mut server = Process::new(Command::new(std::env::current_exe()?).env(SERVE, "1"))?;
    let upstream: u16 = server.line()?.trim().parse().map_err(io::Error::other)?;
    let ours = Proxy::ours(folder.path(), upstream)?;
    let mut proxies = vec![ours];
    match Proxy::nginx(folder.path(), upstream) {
        Ok(nginx) => proxies.push(nginx),
        Err(error) => println!("nginx is not compared with: {error}"),
    }
    runtime.block_on(measure(&proxies))
}

async fn measure(proxies: &[Proxy]) -> io::Result<()> {
    println!(
        "{CLIENTS} connections, kept alive, over TLS; medians of {ROUNDS} rounds of {LENGTH:?}, in turns"
    );
    println!("  body   through     requests/s   p50 ms   p99 ms   of nginx");
    for (name, path) in [("1 KB", "/1024"), ("1 MB", "/1048576")] {
        let mut all: Vec<Vec<Measured>> = proxies.iter().map(|_| Vec::new()).collect();
        for _ in 0..ROUNDS {
            for (proxy, measured) in proxies.iter().zip(&mut all) {
                measured.push(proxy.asked(path).await?);
            }
        }
        let medians: Vec<Measured> = all.into_iter().map(median).collect();
        let nginx = medians.get(1).map(|median| median.rate);
        for (proxy, Measured { rate, p50, p99 }) in proxies.iter().zip(&medians) {
            let of = nginx.map_or_else(String::new, |nginx| format!("{:.2}", rate / nginx));
            println!(
                "  {name}   {:<10} {rate:>11.0} {:>8.2} {:>8.2}   {of:>8}",
                proxy.name,
                p50.as_secs_f64() * 1e3,
                p99.as_secs_f64() * 1e3
            );
        }
    }
    println!("memory that {SOCKETS} idle WebSockets take");
    for proxy in proxies {
        let before = proxy.memory();
        let mut open = Vec::with_capacity(SOCKETS);
        for _ in 0..SOCKETS {
            open.push(proxy.web_socket().await?);
        }
        let kib = proxy.memory().saturating_sub(before);
        println!(
            "  {:<10} {:>7.1} MiB, {:.1} KiB each",
            proxy.name,
            kib as f64 / 1024.0,
            kib as f64 / SOCKETS as f64
        );
    }
    Ok(())
}

/// What came of one measurement.
#[derive(Clone, Copy)]
struct Measured {
    /// Requests a second.
    rate: f64,
    p50: Duration,
    p99: Duration,
}

/// The measurement whose rate is in the middle.
fn median(mut all: Vec<Measured>) -> Measured {
    all.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    all[all.len() / 2]
}

/// A proxy before the server.
struct Proxy {
    name: &'static str,
    port: u16,
    /// Whether it is reached as a gateway is: by CONNECT.
    is_gateway: bool,
    tls: TlsConnector,
    process: Process,
}

impl Proxy {
    fn ours(folder: &Path, upstream: u16) -> io::Result<Self> {
        let scenario = folder.join("world.toml");
        let text = format!(
            "title = \"forwarding\"\n[origins.api]\nurl = \"https://{HOST}\"\nupstream = \"http://127.0.0.1:{upstream}\"\n\
             [[step]]\nvisit = \"api:/\"\n"
        );
        std::fs::write(&scenario, text)?;
        let mut process =
            Process::new(Command::new(env!("CARGO_BIN_EXE_rehearsal")).arg("up").arg(scenario))?;
        let (mut port, mut ca) = (None, None);
        while ca.is_none() {
            let line = process.line()?;
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("gateway"), Some(at)) => {
                    port = at.rsplit(':').next().and_then(|port| port.parse().ok())
                }
                (Some("ca"), Some(path)) => ca = Some(std::fs::read(path)?),
                _ => {}
            }
        }
        let port = port.ok_or_else(|| io::Error::other("it told no gateway"))?;
        let ca = CertificateDer::from_pem_slice(&ca.unwrap_or_default()).map_err(io::Error::other)?;
        Ok(Self { name: "rehearsal", port, is_gateway: true, tls: trusting(ca)?, process })
    }

    fn nginx(folder: &Path, upstream: u16) -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(io::Error::other)?;
        std::fs::write(folder.join("cert.pem"), made.cert.pem())?;
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let at = folder.display();
        let settings = format!(
            "daemon off; worker_processes auto; pid {at}/nginx.pid; error_log stderr;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; client_body_temp_path {at}; proxy_temp_path {at}; fastcgi_temp_path {at};\n\
             uwsgi_temp_path {at}; scgi_temp_path {at};\n\
             upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64; }}\n\
             map $http_upgrade $how {{ default upgrade; '' ''; }}\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;\n\
             keepalive_requests 1000000;\n\
             location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Host $host;\n\
             proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Upgrade $http_upgrade;\n\
             proxy_set_header Connection $how; proxy_read_timeout 600s; }} }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), settings)?;
        let process = Process::new(Command::new("nginx").arg("-c").arg(folder.join("nginx.conf")))?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                return Err(io::Error::other("it does not listen"));
            }
        }
        Ok(Self { name: "nginx", port, is_gateway: false, tls: trusting(made.cert.der().clone())?, process })
    }

    async fn connected(&self) -> io::Result<Stream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        if self.is_gateway {
            let connect = format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n");
            stream.write_all(connect.as_bytes()).await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                answer.push(stream.read_u8().await?);
            }
        }
        let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
        Ok(tokio::io::BufReader::with_capacity(64 << 10, self.tls.connect(name, stream).await?))
    }

    /// Asks for a path as fast as it is answered.
    async fn asked(&self, path: &str) -> io::Result<Measured> {
        let mut clients = Vec::with_capacity(CLIENTS);
        for _ in 0..CLIENTS {
            clients.push(self.connected().await?);
        }
        let started = Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        let tasks: Vec<_> = clients
            .into_iter()
            .map(|mut stream| {
                let request = request.clone();
                tokio::spawn(async move {
                    let mut took = Vec::new();
                    while started.elapsed() < LENGTH {
                        let asked = Instant::now();
                        stream.write_all(request.as_bytes()).await?;
                        answer(&mut stream).await?;
                        took.push(asked.elapsed());
                    }
                    io::Result::Ok(took)
                })
            })
            .collect();
        let mut took = Vec::new();
        for task in tasks {
            took.extend(task.await.map_err(io::Error::other)??);
        }
        let elapsed = started.elapsed();
        took.sort_unstable();
        Ok(Measured {
            rate: took.len() as f64 / elapsed.as_secs_f64(),
            p50: took[took.len() / 2],
            p99: took[took.len() * 99 / 100],
        })
    }

    /// A WebSocket that is open and silent.
    async fn web_socket(&self) -> io::Result<Stream> {
        let mut stream = self.connected().await?;
        let request = format!(
            "GET /socket HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let head = head(&mut stream).await?;
        match head.starts_with("HTTP/1.1 101") {
            true => Ok(stream),
            false => Err(io::Error::other(format!("no WebSocket: {head}"))),
        }
    }

    /// How much memory it takes, with its own processes, in KiB.
    fn memory(&self) -> u64 {
        let id = self.process.child.id();
        let tasks = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let below = tasks.split_whitespace().filter_map(|id| id.parse().ok());
        std::iter::once(id).chain(below).map(resident).sum()
    }
}

/// The memory of a process, in KiB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn trusting(certificate: CertificateDer<'static>) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Reads an answer to its end. It has a length.
async fn answer(stream: &mut Stream) -> io::Result<()> {
    let head = head(stream).await?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut left: usize =
        length.and_then(|length| length.parse().ok()).ok_or_else(|| io::Error::other(head.clone()))?;
    while left > 0 {
        let came = stream.fill_buf().await?.len().min(left);
        if came == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        stream.consume(came);
        left -= came;
    }
    Ok(())
}

async fn head<R: tokio::io::AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// The server behind: so many bytes at `/NUMBER`, and WebSockets that say nothing.
async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let body: Arc<[u8]> = vec![b'x'; 1 << 20].into();
    loop {
        let (stream, _) = listener.accept().await?;
        let body = Arc::clone(&body);
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let mut stream = tokio::io::BufReader::new(stream);
            loop {
                let asked = head(&mut stream).await?;
                let path = asked.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
                if path == "socket" {
                    let said = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
                    stream.write_all(said.as_bytes()).await?;
                    stream.read_u8().await?;
                    return io::Result::Ok(());
                }
                let length: usize = path.parse().unwrap_or(0).min(body.len());
                let said = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                stream.write_all(said.as_bytes()).await?;
                stream.write_all(&body[..length]).await?;
            }
        });
    }
}

/// A process that is ended with this program's interest in it.
struct Process {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn new(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        Ok(Self { child, lines })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx ends its workers when it is asked to end, and not when it is killed.
        let id = rustix::process::Pid::from_child(&self.child);
        _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        drop(self.child.wait());
    }
}
