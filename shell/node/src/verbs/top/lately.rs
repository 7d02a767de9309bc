//! Sums over the last minutes, of calls that ended and of callers who were turned away.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::picture::{Cause, Lately, Sound};

const WINDOW_MS: i64 = 5 * 60_000;
/// How fast calls begin is about now.
const PACE_MS: i64 = 10_000;
/// What is kept of the window: a busier house is summed over a shorter time.
const KEPT_MAX: usize = 200_000;
const CAUSES_MAX: usize = 50;

/// What the sums are made of, in order of time.
#[derive(Default)]
pub struct Sums {
    begun: VecDeque<i64>,
    ended: VecDeque<Ended>,
    /// What is older is not known.
    since: Option<i64>,
}

struct Ended {
    at: i64,
    end: End,
    heard: Vec<Heard>,
}

enum End {
    Answered,
    /// Nobody was there, or the caller thought better of it.
    Unanswered,
    Failed {
        code: String,
        words: String,
    },
}

/// One party of a call, as the house heard it.
struct Heard {
    mos: f64,
    packets: u64,
    lost: u64,
    jitter_us: u64,
}

impl Sums {
    /// A call has its record.
    pub fn record(&mut self, record: &Value) {
        let Some(at) = record["ended"].as_i64().or(record["started"].as_i64()) else { return };
        let end = match record["outcome"].as_str() {
            Some("answered") => End::Answered,
            Some("refused" | "failed") => {
                End::Failed { code: text(&record["verdict"]), words: text(&record["words"]) }
            }
            _ => End::Unanswered,
        };
        let sides = ["caller", "callee"].map(|side| &record["media"][side]);
        let heard = sides.into_iter().filter_map(|side| {
            let number = |key: &str| side[key].as_u64().unwrap_or_default();
            let mos = side["mos_in"].as_f64()?;
            Some(Heard {
                mos,
                packets: number("packets_in"),
                lost: number("lost"),
                jitter_us: number("jitter_us"),
            })
        });
        self.ended.push_back(Ended { at, end, heard: heard.collect() });
        self.knows(at);
    }

    /// Something happened.
    pub fn event(&mut self, event: &Value) {
        let Some(at) = event["at"].as_i64() else { return };
        match event["event"].as_str() {
            Some("call_started") => self.begun.push_back(at),
            Some("turned_away") => {
                let refusal = &event["refusal"];
                let end = End::Failed { code: text(&refusal["code"]), words: text(&refusal["words"]) };
                self.ended.push_back(Ended { at, end, heard: Vec::new() });
            }
            _ => {}
        }
        self.knows(at);
    }

    fn knows(&mut self, at: i64) {
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
    }

    /// The sums of a window that ends now.
    pub fn at(&mut self, now: i64) -> Lately {
        self.forget(now);
        let seconds_of = |ms: i64| ms.max(1_000) as f64 / 1e3;
        let pace_ms = self.since.map_or(PACE_MS, |since| (now - since).clamp(1_000, PACE_MS));
        let begun = self.begun.iter().filter(|at| **at > now - pace_ms).count();
        let answered = self.ended.iter().filter(|one| matches!(one.end, End::Answered)).count();
        let ended = self.ended.len();
        Lately {
            seconds: seconds_of(self.since.map_or(0, |since| now - since).min(WINDOW_MS)),
            begun_per_second: rounded(begun as f64 / seconds_of(pace_ms), 10.0),
            ended,
            answered,
            answered_percent: (ended > 0).then(|| rounded(answered as f64 * 100.0 / ended as f64, 10.0)),
            failures: self.failures(),
            sound: self.sound(),
        }
    }

    fn forget(&mut self, now: i64) {
        let first = now - WINDOW_MS;
        let mut dropped = None;
        while self.begun.front().is_some_and(|at| *at < first) || self.begun.len() > KEPT_MAX {
            self.begun.pop_front();
        }
        self.ended.retain(|one| one.at >= first);
        while self.ended.len() > KEPT_MAX {
            dropped = self.ended.pop_front().map(|one| one.at);
        }
        let since = self.since.map(|since| since.max(first));
        self.since = since.max(dropped);
    }

