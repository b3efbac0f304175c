//! A segment: records one after the other, each with its length and checksum. What a killed run leaves behind its last whole
//! record is ignored; what was damaged is found.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::experiment::plan::cost::EVENTS_PER_SECOND;

/// What a segment begins with: the format and its version.
const MAGIC: &[u8; 20] = b"stalegate segment 1\n";
/// Bytes of a record before its payload: its length (little endian), and a checksum of length and payload.
const HEADER: usize = 4 + CHECKSUM;
const CHECKSUM: usize = 16;
/// What is appended is made durable after about so much work, in events: a second.
const SYNC_AFTER: u64 = EVENTS_PER_SECOND;

/// The first line of a payload; the records of the unit follow, one a line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub unit: String,
    pub build: String,
}

/// A segment that is being written, from any thread.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Records appended.
    records: u64,
    /// Estimated events since the last time that all was made durable.
    since_sync: u64,
    /// A record was not written whole: nothing may follow it.
    failed: bool,
}

impl Writer {
    pub(super) fn create(path: &Path) -> io::Result<Writer> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let writer = Writer::on(path, file)?;
        Ok(writer)
    }

    fn on(path: &Path, mut file: File) -> io::Result<Writer> {
        file.write_all(MAGIC)?;
        let state = State { file, records: 0, since_sync: 0, failed: false };
        Ok(Writer { path: path.to_path_buf(), state: Mutex::new(state) })
    }

    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a unit: what `unit::unit` made of it. `cost` is its estimate in events; about once a second's worth of it, all is
    /// made durable.
    ///
    /// # Panics
    /// Never: the head of a record is two texts.
    pub fn append(&self, unit: &str, build: &str, records: &[u8], cost: u64) -> io::Result<()> {
        let head = Head { unit: unit.to_owned(), build: build.to_owned() };
        let head = serde_json::to_vec(&head).expect("two texts");
        let length = head.len() + 1 + records.len();
        let too_large = |_| io::Error::new(ErrorKind::FileTooLarge, "the results of a unit are more than 4 GiB");
        let length = u32::try_from(length).map_err(too_large)?.to_le_bytes();
        let payload = [&head, &b"\n"[..], records];
        let checksum = checksum(length, &payload);
        let bytes = [&length[..], &checksum, payload[0], payload[1], payload[2]].concat();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failed {
            return Err(io::Error::other("an earlier record could not be written"));
        }
        state.failed = true;
        state.file.write_all(&bytes)?;
        state.records += 1;
        state.since_sync = state.since_sync.saturating_add(cost);
        if state.since_sync >= SYNC_AFTER {
            state.file.sync_data()?;
            state.since_sync = 0;
        }
        state.failed = false;
        Ok(())
    }

    /// Makes everything durable. A segment without records does not stay.
    pub fn finish(self) -> io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if state.records == 0 {
            return fs::remove_file(&self.path);
        }
        state.file.sync_all()
    }
}

/// Of a record, over its length and its payload in parts.
fn checksum(length: [u8; 4], payload: &[&[u8]]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&length);
    for part in payload {
        hasher.update(part);
    }
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    checksum
}

