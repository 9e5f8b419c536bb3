//! What is run under which faults, and what it must come to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tofu_oci::store::Files;
use tofu_oci::store::files::faults::{CountOps, Fault, FaultPlan};
use tofu_oci_testkit::Quirks;
use tofu_oci_testkit::faults::{Dice, Wire, WireFault};

use crate::invariants::{self, State};
use crate::operation::{Means, Operation, Through};
use crate::registry::{Patience, connect, serve};
use crate::tree::{self, Tree};
use crate::world::World;

/// How long a disturbed run may take until it counts as one that hangs.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// An operation, and what it does undisturbed.
pub(crate) struct Reference {
    operation: &'static dyn Operation,
    ways: Vec<Way>,
}

/// An operation through one kind of registry.
struct Way {
    through: Through,
    template: World,
    before: Tree,
    after: Tree,
    state: State,
    /// All files at the end, when what is garbage was swept.
    swept: BTreeSet<String>,
    /// How many operations on files the client does, and the server.
    client: usize,
    server: usize,
}

impl Reference {
    pub(crate) fn of(operation: &'static dyn Operation) -> Self {
        let runtime = runtime();
        let ways = operation
            .through()
            .iter()
            .map(|through| runtime.block_on(Way::of(operation, *through)));
        Self {
            operation,
            ways: ways.collect(),
        }
    }
}

impl Way {
    async fn of(operation: &'static dyn Operation, through: Through) -> Self {
        let template = World::new();
        operation.prepare(&template).await;
        let world = template.copy();
        let (client, server) = (Arc::new(CountOps::new()), Arc::new(CountOps::new()));
        let run = Run {
            client: Files::observed(client.clone()),
            server: Files::observed(server.clone()),
            quirks: Quirks::new(),
            wire: None,
            patience: Patience::Usual,
        };
        let result = run.run(operation, &world, through).await.result;
        result.unwrap_or_else(|error| panic!("{} fails undisturbed: {error}", operation.name()));
        operation.check(&world);
        let (client, server) = (client.take().len(), server.take().len());
        let (after, state) = (world.visible(), State::of(&world));
        invariants::hold(&world).await;
        invariants::sweep(&world).await;
        Self {
            through,
            before: template.visible(),
            after,
            state,
            swept: invariants::files(&world),
            client,
            server,
            template,
        }
    }
}

/// One schedule.
pub(crate) struct Schedule<'a> {
    seed: u64,
    operation: &'static dyn Operation,
    way: &'a Way,
    client: Vec<Fault>,
    server: Vec<Fault>,
    wire: Vec<(usize, WireFault)>,
    /// The dice that decide what an ill registry does.
    bursts: Option<Dice>,
}

impl<'a> Schedule<'a> {
    /// The schedule of a seed.
    pub(crate) fn new(seed: u64, references: &'a [Reference]) -> Self {
        let mut dice = Dice::new(seed);
        // In turn, so that each operation has its share.
        let turn = usize::try_from(seed).unwrap();
        let reference = &references[turn % references.len()];
        let way = dice.one(&reference.ways);
        let mut schedule = Self {
            seed,
            operation: reference.operation,
            way,
            client: Vec::new(),
            server: Vec::new(),
            wire: Vec::new(),
            bursts: None,
        };
        let places = if way.through == Through::Server { 6 } else { 1 };
        match dice.below(places) {
            0 => schedule.client = dice.file_faults(way.client),
            1 | 2 => schedule.server = dice.file_faults(way.server),
            3 => schedule.wire = dice.wire_faults(),
            4 => schedule.bursts = Some(dice.clone()),
            _ => {
                schedule.server = dice.file_faults(way.server * 2);
                schedule.wire = dice.wire_faults();
                schedule.bursts = Some(dice.clone());
            }
        }
        schedule
    }

    /// Runs it, and panics where something does not hold. Whether any fault struck.
    pub(crate) fn run(&self) -> bool {
        runtime().block_on(self.run_and_check())
    }