    fn failures(&self) -> Vec<Cause> {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in &self.ended {
            if let End::Failed { code, words } = &one.end {
                *counts.entry((code, words)).or_default() += 1;
            }
        }
        let of = |((code, words), count): ((&str, &str), usize)| Cause {
            count,
            code: code.to_owned(),
            words: words.to_owned(),
        };
        let mut causes: Vec<Cause> = counts.into_iter().map(of).collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
        causes.truncate(CAUSES_MAX);
        causes
    }

    fn sound(&self) -> Option<Sound> {
        let all = || self.ended.iter().flat_map(|one| &one.heard);
        let parties = all().count();
        if parties == 0 {
            return None;
        }
        let lost: u64 = all().map(|heard| heard.lost).sum();
        let packets: u64 = all().map(|heard| heard.packets).sum();
        let mean = |of: fn(&Heard) -> f64| all().map(of).sum::<f64>() / parties as f64;
        Some(Sound {
            parties,
            mos: rounded(mean(|heard| heard.mos), 100.0),
            mos_worst: all().map(|heard| heard.mos).fold(f64::INFINITY, f64::min),
            lost_percent: rounded(lost as f64 * 100.0 / (lost + packets).max(1) as f64, 100.0),
            jitter_ms: rounded(mean(|heard| heard.jitter_us as f64 / 1e3), 10.0),
        })
    }
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_400_000_000;

    fn record(ago_ms: i64, outcome: &str, verdict: &str) -> Value {
        json!({ "ended": NOW - ago_ms, "outcome": outcome, "verdict": verdict, "words": "so it was" })
    }

    #[test]
    fn what_came_to_nothing_is_summed_by_its_cause_and_what_is_old_is_forgotten() {
        let mut sums = Sums::default();
        sums.record(&record(400_000, "failed", "TD-E009"));
        sums.record(&record(200_000, "failed", "TD-E002"));
        sums.record(&record(100_000, "answered", "TD-E001"));
        sums.record(&record(90_000, "refused", "TD-R301"));
        sums.record(&record(80_000, "refused", "TD-R301"));
        sums.record(&record(70_000, "busy", "TD-E003"));
        sums.event(&json!({ "event": "turned_away", "at": NOW - 60_000,
            "refusal": { "code": "TD-R301", "words": "so it was" } }));

        let lately = sums.at(NOW);

        assert_eq!((lately.ended, lately.answered, lately.answered_percent), (6, 1, Some(16.7)));
        let causes: Vec<_> = lately.failures.iter().map(|cause| (&*cause.code, cause.count)).collect();
        assert_eq!(causes, [("TD-R301", 3), ("TD-E002", 1)]);
        assert_eq!(lately.seconds, 300.0);
    }

    #[test]
    fn how_fast_calls_begin_is_said_of_the_time_that_is_known() {
        let mut sums = Sums::default();
        for number in 0..50 {
            sums.event(&json!({ "event": "call_started", "at": NOW - 5_000 + number * 100 }));
        }

        assert_eq!(sums.at(NOW).begun_per_second, 9.8, "the first stands on the edge of the time known");
        assert_eq!(sums.at(NOW + 5_000).begun_per_second, 4.9);
        assert_eq!(sums.at(NOW + 60_000).begun_per_second, 0.0);
    }

    #[test]
    fn k2_parties_are_summed_as_they_were_heard() {
        let mut sums = Sums::default();
        let mut good = record(1_000, "answered", "TD-E001");
        good["media"] = json!({
            "caller": { "packets_in": 90, "lost": 10, "jitter_us": 3_000, "mos_in": 3.0 },
            "callee": { "packets_in": 100, "lost": 0, "jitter_us": 1_000, "mos_in": 4.4 },
        });
        sums.record(&good);

        let sound = sums.at(NOW).sound.expect("two parties were heard");

        let figures = (sound.parties, sound.mos, sound.mos_worst, sound.lost_percent, sound.jitter_ms);
        assert_eq!(figures, (2, 3.7, 3.0, 5.0, 2.0));
    }
}