/// What stands at a place of a segment.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A whole record.
    Record(&'a [u8]),
    /// A record that is not what was written; with its payload, if its end is known.
    Corrupt(Option<&'a [u8]>),
    /// The beginning of a record that was never finished, or is being written.
    Torn,
}

/// Reads a segment through; `each` gets the offset of what it finds.
pub(super) fn scan(path: &Path, mut each: impl FnMut(u64, Found<'_>)) -> io::Result<()> {
    let file = match File::open(path) {
        // Whoever merged it removed it.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let end = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 16, file).take(end);
    let mut magic = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    if magic != MAGIC {
        each(0, if MAGIC.starts_with(&magic) { Found::Torn } else { Found::Corrupt(None) });
        return Ok(());
    }
    let mut at = MAGIC.len() as u64;
    let mut payload = Vec::new();
    while at < end {
        let mut header = [0; HEADER];
        let left = end - at;
        if left < HEADER as u64 {
            each(at, Found::Torn);
            return Ok(());
        }
        reader.read_exact(&mut header)?;
        let (length, expected) = header.split_at(4);
        let length = [length[0], length[1], length[2], length[3]];
        let bytes = u64::from(u32::from_le_bytes(length));
        if bytes == 0 {
            // Some file systems fill with zeros what was not written when the machine stopped.
            let zeros = header == [0; HEADER] && only_zeros(&mut reader)?;
            each(at, if zeros { Found::Torn } else { Found::Corrupt(None) });
            return Ok(());
        }
        if bytes > left - HEADER as u64 {
            each(at, Found::Torn);
            return Ok(());
        }
        payload.clear();
        reader.by_ref().take(bytes).read_to_end(&mut payload)?;
        let good = checksum(length, &[&payload]) == expected;
        each(at, if good { Found::Record(&payload) } else { Found::Corrupt(Some(&payload)) });
        at += HEADER as u64 + bytes;
    }
    Ok(())
}

fn only_zeros(reader: &mut impl Read) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(true),
            read if buffer[..read].iter().all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

/// The payload of the record at an offset; `None` where it is not what it was when it was found.
pub(super) fn read(path: &Path, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = [header[0], header[1], header[2], header[3]];
    let mut payload = Vec::new();
    file.take(u64::from(u32::from_le_bytes(length))).read_to_end(&mut payload)?;
    Ok((checksum(length, &[&payload]) == header[4..]).then_some(payload))
}

/// The head of a payload and its records.
pub(super) fn parts(payload: &[u8]) -> Option<(Head, &[u8])> {
    let line = payload.iter().position(|byte| *byte == b'\n')?;
    let head = serde_json::from_slice(&payload[..line]).ok()?;
    Some((head, &payload[line + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of three units.
    fn three(folder: &Path) -> PathBuf {
        let path = folder.join("0-1-1.seg");
        let writer = Writer::create(&path).unwrap();
        for unit in ["one", "two", "three"] {
            writer.append(unit, "build", format!("the records of {unit}\n").as_bytes(), 1).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    /// What is there: the names of the units, `!` for what is corrupt, `?` for a torn end.
    fn told(path: &Path) -> Vec<String> {
        let mut all = Vec::new();
        scan(path, |_, found| {
            all.push(match found {
                Found::Record(payload) => parts(payload).unwrap().0.unit,
                Found::Corrupt(_) => "!".into(),
                Found::Torn => "?".into(),
            });
        })
        .unwrap();
        all
    }

    #[test]
    fn what_is_appended_is_there_and_can_be_read_by_its_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = three(folder.path());
        let mut seen = 0;
        scan(&path, |offset, found| {
            let Found::Record(payload) = found else { panic!("{found:?}") };
            assert_eq!(read(&path, offset).unwrap().unwrap(), payload);
            assert!(parts(payload).unwrap().1.starts_with(b"the records of "));
            seen += 1;
        })
        .unwrap();
        assert_eq!(seen, 3);
    }

    #[test]
    fn wherever_a_segment_is_cut_off_whole_records_count_and_the_rest_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(three(folder.path())).unwrap();
        let path = folder.path().join("cut.seg");
        let mut ends = vec![MAGIC.len()];
        scan(&folder.path().join("0-1-1.seg"), |offset, found| {
            let Found::Record(payload) = found else { panic!("{found:?}") };
            ends.push(usize::try_from(offset).unwrap() + HEADER + payload.len());
        })
        .unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let records = ends.iter().skip(1).filter(|&&end| end <= length).count();
            let told = told(&path);
            assert_eq!(told.iter().filter(|word| *word != "?").count(), records, "{length}: {told:?}");
            let torn = !ends.contains(&length);
            assert_eq!(told.last().is_some_and(|word| word == "?"), torn, "{length}: {told:?}");
        }
        fs::write(&path, [&whole[..ends[1]], &[0; 300]].concat()).unwrap();
        assert_eq!(told(&path), ["one", "?"]);
    }

    #[test]
    fn whichever_byte_is_flipped_no_record_is_taken_for_good_that_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(three(folder.path())).unwrap();
        let path = folder.path().join("flipped.seg");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            let told = told(&path);
            let good = told.iter().filter(|word| ["one", "two", "three"].contains(&word.as_str())).count();
            assert!(good < 3 && told.len() > good, "{at}: {told:?}");
        }
        // In the payload of the second record: the third one is found all the same.
        let mut bytes = whole;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(told(&path), ["one", "!", "three"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_nothing_follows_what_was_not_written_whole() {
        let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(Writer::on(Path::new("/dev/full"), full()).unwrap_err().kind(), ErrorKind::StorageFull);
        let state = State { file: full(), records: 0, since_sync: 0, failed: false };
        let writer = Writer { path: "/dev/full".into(), state: Mutex::new(state) };
        assert_eq!(writer.append("one", "build", b"records\n", 1).unwrap_err().kind(), ErrorKind::StorageFull);
        let again = writer.append("two", "build", b"records\n", 1).unwrap_err();
        assert!(again.to_string().contains("an earlier record"), "{again}");
    }
}
