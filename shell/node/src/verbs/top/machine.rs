//! What a process takes of its machine, as the kernel counts it (proc(5)).

use std::fs;
use std::time::Instant;

use super::picture::Machine;

/// The process as it was looked at last.
pub struct Meter {
    process: u64,
    ticks: u64,
    at: Instant,
}

impl Meter {
    /// What is taken now; of the processor, since `last` looked at the same process.
    pub fn look(last: &mut Option<Meter>, process: u64) -> Machine {
        let folder = format!("/proc/{process}");
        let ticks = fs::read_to_string(format!("{folder}/stat")).ok().and_then(|text| ticks(&text));
        let status = fs::read_to_string(format!("{folder}/status")).ok();
        let memory_bytes = status.and_then(|text| resident(&text));
        let Some(ticks) = ticks else { return Machine { cpu_percent: None, memory_bytes } };
        let now = Meter { process, ticks, at: Instant::now() };
        let before = last.take().filter(|before| before.process == process);
        let cpu_percent = before.and_then(|before| now.percent_since(&before));
        *last = Some(now);
        Machine { cpu_percent, memory_bytes }
    }

    fn percent_since(&self, before: &Meter) -> Option<f64> {
        let seconds = self.at.duration_since(before.at).as_secs_f64();
        let ticks = self.ticks.saturating_sub(before.ticks) as f64;
        let each = rustix::param::clock_ticks_per_second() as f64;
        (seconds > 0.0 && each > 0.0).then(|| ticks / each / seconds * 100.0)
    }
}

/// Of `/proc/PID/stat`: as a user and in the kernel, the fourteenth and the fifteenth word. The second one is
/// a name, with whatever somebody has called himself.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut words = behind.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(words.next()?.ok()? + words.next()?.ok()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_calls_itself_as_it_likes_is_counted_all_the_same() {
        let stat = "41 (a) b ) S 1 41 41 0 -1 4194560 10 0 0 0 70 30 0 0 20 0 9 0 100 0 0";

        assert_eq!(ticks(stat), Some(100));
        assert_eq!(resident("Name:\tx\nVmRSS:\t   12 kB\n"), Some(12 * 1024));
        assert_eq!(ticks("41 (a"), None);
    }

    #[test]
    fn our_own_process_takes_memory_and_a_processor_at_most_as_often_as_there_are() {
        let mut last = None;
        let own = u64::from(std::process::id());

        let first = Meter::look(&mut last, own);
        let until = Instant::now() + std::time::Duration::from_millis(100);
        while Instant::now() < until {}
        let second = Meter::look(&mut last, own);

        assert_eq!(first.cpu_percent, None);
        assert!(second.cpu_percent.is_some_and(|percent| percent > 5.0), "{second:?}");
        assert!(second.memory_bytes.is_some_and(|bytes| bytes > 100_000), "{second:?}");
    }
}
