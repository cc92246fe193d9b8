//! `tongguan import` as its user has it: good, bad and repeated rows, run twice, cut off in the middle, killed and run again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use serde_json::Value;
use tongguan_api::registry::v1 as pb;

use crate::kill::{Exporter, Suite, fresh_folder, vin};

/// Rows of a file; those at [`BAD`] are refused.
const ROWS: u32 = 2_600;
/// A cell that is no number, a VIN that is none, the VIN of row 5 in its own message and in a later one, a
/// three-wheeler.
const BAD: [(u64, &str); 5] = [
    (3, "UNREADABLE"),
    (7, "INVALID_FIELDS"),
    (8, "VIN_TAKEN"),
    (1_900, "VIN_TAKEN"),
    (2_599, "NOT_A_USED_CAR"),
];
const GOOD: u64 = ROWS as u64 - BAD.len() as u64;

fn write(folder: &Path) -> PathBuf {
    let mut text = "vin,brand,model,category,vehicle_type,use_nature,colour,powertrain,first_registered,seats\n".to_owned();
    for row in 0..ROWS {
        let (vin, kind, seats) = match row {
            3 => (vin(row), "K33", "five"),
            7 => ("short".to_owned(), "K33", "5"),
            8 | 1_900 => (vin(5), "K33", "5"),
            2_599 => (vin(row), "N11", "5"),
            _ => (vin(row), "K33", "5"),
        };
        writeln!(text, "{vin},试验牌,T1,M1,{kind},A,A,ICE,2024-05,{seats}").unwrap();
    }
    let file = folder.join("cars.csv");
    std::fs::write(&file, text).unwrap();
    file
}

fn command(folder: &Path, address: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongguan"));
    command
        .args(["import", "cars.csv", "--tenant", "acme", "--to"])
        .arg(format!("http://{address}"))
        .args(more)
        .current_dir(folder);
    command
}

