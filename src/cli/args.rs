//! The arguments of every command.

use std::fmt;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// How long do calls fail after an identity provider's restart, and what does each cure cost?
#[derive(Debug, Parser)]
#[command(
    name = "stalegate",
    version,
    before_help = "Example:\n  stalegate init --out scenario.toml\n  stalegate compare scenario.toml",
    disable_help_subcommand = true
)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// Only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Threads; as many as there are cores, if absent. Results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub jobs: Option<u32>,
    /// The seed, in place of `run.seed`
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// Override one value of the scenario: `--set idp.token_lifetime=5min` (repeatable)
    #[arg(long, global = true, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where results go
    #[arg(short, long, global = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Colour of messages; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every policy on the same worlds: the main job
    #[command(before_help = "Example:\n  stalegate compare scenarios/wso2-4557.toml")]
    Compare(Compare),
    /// Every policy at every point of the scenario's `[sweep]`
    #[command(before_help = "Example:\n  stalegate sweep mine.toml --out results/mine")]
    Sweep(Sweep),
    /// Every `[[expect]]` of scenario files, and no regression against a baseline: for builds
    #[command(
        before_help = "Example:\n  stalegate check scenarios/*.toml --baseline results/baseline.json --junit check.xml"
    )]
    Check(Check),
    /// What scenarios come to now, in a small file to commit: `check` compares with it
    #[command(
        subcommand,
        before_help = "Example:\n  stalegate baseline save scenarios/*.toml -o results/baseline.json",
        disable_help_subcommand = true
    )]
    Baseline(BaselineCommand),
    /// One world under one policy, told as a timeline
    #[command(before_help = "Example:\n  stalegate run scenarios/wso2-4557.toml --policy ttl-only --replication 7")]
    Run(Run),
    /// Why calls fail for so long: the worst outage's chain of causes, and what would have ended it sooner
    #[command(before_help = "Example:\n  stalegate explain scenarios/second-outage.toml --policy event-refetch")]
    Explain(Explain),
    /// Every order in which requests for one token can meet in the token store, and what can come out
    #[command(before_help = "Example:\n  stalegate race scenarios/con-app-key.toml --nodes 2 --requests 2")]
    Race(Race),
    /// The extreme value of one key that still satisfies every `[[expect]]`
    #[command(before_help = "Example:\n  stalegate optimize mine.toml --key idp.token_lifetime --between 5min 2h")]
    Optimize(Optimize),
    /// The command of a results folder again, and every hash compared
    #[command(before_help = "Example:\n  stalegate replay results/wso2-4557/manifest.json")]
    Replay(Replay),
    /// The page of a results folder, report.html, drawn again; with --out FILE, into that file
    #[command(before_help = "Example:\n  stalegate report results/wso2-4557")]
    Report(Report),
    /// Check scenario files
    #[command(before_help = "Example:\n  stalegate validate scenarios/*.toml")]
    Validate(Validate),
    /// Print a scenario with every default, and where each value comes from
    #[command(before_help = "Example:\n  stalegate show scenarios/wso2-4557.toml --set idp.token_lifetime=5min")]
    Show(Show),
    /// Print what there is
    #[command(before_help = "Example:\n  stalegate list policies")]
    List(List),
    /// Print a commented scenario that runs as it is; with --out FILE, write it
    #[command(
        before_help = "Example:\n  stalegate init --out scenario.toml\n  stalegate init --from-wso2 deployment.toml --out mine.toml"
    )]
    Init(Init),
    /// Print a JSON Schema of scenario files, for editors
    #[command(before_help = "Example:\n  stalegate schema > scenario.schema.json")]
    Schema,
    /// Say more about the code of a message
    #[command(before_help = "Example:\n  stalegate explain-code E021")]
    ExplainCode(ExplainCode),
    /// Print completions for a shell
    #[command(before_help = "Example:\n  stalegate completions bash > /etc/bash_completion.d/stalegate")]
    Completions(Completions),
}

#[derive(Clone, Debug, clap::Args)]
pub struct Compare {
    /// The scenario
    pub file: PathBuf,
    /// Note machine and time in the manifest (in a part that is not hashed); without it, the same run gives the same bytes
    #[arg(long)]
    pub stamp: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    /// Scenarios
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Fail on what is worse than in this file; `stalegate baseline save` writes it
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// The least difference to the baseline that counts, as a share of the mean before
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    pub min_effect: f64,
    /// Write the verdicts as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Annotate the scenarios' lines for GitHub Actions, and add to the summary of the step
    #[arg(long)]
    pub github: bool,
}

/// A finite number, not negative.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number, such as 0.05 for 5 %".to_owned())?;
    if value.is_finite() && value >= 0.0 { Ok(value) } else { Err("a number from 0 on, such as 0.05 for 5 %".into()) }
}

/// What can be done with baselines.
#[derive(Clone, Debug, Subcommand)]
pub enum BaselineCommand {
    /// Play the first replications of each scenario, and keep what each came to
    Save(BaselineSave),
}

#[derive(Clone, Debug, clap::Args)]
pub struct BaselineSave {
    /// Scenarios
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How many of its worlds, from the first on; fewer where a scenario has fewer
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub replications: u32,
}

