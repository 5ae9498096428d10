//! Nodes as processes of their own, on a loopback address that nobody else uses, and a client that blocks.
//!
//! A node that ends without having been told to fails the test, which shows what it wrote to standard error.
//! Whatever happens, no process outlives its [`Node`].

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// How long a node may take to start. Long: the machine may be busy with other tests.
const START_MAX: Duration = Duration::from_secs(20);
/// How long an answer may take; a node gives one within a second.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The nodes' addresses and directories. Starting them is up to the test.
pub struct Cluster {
    folder: tempfile::TempDir,
    /// Where each node listens for clients, and where for the others.
    addresses: Vec<(SocketAddr, SocketAddr)>,
    /// What every node is started with besides.
    pub arguments: Vec<String>,
}

impl Cluster {
    pub fn of(size: usize, arguments: &[&str]) -> Cluster {
        let host = loopback();
        let listeners: Vec<TcpListener> = (0..2 * size)
            .map(|_| TcpListener::bind((host, 0)).unwrap())
            .collect();
        let free: Vec<SocketAddr> = listeners.iter().map(|it| it.local_addr().unwrap()).collect();
        Cluster {
            folder: tempfile::tempdir().unwrap(),
            addresses: free.chunks(2).map(|pair| (pair[0], pair[1])).collect(),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    pub fn size(&self) -> usize {
        self.addresses.len()
    }

    /// Where a node listens for clients.
    pub fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node].0
    }

    /// Where a node keeps what it remembers.
    pub fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(name(node))
    }

    /// Where all that a node writes to standard error goes.
    pub fn stderr(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("{}.stderr", name(node)))
    }

    /// The command that starts a node.
    pub fn command(&self, node: usize) -> Command {
        self.through(Command::new(HARNESS), node, &self.data(node))
    }

    /// The command that starts a node on somebody else's directory.
    pub fn command_on(&self, node: usize, data: &Path) -> Command {
        self.through(Command::new(HARNESS), node, data)
    }

    /// The command that starts a node from a shell that has done something before.
    pub fn command_after(&self, shell: &str, node: usize) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell}; exec \"$0\" \"$@\""), HARNESS]);
        self.through(command, node, &self.data(node))
    }

    fn through(&self, mut command: Command, node: usize, data: &Path) -> Command {
        let peers = self.addresses.iter().enumerate();
        let peers: Vec<String> = peers
            .map(|(node, (_, peer))| format!("{}={peer}", name(node)))
            .collect();
        command
            .arg("paxos-node")
            .args(["--id", &name(node), "--listen", &self.address(node).to_string()])
            .args(["--peers", &peers.join(","), "--log", "warn", "--data"])
            .arg(data)
            .args(&self.arguments)
            .stdin(Stdio::null());
        command
    }

    /// Starts a node, and does not wait for it.
    pub fn spawn(&self, node: usize) -> Node {
        self.spawn_as(node, self.command(node))
    }

    pub fn spawn_as(&self, node: usize, mut command: Command) -> Node {
        let path = self.stderr(node);
        let stderr = fs::File::options().create(true).append(true).open(&path).unwrap();
        Node {
            child: command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap(),
            name: name(node),
            address: self.address(node),
            stderr: path,
        }
    }

    /// Starts a node and waits until it answers.
    pub fn start(&self, node: usize) -> Node {
        let mut node = self.spawn(node);
        node.wait_until_ready();
        node
    }

    pub fn start_all(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = (0..self.size()).map(|node| self.spawn(node)).collect();
        nodes.iter_mut().for_each(Node::wait_until_ready);
        nodes
    }

    /// A new connection to a node.
    pub fn connect(&self, node: usize) -> io::Result<Connection> {
        Connection::to(self.address(node))
    }

    /// Asks over a new connection.
    pub fn propose(&self, node: usize, decree: &str, value: u64) -> Answer {
        self.propose_json(node, decree, &value.into())
    }

    /// Asks over a new connection.
    pub fn propose_json(&self, node: usize, decree: &str, value: &Value) -> Answer {
        let mut connection = self.connect(node).unwrap();
        connection.write(&proposal(decree, value)).unwrap();
        connection.answer().unwrap()
    }

    /// Asks over a new connection.
    pub fn read(&self, node: usize, decree: &str) -> Answer {
        self.connect(node).unwrap().read(decree).unwrap()
    }

    /// Asks over a new connection.
    pub fn get(&self, node: usize, path: &str) -> Answer {
        self.connect(node).unwrap().get(path).unwrap()
    }

    /// The value of a metric that has no labels.
    pub fn metric(&self, node: usize, metric: &str) -> f64 {
        let text = self.get(node, "/metrics").body;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {metric} in {text}"))
            .parse()
            .unwrap()
    }
}

