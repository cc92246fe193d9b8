//! A throw-away PostgreSQL cluster with full durability, from the installed server binaries.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running cluster; stopped when dropped.
pub(crate) struct Cluster {
    pub(crate) url: String,
    binaries: PathBuf,
    data: PathBuf,
}

/// Starts one under `folder`; `None` where no server is installed.
pub(crate) fn start(folder: &Path) -> Option<Cluster> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let binaries = versions
        .filter_map(Result::ok)
        .map(|version| version.path().join("bin"))
        .find(|binaries| binaries.join("initdb").exists())?;
    let data = folder.join("postgres");
    std::fs::create_dir_all(&data).ok()?;
    // The server refuses to run as root.
    let given = Command::new("chown").arg("postgres").arg(&data).status();
    let passable = Command::new("chmod").arg("a+rx").arg(folder).status();
    (given.ok()?.success() && passable.ok()?.success()).then_some(())?;
    let port = TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    run(&binaries, "initdb", |command| {
        command.arg("-D").arg(&data);
        command.args(["-U", "tongguan", "-A", "trust", "-E", "UTF8", "--locale=C"])
    })?;
    let cluster = Cluster {
        url: format!("postgres://tongguan@127.0.0.1:{port}/postgres"),
        binaries,
        data,
    };
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=on -c synchronous_commit=on"
    );
    run(&cluster.binaries, "pg_ctl", |command| {
        command.arg("-D").arg(&cluster.data).args(["-w", "-o"]);
        command.args([options.as_str(), "start"])
    })?;
    Some(cluster)
}

fn run(
    binaries: &Path,
    program: &str,
    arguments: impl FnOnce(&mut Command) -> &mut Command,
) -> Option<()> {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]);
    command.arg(binaries.join(program)).stdout(Stdio::null());
    arguments(&mut command)
        .status()
        .ok()?
        .success()
        .then_some(())
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _stopped = run(&self.binaries, "pg_ctl", |command| {
            command.arg("-D").arg(&self.data);
            command.args(["-m", "immediate", "-w", "stop"])
        });
    }
}