    async fn run_and_check(&self) -> bool {
        let world = self.way.template.copy();
        let (client, server) = (
            Arc::new(FaultPlan::new(self.client.clone())),
            Arc::new(FaultPlan::new(self.server.clone())),
        );
        let quirks = Quirks::new();
        if let Some(dice) = &self.bursts {
            dice.clone().bursts(&quirks);
        }
        let run = Run {
            client: Files::observed(client.clone()),
            server: Files::observed(server.clone()),
            quirks,
            wire: (!self.wire.is_empty()).then(|| self.wire.clone()),
            patience: Patience::Short,
        };
        let ran = run.run(self.operation, &world, self.way.through).await;
        let met: Vec<String> = [client.met(), server.met(), ran.met].concat();
        let told = format!("{self}\nfaults: {met:#?}\nresult: {:?}\n", ran.result);
        if std::env::var_os("TOFU_OCI_FAULT_SEED").is_some() {
            println!("{told}");
        }
        let check = Check {
            told: &told,
            way: self.way,
            world: &world,
        };
        check.old_or_new(&self.operation.units());
        check.invariants().await;
        if ran.result.is_ok() {
            check.done("a run that succeeded");
        }
        // The process is gone, the disk is free again, the line stands: the same command does what it does.
        let calm = Run {
            client: Files::new(),
            server: Files::new(),
            quirks: Quirks::new(),
            wire: None,
            patience: Patience::Usual,
        };
        let again = calm.run(self.operation, &world, self.way.through).await;
        if let Err(error) = again.result {
            panic!("{told}the next run fails: {error}");
        }
        check.invariants().await;
        check.done("the next run");
        self.operation.check(&world);
        if met
            .iter()
            .any(|met| met.contains("Kill") || met.contains("remove"))
        {
            // What a killed process left in the directory for temporary files is the system's to sweep.
            world.clear_scratch();
        }
        invariants::sweep(&world).await;
        check.invariants().await;
        let left = invariants::files(&world);
        let more: Vec<_> = left.difference(&self.way.swept).collect();
        let fewer: Vec<_> = self.way.swept.difference(&left).collect();
        assert!(
            more.is_empty() && fewer.is_empty(),
            "{told}left over: {more:#?}, missing: {fewer:#?}"
        );
        ran.result.is_err() || !met.is_empty() || self.bursts.is_some()
    }
}

impl fmt::Display for Schedule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.operation.name(), self.way.through)?;
        for (name, faults) in [("client", &self.client), ("server", &self.server)] {
            if !faults.is_empty() {
                write!(f, ", files of the {name}: {faults:?}")?;
            }
        }
        if !self.wire.is_empty() {
            write!(f, ", connections: {:?}", self.wire)?;
        }
        if self.bursts.is_some() {
            f.write_str(", answers of the registry")?;
        }
        write!(
            f,
            "\n  alone: TOFU_OCI_FAULT_SEED={} cargo test -p tofu-oci-cli --test faults -- --nocapture",
            self.seed
        )
    }
}

/// A run under faults, or without.
struct Run {
    client: Files,
    server: Files,
    quirks: Quirks,
    wire: Option<Vec<(usize, WireFault)>>,
    patience: Patience,
}

/// What became of a run.
struct Ran {
    result: Result<(), String>,
    /// The faults of connections that struck.
    met: Vec<String>,
}

impl Run {
    async fn run(self, operation: &dyn Operation, world: &World, through: Through) -> Ran {
        let mut met = Vec::new();
        let mut host = None;
        let (mut registry, mut wire) = (None, None);
        if through == Through::Server {
            let started = match serve(world, &self.server, &self.quirks) {
                Ok(started) => started,
                Err(error) => {
                    return Ran {
                        result: Err(format!("the server does not start: {error}")),
                        met,
                    };
                }
            };
            let line = self.wire.map(|faults| Wire::before(started.host(), faults));
            host = Some(
                line.as_ref()
                    .map_or(started.host(), |line| line.host())
                    .to_owned(),
            );
            (registry, wire) = (Some(started), line);
        }
        let means = Means {
            connect: connect(&self.client, self.patience),
            files: self.client,
            host,
        };
        let result = match tokio::time::timeout(TIME_LIMIT, operation.run(world, &means)).await {
            Ok(result) => result,
            Err(_) => panic!("{} hangs", operation.name()),
        };
        drop(means);
        met.extend(wire.iter().flat_map(Wire::met));
        drop(wire);
        drop(registry);
        Ran { result, met }
    }
}

struct Check<'a> {
    told: &'a str,
    way: &'a Way,
    world: &'a World,
}

impl Check<'_> {
    /// Each unit is as before or as after.
    fn old_or_new(&self, units: &[String]) {
        let found = self.world.visible();
        for unit in units {
            let now = tree::part(&found, unit);
            let old = now == tree::part(&self.way.before, unit);
            let new = now == tree::part(&self.way.after, unit);
            let names: Vec<_> = now
                .iter()
                .map(|(name, bytes)| (name, bytes.len()))
                .collect();
            assert!(
                old || new,
                "{}{unit} is neither old nor new: {names:#?}",
                self.told
            );
        }
    }

    async fn invariants(&self) {
        if let Err(error) = invariants::check(self.world.root()).await {
            panic!("{}{error}", self.told);
        }
    }

    /// Everything is as after an undisturbed run.
    fn done(&self, what: &str) {
        let state = State::of(self.world);
        let (told, expected) = (self.told, &self.way.state);
        assert_eq!(state.tags, expected.tags, "{told}{what} leaves other tags");
        for (name, bytes) in &expected.files {
            assert!(
                state.files.get(name) == Some(bytes),
                "{told}{what} leaves another {name}"
            );
        }
        let more: Vec<_> = state
            .files
            .keys()
            .filter(|name| !expected.files.contains_key(*name))
            .collect();
        assert!(more.is_empty(), "{told}{what} leaves {more:?}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
