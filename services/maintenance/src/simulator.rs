//! A simulated national maintenance-record system: real HTTP on loopback, every wire profile, scripted moods.
//!
//! Everything it answers is invented and says so (`x-simulated: true`, and `simulated` in every JSON). It is
//! deterministic by its seed. Each province answers under `/{province id}`; moods and files can be changed while it
//! runs, by `POST /_simulator/moods` and `POST /_simulator/files`, `GET /_simulator/calls` counts questions, and `GET /`
//! tells all this.

mod forms;
mod moods;
mod records;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tongguan_rpc::Tasks;

use self::forms::Operation;
pub use self::moods::Mood;
pub use self::records::{VehicleFile, Visit};
use crate::upstream::provinces;

/// What the simulator is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What everything invented is derived from.
    pub seed: u64,
    /// Whether vehicles without a file get an invented history; else they have no record.
    pub invent: bool,
    /// Vehicles it knows.
    pub files: Vec<VehicleFile>,
    /// Moods by province id.
    pub moods: BTreeMap<String, Mood>,
    /// Moods by VIN; they win over those of provinces.
    pub vin_moods: BTreeMap<String, Mood>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            invent: false,
            files: Vec::new(),
            moods: BTreeMap::new(),
            vin_moods: BTreeMap::new(),
        }
    }
}

/// What it holds while it runs.
struct World {
    config: Config,
    /// Tokens issued, by province.
    tokens: BTreeMap<String, u64>,
    /// Questions for records, by province.
    calls: BTreeMap<String, u64>,
}

#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    stopping: CancellationToken,
}

/// Starts the simulator; it runs until `tasks` stop. Answers where it listens.
pub async fn simulate(config: Config, tasks: &Tasks) -> io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let shared = Shared {
        world: Arc::new(Mutex::new(World {
            config,
            tokens: BTreeMap::new(),
            calls: BTreeMap::new(),
        })),
        stopping: tasks.stopping(),
    };
    let stopping = tasks.stopping();
    let app = Router::new().fallback(handle).with_state(shared);
    tasks.spawn("simulated national records", async move {
        let served = axum::serve(listener, app)
            .with_graceful_shutdown(async move { stopping.cancelled().await });
        if let Err(error) = served.await {
            tracing::warn!(%error, "the simulator stopped");
        }
    });
    Ok(address)
}