fn name(node: usize) -> String {
    format!("n{}", node + 1)
}

/// A loopback address of this cluster's own. On 127.0.0.1, a client's outgoing connection could take the port of a
/// node while that is down.
fn loopback() -> IpAddr {
    static CLUSTERS: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTERS.fetch_add(1, Ordering::Relaxed) % 200;
    let [_, a, b, c] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 16 + cluster as u8, a ^ b, c.clamp(1, 254)).into()
}

/// A process. Killed when dropped.
pub struct Node {
    child: Child,
    name: String,
    address: SocketAddr,
    stderr: PathBuf,
}

impl Node {
    pub fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        loop {
            self.assert_up();
            let health = Connection::to(self.address).and_then(|mut it| it.get("/health"));
            if health.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{} does not answer: {}",
                self.name,
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A node that has ended by itself is a failure.
    pub fn assert_up(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} has ended by itself: {status}\n{}", self.name, self.stderr());
        }
    }

    /// All that it has written to standard error, in all its lives.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// SIGKILL, to a process that is up until then.
    pub fn kill(&mut self) {
        self.assert_up();
        self.child.kill().unwrap();
    }

    pub fn wait_until_killed(&mut self) {
        let status = self.child.wait().unwrap();
        assert_eq!(
            status.signal(),
            Some(9),
            "{} has ended by itself: {status}\n{}",
            self.name,
            self.stderr()
        );
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} still runs after {at_most:?}: {}",
                self.name,
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// SIGTERM, upon which it ends well and in time.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let status = self.wait(Duration::from_secs(2));
        assert_eq!(status.code(), Some(0), "{}: {}", self.name, self.stderr());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a node has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value in it; none when the decree is undecided.
    pub fn value(&self) -> Option<u64> {
        assert_eq!(self.status, 200, "{self:?}");
        let value = self.json()["value"].clone();
        (!value.is_null()).then(|| value.as_u64().unwrap_or_else(|| panic!("{self:?}")))
    }

    /// What has become of a request that was not answered with a value: `failed` or `unknown`.
    pub fn outcome(&self) -> String {
        assert_ne!(self.status, 200, "{self:?}");
        self.json()["outcome"]
            .as_str()
            .unwrap_or_else(|| panic!("{self:?}"))
            .to_owned()
    }
}

/// A connection that stays open. Requests may be written ahead of the answers.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream: BufReader::new(stream),
        })
    }

    pub fn propose(&mut self, decree: &str, value: u64) -> io::Result<Answer> {
        self.write(&proposal(decree, &value.into()))?;
        self.answer()
    }

    pub fn read(&mut self, decree: &str) -> io::Result<Answer> {
        self.get(&format!("/decrees/{decree}"))
    }

    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.write(&format!("GET {path} HTTP/1.1\r\nhost: node\r\n\r\n"))?;
        self.answer()
    }

    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())
    }

    /// The next answer.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|it| it.parse().ok());
        let mut length = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status: status.ok_or_else(|| io::Error::other("no status"))?,
            body: String::from_utf8(body).map_err(io::Error::other)?,
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

/// A proposal as it goes over the wire.
pub fn proposal(decree: &str, value: &Value) -> String {
    let body = json!({ "value": value }).to_string();
    let length = body.len();
    format!("POST /decrees/{decree}/propose HTTP/1.1\r\nhost: node\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// The numbers of a node's log files.
pub fn log_files(data: &Path) -> Vec<u64> {
    let names = fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let number = |name: std::ffi::OsString| {
        name.to_str()?
            .strip_prefix("paxos-")?
            .strip_suffix(".log")?
            .parse()
            .ok()
    };
    let mut numbers: Vec<u64> = names.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}