fn run(folder: &Path, address: &str, more: &[&str]) -> Output {
    command(folder, address, more).output().unwrap()
}

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What `--json` prints: row and reason of each refusal, and the sum.
fn told(out: &Output) -> (BTreeSet<(u64, String)>, Value) {
    let mut values: Vec<Value> = lines(&out.stdout)
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum = values.pop().unwrap();
    let count = values.len();
    let refused: BTreeSet<_> = values
        .iter()
        .map(|line| {
            (
                line["row"].as_u64().unwrap(),
                line["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(refused.len(), count, "each refused row is named once");
    (refused, sum)
}

fn bad() -> BTreeSet<(u64, String)> {
    BAD.iter()
        .map(|(row, reason)| (*row, (*reason).to_owned()))
        .collect()
}

/// A way to the suite that carries `bytes` of the first connection and then breaks it, or holds it still; later
/// connections are carried whole. Answers its address.
fn way(to: &str, bytes: usize, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let to = to.to_owned();
    std::thread::spawn(move || {
        let seen = Arc::new(AtomicUsize::new(0));
        for client in listener.incoming() {
            let (Ok(client), Ok(suite)) = (client, TcpStream::connect(&to)) else {
                return;
            };
            let most = if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                bytes
            } else {
                usize::MAX
            };
            let (back, answers) = (client.try_clone().unwrap(), suite.try_clone().unwrap());
            std::thread::spawn(move || carry(client, suite, most, hold));
            std::thread::spawn(move || carry(answers, back, usize::MAX, false));
        }
    });
    address
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut most: usize, hold: bool) {
    let mut piece = [0; 4_096];
    while most > 0
        && let Ok(read @ 1..) = from.read(&mut piece)
    {
        let read = read.min(most);
        if to.write_all(&piece[..read]).is_err() {
            return;
        }
        most = most.saturating_sub(read);
    }
    if most > 0 || !hold {
        let _gone = (
            from.shutdown(std::net::Shutdown::Both),
            to.shutdown(std::net::Shutdown::Both),
        );
        return;
    }
    // Held: what comes is not read any more, until the client goes away.
    while let Ok(1..) = from.read(&mut piece) {}
    let _gone = to.shutdown(std::net::Shutdown::Both);
}

/// Where an import stands.
async fn standing(suite: &Suite, exporter: &Exporter, id: &str) -> u64 {
    let asks = pb::ImportVehiclesRequest {
        import_id: id.into(),
        ..Default::default()
    };
    let request = exporter.ask(stream::iter([asks]));
    let answers = suite.client.clone().import_vehicles(request).await;
    answers
        .unwrap()
        .into_inner()
        .next()
        .await
        .unwrap()
        .unwrap()
        .next_row
}

#[test]
fn a_second_run_stores_nothing_and_names_every_refused_row_again() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    write(&folder);
    let first = run(&folder, &suite.address, &[]);
    assert_eq!(first.status.code(), Some(1), "{first:?}");
    assert_eq!(
        lines(&first.stdout),
        [format!(
            "{GOOD} stored, 0 stored by earlier runs, 5 refused"
        )]
    );
    let complaints = lines(&first.stderr);
    for (row, reason) in BAD {
        let begins = format!("tongguan: row {row} ");
        let line = complaints
            .iter()
            .find(|line| line.starts_with(&begins))
            .unwrap();
        assert!(line.contains(&format!(": {reason}: ")), "{line}");
    }
    assert!(
        complaints
            .iter()
            .any(|line| line.contains("\"five\" is no number")),
        "{complaints:?}"
    );
    assert_eq!(complaints.len(), BAD.len(), "{complaints:?}");
    for _ in 0..2 {
        let again = run(&folder, &suite.address, &["--json"]);
        assert_eq!(again.status.code(), Some(1), "{again:?}");
        let (refused, sum) = told(&again);
        assert_eq!(refused, bad());
        assert_eq!(
            (&sum["stored"], &sum["stored_before"], &sum["refused"]),
            (&0.into(), &GOOD.into(), &5.into())
        );
    }
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_file_without_a_bad_row_ends_well_each_time_and_an_unusable_one_sends_nothing() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    let file = write(&folder);
    let text = std::fs::read_to_string(&file).unwrap();
    let good: Vec<&str> = text.lines().take(3).collect();
    std::fs::write(&file, good.join("\n")).unwrap();
    for line in [
        "2 stored, 0 stored by earlier runs, 0 refused",
        "0 stored, 2 stored by earlier runs, 0 refused",
    ] {
        let out = run(&folder, &suite.address, &[]);
        assert_eq!(
            (out.status.code(), lines(&out.stdout)),
            (Some(0), vec![line.to_owned()]),
            "{out:?}"
        );
    }
    std::fs::write(&file, "vin,wheels\nLSVWY4180KN246094,4\n").unwrap();
    let out = run(&folder, &suite.address, &[]);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("wheels"),
        "{out:?}"
    );
    let out = run(&folder, &suite.address, &["--id", &"x".repeat(65)]);
    assert_eq!(out.status.code(), Some(2));
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_connection_cut_in_the_middle_is_made_anew_and_every_row_counted_once() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    write(&folder);
    let out = run(&folder, &way(&suite.address, 90_000, false), &["--json"]);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    let (refused, sum) = told(&out);
    assert_eq!(refused, bad());
    assert_eq!(
        (&sum["stored"], &sum["stored_before"]),
        (&GOOD.into(), &0.into())
    );
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_killed_in_the_middle_is_completed_by_the_next_one() {
    let folder = fresh_folder();
    let suite = Suite::start(&folder);
    write(&folder);
    let exporter = Exporter::of(&folder);
    let held = way(&suite.address, 90_000, true);
    let mut killed = command(&folder, &held, &["--id", "cut"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let reached = async {
        loop {
            let reached = standing(&suite, &exporter, "cut").await;
            if reached > 0 {
                break reached;
            }
        }
    };
    let patience = std::time::Duration::from_mins(1);
    let reached = tokio::time::timeout(patience, reached).await.unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!((500..u64::from(ROWS)).contains(&reached), "{reached}");
    let out = run(&folder, &suite.address, &["--id", "cut", "--json"]);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    let (refused, sum) = told(&out);
    assert_eq!(refused, bad(), "those the killed run was told of too");
    let (now, before) = (
        sum["stored"].as_u64().unwrap(),
        sum["stored_before"].as_u64().unwrap(),
    );
    assert_eq!(now + before, GOOD);
    assert!(before > 0 && now > 0, "{sum}");
    suite.kill();
    std::fs::remove_dir_all(folder).unwrap();
}