async fn handle(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (province, path) = uri
        .path()
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    if uri.path() == "/" {
        return forms::json_response(&about());
    }
    if province == "_simulator" {
        return forms::json_response(&control(&shared, &method, path, &body));
    }
    let Some(operation) = Operation::read(path, uri.query().unwrap_or_default(), &headers, &body)
    else {
        return forms::text_response(
            StatusCode::NOT_FOUND,
            "text/html",
            "<html><body>404 (simulated)</body></html>"
                .as_bytes()
                .to_vec(),
        );
    };
    let (mood, call) = {
        let mut world = lock(&shared);
        let mood = world.mood(province, &operation);
        let counted = operation.is_question();
        let calls = world.calls.entry(province.to_owned()).or_default();
        *calls += u64::from(counted);
        (mood, *calls)
    };
    let seed = lock(&shared).config.seed;
    if let Some(answer) = moods::before(
        mood,
        &operation,
        records::mix(seed, &format!("{province}{call}")),
        &shared.stopping,
    )
    .await
    {
        return answer;
    }
    let answer = lock(&shared).answer(province, &operation, mood);
    moods::after(mood, &operation, answer)
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, World> {
    shared.world.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
struct MoodChange {
    #[serde(default)]
    province: String,
    #[serde(default)]
    vin: String,
    mood: Mood,
}

/// What there is to ask, for whoever looks at it with a browser or curl.
fn about() -> Value {
    let provinces: BTreeMap<&str, &str> = provinces::all()
        .iter()
        .map(|province| (province.id.as_str(), province.profile.as_str()))
        .collect();
    json!({
        "simulated": true,
        "provinces": provinces,
        "moods": moods::NAMES,
        "control": {
            "GET /_simulator/calls": "questions for records so far, by province",
            "POST /_simulator/moods": {"province": "zhejiang", "mood": {"slow": 300}},
            "POST /_simulator/files": "a list of vehicles with their visits",
        },
    })
}

fn control(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Value {
    let mut world = lock(shared);
    let parsed = match (method, path) {
        (&Method::GET, "calls") => return json!(world.calls),
        (&Method::POST, "moods") => serde_json::from_slice::<MoodChange>(body).and_then(|change| {
            if change.vin.is_empty() && provinces::find(&change.province).is_none() {
                let unknown = format!(
                    "there is no province {:?}: GET / lists them",
                    change.province
                );
                return Err(serde::de::Error::custom(unknown));
            }
            if change.vin.is_empty() {
                world.config.moods.insert(change.province, change.mood);
            } else {
                world.config.vin_moods.insert(change.vin, change.mood);
            }
            Ok(())
        }),
        (&Method::POST, "files") => serde_json::from_slice::<Vec<VehicleFile>>(body).map(|files| {
            for file in files {
                world
                    .config
                    .files
                    .retain(|known| known.vin != file.vin || known.province != file.province);
                world.config.files.push(file);
            }
        }),
        _ => {
            return json!({"error": "GET calls, POST moods, POST files; GET / says more", "simulated": true});
        }
    };
    match parsed {
        Ok(()) => json!({"ok": true, "simulated": true}),
        Err(error) => json!({"error": error.to_string(), "simulated": true}),
    }
}

impl World {
    fn mood(&self, province: &str, operation: &Operation) -> Mood {
        let by_vin = operation
            .vin()
            .and_then(|vin| self.config.vin_moods.get(vin));
        by_vin
            .or_else(|| self.config.moods.get(province))
            .copied()
            .unwrap_or_default()
    }

    /// The ordinary answer of an operation.
    fn answer(&mut self, province: &str, operation: &Operation, mood: Mood) -> Response<Body> {
        match operation {
            Operation::Clock => {
                forms::json_response(&json!({"time": 1_772_424_000_000_i64, "simulated": true}))
            }
            Operation::Token { form } => {
                let issued = self.tokens.entry(province.to_owned()).or_default();
                *issued += 1;
                form.token(&format!("simulated-{province}-{issued}"))
            }
            Operation::Add { visit, vin } => {
                let visit = Visit::clone(visit);
                match self.config.files.iter_mut().find(|file| file.vin == *vin) {
                    Some(file) => file.visits.push(visit),
                    None => self.config.files.push(VehicleFile {
                        vin: vin.clone(),
                        plate: visit.plate.clone(),
                        visits: vec![visit],
                        ..VehicleFile::default()
                    }),
                }
                forms::json_response(&json!({"code": "1", "status": "新增成功", "simulated": true}))
            }
            Operation::List {
                form,
                vin,
                plate,
                token,
                page,
            } => {
                if let Some(refused) = self.refuse_token(province, token.as_deref(), mood) {
                    return form.refuse(refused);
                }
                let (visits, total) = self.visits(province, vin, plate, mood);
                form.list(vin, &visits, total, *page)
            }
            Operation::Detail { form, id, token } => {
                if let Some(refused) = self.refuse_token(province, token.as_deref(), Mood::Well) {
                    return form.refuse(refused);
                }
                let (vin, number) = id.split_once('-').unwrap_or_default();
                let mood = self
                    .config
                    .vin_moods
                    .get(vin)
                    .or_else(|| self.config.moods.get(province))
                    .copied()
                    .unwrap_or_default();
                let (visits, _) = self.visits(province, vin, "", mood);
                let visit = number
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| visits.get(number).cloned());
                visit.map_or_else(|| form.refuse("参数错误"), |visit| form.detail(&visit))
            }
        }
    }

    /// A token counts if it was issued here; in the mood of expired tokens the first one does not.
    fn refuse_token(
        &self,
        province: &str,
        token: Option<&str>,
        mood: Mood,
    ) -> Option<&'static str> {
        let token = token?;
        let number: u64 = token
            .rsplit('-')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        let issued = self.tokens.get(province).copied().unwrap_or(0);
        let old = mood == Mood::ExpiredToken && number < 2;
        (number == 0 || number > issued || old).then_some("令牌过期，请重新获取令牌")
    }

    fn visits(&self, province: &str, vin: &str, plate: &str, mood: Mood) -> (Vec<Visit>, usize) {
        let known = self.config.files.iter().find(|file| {
            file.is_of(vin) && (file.province.is_empty() || file.province == province)
        });
        let mut visits = match known {
            Some(file) => file.filled(vin, plate),
            None if self.config.invent => records::invent(self.config.seed, vin, plate),
            None => Vec::new(),
        };
        if mood == Mood::RandomVin && !visits.is_empty() {
            visits.insert(
                visits.len() / 2,
                records::stray(self.config.seed, vin, &visits),
            );
        }
        let total = visits.len();
        if mood == Mood::MissingRows {
            visits.pop();
        }
        (visits, total)
    }
}
