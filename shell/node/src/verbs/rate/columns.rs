//! Where in a provider's list the prefix, the price, the day and the name stand.

/// What is looked for, and how providers call it.
const KNOWN: [(&str, &[&str]); 4] = [
    ("prefix", &["prefix", "code", "dial code", "dialcode", "destination code", "destination prefix"]),
    ("price", &["price", "rate", "cost", "price per minute", "rate per minute", "new rate", "new price"]),
    ("from", &["from", "effective date", "effective", "start date", "valid from"]),
    ("name", &["name", "destination", "description", "country", "destination name"]),
];

/// The places of the four columns; those of day and name may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub prefix: usize,
    pub price: usize,
    pub from: Option<usize>,
    pub name: Option<usize>,
    pub separator: char,
    /// Whether the first line names the columns.
    pub has_head: bool,
}

impl Columns {
    /// Finds the columns by the first line, and by what the operator says of them.
    pub fn find(head: &str, map: Option<&str>) -> Result<Columns, String> {
        let separator = [';', '\t', ','].into_iter().max_by_key(|mark| head.matches(*mark).count());
        let separator = separator.filter(|mark| head.contains(*mark)).unwrap_or(',');
        let names: Vec<String> =
            fields(head, separator).iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let has_head = !names.iter().any(|name| name.parse::<f64>().is_ok());
        let said = said_of(map.unwrap_or(""))?;
        let place = |column: &str, usual: usize| -> Result<Option<usize>, String> {
            if let Some((_, wanted)) = said.iter().find(|(known, _)| known == column) {
                return place_of(wanted, &names).map(Some);
            }
            if !has_head {
                return Ok((usual < names.len()).then_some(usual));
            }
            let known = KNOWN.iter().find(|(known, _)| *known == column).map_or(&[][..], |(_, words)| *words);
            Ok(known.iter().find_map(|word| names.iter().position(|name| name == word)))
        };
        let missing = |column: &str| format!("no column for the {column}; say --map {column}=COLUMN");
        Ok(Columns {
            prefix: place("prefix", 0)?.ok_or_else(|| missing("prefix"))?,
            price: place("price", 1)?.ok_or_else(|| missing("price"))?,
            from: place("from", 2)?,
            name: place("name", 3)?,
            separator,
            has_head,
        })
    }
}

fn place_of(wanted: &str, names: &[String]) -> Result<usize, String> {
    if let Ok(number) = wanted.parse::<usize>() {
        return number.checked_sub(1).ok_or_else(|| "columns are counted from 1".to_owned());
    }
    let place = names.iter().position(|name| *name == wanted.to_ascii_lowercase());
    place.ok_or_else(|| format!("there is no column \"{wanted}\": {}", names.join(", ")))
}

fn said_of(map: &str) -> Result<Vec<(String, String)>, String> {
    let parts = map.split(',').filter(|part| !part.trim().is_empty());
    let pairs = parts.map(|part| {
        let (column, wanted) = part.split_once('=').ok_or_else(|| format!("\"{part}\" is no COLUMN=NAME"))?;
        let column = column.trim().to_ascii_lowercase();
        if KNOWN.iter().all(|(known, _)| *known != column) {
            return Err(format!("\"{column}\" is none of prefix, price, from, name"));
        }
        Ok((column, wanted.trim().to_owned()))
    });
    pairs.collect()
}

/// The values of a line; those in quotes may hold the separator.
pub fn fields(line: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.trim_end_matches('\r').chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            letter if letter == separator && !is_quoted => fields.push(String::new()),
            letter => {
                if let Some(field) = fields.last_mut() {
                    field.push(letter);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_the_names_that_providers_use() {
        let columns = Columns::find("Destination;Code;Rate;Effective Date", None);

        let wanted =
            Columns { prefix: 1, price: 2, from: Some(3), name: Some(0), separator: ';', has_head: true };
        assert_eq!(columns, Ok(wanted));
    }

    #[test]
    fn columns_may_be_said_and_a_list_may_have_no_head() {
        let said =
            Columns::find("a,b,c", Some("prefix=c,price=1")).map(|columns| (columns.prefix, columns.price));
        let none =
            Columns::find("82,0.03", None).map(|columns| (columns.prefix, columns.price, columns.has_head));

        assert_eq!(said, Ok((2, 0)));
        assert_eq!(none, Ok((0, 1, false)));
        assert!(Columns::find("a,b", None).is_err());
        assert!(Columns::find("a,b", Some("prize=a")).is_err());
    }

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        assert_eq!(fields("82,\"South Korea, mobile\",0.1\r", ','), ["82", "South Korea, mobile", "0.1"]);
    }
}
