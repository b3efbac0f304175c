//! Talks to Slurm: how large an index may be, and the job that a script became. Each answer is checked; none is waited for.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use crate::scenario::reader::reason;

/// Indices below this, unless the cluster says otherwise: the default of `MaxArraySize` in slurm.conf(5).
pub const USUAL_LIMIT: u32 = 1_001;

/// Job arrays of the cluster have indices below this.
pub fn limit() -> Result<u32, String> {
    let told = answer("scontrol", &["show".into(), "config".into()])?;
    let value = told.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "MaxArraySize").then(|| value.trim().to_owned())
    });
    let value = value.ok_or("`scontrol show config` does not tell MaxArraySize")?;
    match value.parse() {
        Ok(0) => Err("the cluster has no job arrays: `scontrol show config` says MaxArraySize = 0".into()),
        Ok(limit) => Ok(limit),
        Err(_) => Err(format!("`scontrol show config` says MaxArraySize = {value}, which is no number")),
    }
}

/// Hands a script over; the id of its job. `words` come after `sbatch --parsable`.
pub fn submit(words: &[String]) -> Result<String, String> {
    let told = answer("sbatch", &[&["--parsable".to_owned()], words].concat())?;
    // `ID`, or `ID;CLUSTER`, in the last line: a site's own words may come before it.
    let last = told.trim().lines().next_back().unwrap_or_default();
    let id = last.trim().split(';').next().unwrap_or_default();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        let said = told.trim();
        return Err(format!(
            "sbatch ended well and named no job; it said `{said}`; look with squeue whether it queued one"
        ));
    }
    Ok(id.to_owned())
}

/// What a program prints, if it ends well.
fn answer(program: &str, words: &[String]) -> Result<String, String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            format!(
                "there is no `{program}` on the PATH; submit from a machine of the cluster that has it, or see with --dry-run \
                 what would be submitted"
            )
        } else {
            format!("cannot start `{program}`: {}", reason(&error))
        }
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said =
        if said.trim().is_empty() { String::new() } else { format!(":\n  {}", said.trim().replace('\n', "\n  ")) };
    Err(format!("`{program}` failed ({}){said}", output.status))
}