#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Sweep {
    /// A scenario with `[sweep]`
    #[arg(required = true)]
    pub file: Option<PathBuf>,
    /// Note machine and time in the manifest (in a part that is not hashed); without it, the same run gives the same bytes
    #[arg(long)]
    pub stamp: bool,
    /// Say what there is to do and how long it may take, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(subcommand)]
    pub part: Option<SweepPart>,
}

/// Parts of a sweep, for several machines.
#[derive(Clone, Debug, Subcommand)]
pub enum SweepPart {
    /// Cut the sweep into units, and write them with all that they need into one file
    #[command(before_help = "Example:\n  stalegate sweep plan mine.toml -o mine.plan.json --shards 16")]
    Plan(SweepPlan),
    /// Play units of a plan into a store; what is there is not played again
    #[command(before_help = "Example:\n  stalegate sweep run mine.plan.json --store mine.store --shard 3/16")]
    Run(SweepRun),
    /// Say what of a plan is in a store, and what is missing
    #[command(before_help = "Example:\n  stalegate sweep status mine.plan.json --store mine.store --missing=slurm")]
    Status(SweepStatus),
    /// Make the results folder of a plan whose units are in a store
    #[command(before_help = "Example:\n  stalegate sweep merge mine.plan.json --store mine.store -o results/mine")]
    Merge(SweepMerge),
    /// Hand the shards that lack units to an engine, with a job that merges after them; it does not wait
    #[command(
        before_help = "Example:\n  stalegate sweep submit mine.plan.json --store mine.store --engine slurm --out results/mine -- --time=1:00:00"
    )]
    Submit(SweepSubmit),
}

#[derive(Clone, Debug, clap::Args)]
pub struct SweepPlan {
    /// A scenario with `[sweep]`
    pub file: PathBuf,
    /// Into so many shards units are dealt
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub shards: u32,
}

#[derive(Clone, Debug, clap::Args)]
pub struct SweepRun {
    /// What `sweep plan` wrote
    pub plan: PathBuf,
    /// The folder that results of units go to; any number of runs may share it
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// The units of one shard: K (from 0), K/N (N is the plan's), or `env`: the index of an engine's task (`SLURM_ARRAY_TASK_ID`
    /// or `JOB_COMPLETION_INDEX`), which is also taken where this is absent; all units, if neither is there
    #[arg(long, value_name = "K/N", value_parser = ShardOf::parse)]
    pub shard: Option<ShardOf>,
    /// Added to the index of an engine's task: one array of many begins at this shard
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "units")]
    pub shard_offset: u32,
    /// The units whose ids come from the standard input, one a line
    #[arg(long, value_name = "-", value_parser = ["-"], conflicts_with = "shard")]
    pub units: Option<String>,
}

/// How a shard is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardOf {
    Index(u32),
    Of {
        shard: u32,
        shards: u32,
    },
    /// As the engine says to each of its tasks.
    Env,
}

impl ShardOf {
    fn parse(text: &str) -> Result<ShardOf, String> {
        let of = match text.split_once('/') {
            _ if text == "env" => Some(ShardOf::Env),
            None => text.parse().ok().map(ShardOf::Index),
            Some((shard, shards)) => {
                shard.parse().ok().zip(shards.parse().ok()).map(|(shard, shards)| ShardOf::Of { shard, shards })
            }
        };
        of.ok_or_else(|| "expected K/N, such as 3/16, or K, or env".into())
    }
}

impl fmt::Display for ShardOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShardOf::Index(shard) => write!(f, "{shard}"),
            ShardOf::Of { shard, shards } => write!(f, "{shard}/{shards}"),
            ShardOf::Env => f.write_str("env"),
        }
    }
}

#[derive(Clone, Debug, clap::Args)]
pub struct SweepSubmit {
    /// What `sweep plan` wrote
    pub plan: PathBuf,
    /// The folder that results of units go to; every node sees it under this name
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Who spreads the work
    #[arg(long, value_name = "ENGINE")]
    pub engine: Engine,
    /// Print the scripts and the calls of sbatch; write and submit nothing
    #[arg(long)]
    pub dry_run: bool,
    /// At most so many shards at once, in each array
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// Options for every call of sbatch: --time, --partition, --account, --cpus-per-task
    #[arg(last = true, value_name = "OPTIONS OF SBATCH")]
    pub options: Vec<String>,
}

/// Engines that `sweep submit` hands work to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A job array, or several where it has more shards than an array may have
    Slurm,
}

#[derive(Clone, Debug, clap::Args)]
pub struct SweepStatus {
    /// What `sweep plan` wrote
    pub plan: PathBuf,
    /// The folder that results of units are in
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Print only what is missing
    #[arg(long, value_name = "AS", conflicts_with = "json")]
    pub missing: Option<Missing>,
}

/// How missing units are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// The id of a unit a line, for `sweep run --units -`
    Ids,
    /// A shard that lacks units a line, for `sweep run --shard`
    Shards,
    /// The same shards as `sbatch --array` takes them: 3,7-9
    Slurm,
}

