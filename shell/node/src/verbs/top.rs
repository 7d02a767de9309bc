//! `tandem top`: the house as it is now. `picture` is what is known of it, gathered on a thread of its own by
//! `gather` from the control socket and the ends of its files; `draw` makes rows of it, `screen` shows them.

mod draw;
mod gather;
mod lately;
mod machine;
mod newest;
mod picture;
mod row;
mod screen;
mod tail;
mod viewer;

use std::env;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use cli::{Exit, Palette, Top};

use gather::Gatherer;
use picture::Picture;
use screen::Screen;
use viewer::{Viewer, Wish};

/// So long the processor is watched before one picture says how busy it is.
const LOOK: Duration = Duration::from_millis(500);
/// A key and a new size are noticed at once, as it seems.
const TICK: Duration = Duration::from_millis(100);
/// Of a picture that nothing bounds.
const ROWS: usize = 200;
const COLUMNS: usize = 110;

/// A picture, or why there is none.
type Seen = Result<Picture, String>;

pub fn run(top: &Top, palette: Palette) -> Result<Exit> {
    let is_terminal = io::stdout().is_terminal();
    let viewer = Viewer::new(top.sort, &top.filter);
    if top.json || top.once || !is_terminal {
        return once(top, &viewer, palette);
    }
    let can_place = env::var("TERM").is_ok_and(|term| !term.is_empty() && term != "dumb");
    if can_place && io::stdin().is_terminal() {
        live(top, viewer, palette)
    } else {
        lines(top, &viewer, palette)
    }
}

fn once(top: &Top, viewer: &Viewer, palette: Palette) -> Result<Exit> {
    let mut gatherer = Gatherer::new(top.house.data());
    // Whether a house runs there is known at once.
    let first = gatherer.gather();
    if first.is_ok() {
        thread::sleep(LOOK);
    }
    match first.and_then(|_| gatherer.gather()) {
        Ok(picture) if top.json => println!("{:#}", serde_json::to_value(&picture)?),
        Ok(picture) => say(&picture, viewer, palette),
        Err(words) => {
            eprintln!("tandem: {words}");
            return Ok(Exit::Unreachable);
        }
    }
    Ok(Exit::Done)
}

/// On a terminal that can't place words: one picture below the other.
fn lines(top: &Top, viewer: &Viewer, palette: Palette) -> Result<Exit> {
    let mut gatherer = Gatherer::new(top.house.data());
    loop {
        match gatherer.gather() {
            Ok(picture) => say(&picture, viewer, palette),
            Err(words) => {
                eprintln!("tandem: {words}");
                return Ok(Exit::Unreachable);
            }
        }
        println!();
        thread::sleep(top.every);
    }
}

fn say(picture: &Picture, viewer: &Viewer, palette: Palette) {
    let rows = draw::rows(picture, viewer, ROWS, COLUMNS);
    // No row is left over to fill a screen.
    rows.iter().for_each(|row| println!("{}", row.text_within(usize::MAX, palette)));
}

fn live(top: &Top, mut viewer: Viewer, palette: Palette) -> Result<Exit> {
    let first = Gatherer::new(top.house.data()).gather();
    let mut picture = match first {
        Ok(picture) => picture,
        Err(words) => {
            eprintln!("tandem: {words}");
            return Ok(Exit::Unreachable);
        }
    };
    let seen = gathered(top);
    let screen = Screen::open()?;
    let mut size = screen.size();
    let mut is_old = true;
    loop {
        while let Ok(now) = seen.try_recv() {
            is_old |= viewer.takes(&mut picture, now);
        }
        for key in screen.keys(TICK)? {
            match viewer.press(key) {
                Wish::End => return Ok(Exit::Done),
                Wish::Again => is_old = true,
            }
        }
        if let Some(signal) = screen.signal() {
            drop(screen);
            // As if nobody had caught it: whoever waits for this process learns what ended it.
            signal_hook::low_level::emulate_default_handler(signal)?;
            return Ok(Exit::Done);
        }
        let now = screen.size();
        if is_old || now != size {
            size = now;
            screen.show(&draw::screen(&picture, &viewer, size), palette)?;
            is_old = false;
        }
    }
}

/// Pictures as they are taken. However long the house takes to answer, keys are heard.
fn gathered(top: &Top) -> Receiver<Seen> {
    let (tell, told) = mpsc::sync_channel(1);
    let (data, every) = (top.house.data(), top.every);
    thread::spawn(move || {
        let mut gatherer = Gatherer::new(data);
        while tell.send(gatherer.gather()).is_ok() {
            thread::sleep(every);
        }
    });
    told
}
