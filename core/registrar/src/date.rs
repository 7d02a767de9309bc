//! A wall time as the Date header has it (RFC 3261 20.17).

use policy::WallTime;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Such as `Sat, 13 Nov 2010 23:29:00 GMT`.
pub fn date(at: WallTime) -> String {
    let seconds = at.0.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let name = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = String::with_capacity("Thu, 01 Jan 1970 00:00:00 GMT".len());
    text.push_str(name);
    text.push_str(", ");
    push_two(&mut text, day);
    text.push(' ');
    text.push_str(month);
    text.push(' ');
    push_two(&mut text, year / 100);
    push_two(&mut text, year % 100);
    for (mark, part) in [(' ', hour), (':', minute), (':', second)] {
        text.push(mark);
        push_two(&mut text, part);
    }
    text.push_str(" GMT");
    text
}

/// Without the formatter: every answer to a REGISTER has a date.
fn push_two(text: &mut String, number: i64) {
    let digit = |number: i64| char::from(b'0' + number.rem_euclid(10) as u8);
    text.push(digit(number / 10));
    text.push(digit(number));
}

/// Year, month and day of a day since 1970: years are counted from March, so that leap days come last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use policy::WallTime;

    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_289_690_940_000, "Sat, 13 Nov 2010 23:29:00 GMT"),
            (1_709_208_000_999, "Thu, 29 Feb 2024 12:00:00 GMT"),
            (4_102_444_799_000, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] {
            assert_eq!(date(WallTime(ms)), text);
        }
    }
}