#[derive(Clone, Debug, clap::Args)]
pub struct SweepMerge {
    /// What `sweep plan` wrote
    pub plan: PathBuf,
    /// The folder that results of units are in
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Leave out points that lack units, and say so
    #[arg(long)]
    pub partial: bool,
    /// Note machine and time in the manifest (in a part that is not hashed); without it, the same run gives the same bytes
    #[arg(long)]
    pub stamp: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Run {
    /// The scenario
    pub file: PathBuf,
    /// Under which policy of it
    #[arg(long, value_name = "NAME")]
    pub policy: String,
    /// Which of its worlds, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replication: u32,
    /// Also write a trace of the world: `jsonl` (a fact a line), `chrome` (opens in Perfetto), `mermaid` (the sequence of one call or
    /// of the worst outage); FILE may be `-`
    #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"])]
    pub trace: Option<Vec<String>>,
    /// Only what was told at or after this simulated time: `5min`
    #[arg(long, requires = "trace", value_name = "TIME")]
    pub trace_from: Option<String>,
    /// Only what was told before this
    #[arg(long, requires = "trace", value_name = "TIME")]
    pub trace_to: Option<String>,
    /// Only what concerns this lane: `gateway-1/orders`
    #[arg(long, requires = "trace", value_name = "LANE")]
    pub trace_lane: Option<String>,
    /// Only what concerns the call of this number
    #[arg(long, requires = "trace", value_name = "N")]
    pub trace_call: Option<u64>,
    /// Facts in the trace at most [default: 100000]
    #[arg(long, requires = "trace", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub trace_limit: Option<u32>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Explain {
    /// The scenario
    pub file: PathBuf,
    /// Under which policy of it
    #[arg(long, value_name = "NAME")]
    pub policy: String,
    /// In which of its worlds, from 0; in the one with the longest outage, if absent (with --call: 0)
    #[arg(long, value_name = "N")]
    pub replication: Option<u32>,
    /// Of this lane, such as gateway-1/orders
    #[arg(long, value_name = "LANE", conflicts_with = "call")]
    pub lane: Option<String>,
    /// Why the call of this number failed; a trace has the numbers
    #[arg(long, value_name = "K")]
    pub call: Option<u64>,
    /// At this point of the scenario's sweep, from 0; at the worst of all, if absent
    #[arg(long, value_name = "N")]
    pub point: Option<usize>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Race {
    /// The scenario; its tokens are in a database
    pub file: PathBuf,
    /// Nodes; as many as the scenario has, and at least 2, if absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub nodes: Option<u16>,
    /// Requests in all, sent to the nodes in turn; 2, if absent
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub requests: Option<u16>,
    /// Once, at any step, any node may crash
    #[arg(long)]
    pub with_crash: bool,
    /// Whether two rows can have the same time of creation; the scenario's database decides, if absent
    #[arg(long, value_name = "WHEN", default_value = "dialect")]
    pub ties: Ties,
    /// Give up after so many states
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_states: u32,
    /// Play one schedule again: the word that `race` printed
    #[arg(long, value_name = "TOKEN", conflicts_with = "max_states")]
    pub replay: Option<String>,
    /// Write the schedule that is shown as a mermaid diagram
    #[arg(long, value_name = "FILE")]
    pub mermaid: Option<PathBuf>,
}

/// Whether two rows can have the same time of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ties {
    Always,
    Never,
    /// As coarse as the scenario's database keeps time: a millisecond or more.
    Dialect,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Optimize {
    /// A scenario with `[[expect]]`
    pub file: PathBuf,
    /// Which value of it, as --set takes it
    #[arg(long, value_name = "PATH")]
    pub key: String,
    /// The range: two durations, rates or numbers
    #[arg(long, num_args = 2, value_names = ["A", "B"], required = true, allow_negative_numbers = true)]
    pub between: Vec<String>,
    /// Look for the largest value, also where both ends pass or neither does
    #[arg(long, conflicts_with = "smallest")]
    pub largest: bool,
    /// Look for the smallest value, also where both ends pass or neither does
    #[arg(long)]
    pub smallest: bool,
    /// How close two values are that need not be told apart, as a share of the larger one
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    pub tolerance: f64,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Replay {
    /// manifest.json, or its folder
    pub manifest: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Report {
    /// The folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Validate {
    /// Scenarios
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The scenario
    pub file: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Of what
    pub what: What,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Presets that a policy can start from, ours and the products'
    Policies,
    /// What is measured
    Metrics,
    /// Kinds of faults
    Faults,
    /// Distributions of durations
    Distributions,
    /// Database profiles
    Profiles,
    /// Templates of `init`
    Templates,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Init {
    /// Which template: `stalegate list templates`
    #[arg(long, value_name = "NAME", default_value = "idp-restart", conflicts_with = "from_wso2")]
    pub template: String,
    /// Take what a real configuration says
    #[arg(long, value_name = "deployment.toml")]
    pub from_wso2: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ExplainCode {
    /// E021, W003 …
    pub code: String,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Completions {
    /// For which shell
    pub shell: clap_complete::Shell,
}
