//! One document as it is written, as JSON, and written anew into its text: what nobody changed keeps its
//! words, its comments and its order.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use toml_edit::{
    Array, ArrayOfTables, Document, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value,
};

use crate::load::KINDS;
use crate::misread::bad_name;
use crate::source::SourceFile;

/// The one kind whose document has no name of its own.
const SYSTEM: &str = "system";

/// What kinds of documents there are, in the words of `[kind.name]`.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().filter(|kind| *kind != "format")
}

/// Whether a document may be called so.
pub fn is_name(name: &str) -> bool {
    bad_name(name).is_none()
}

/// A document as somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenDocument {
    pub name: String,
    /// The file's name, and the line where it begins.
    pub file: Arc<str>,
    pub line: usize,
    /// What is written, with its secrets.
    pub value: Json,
}

/// Why a document cannot be written as it is wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable(pub String);

/// Every document of a kind, in order of the names.
pub fn documents_of(files: &[SourceFile], kind: &str) -> Vec<WrittenDocument> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.is_plans() && file.text.contains(kind)) {
        let Ok(parsed) = Document::parse(&*file.text) else { continue };
        let Some((key, item)) = parsed.get_key_value(kind) else { continue };
        let document = |key: &Key, item: &Item| WrittenDocument {
            name: key.get().to_owned(),
            file: file.name.clone(),
            line: key.span().map_or(1, |span| file.position(span.start).0),
            value: json_of(item),
        };
        match item.as_table_like() {
            Some(_) if kind == SYSTEM => found.push(document(key, item)),
            Some(table) => found.extend(table.iter().filter_map(|(name, item)| {
                let key = table.key(name)?;
                item.is_table_like().then(|| document(key, item))
            })),
            None => {}
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// One document.
pub fn document_of(files: &[SourceFile], kind: &str, name: &str) -> Option<WrittenDocument> {
    documents_of(files, kind).into_iter().find(|document| document.name == name)
}

/// The text with a document written into it, in place of what it says of it, or taken out of it.
pub fn rewritten(text: &str, kind: &str, name: &str, value: Option<&Json>) -> Result<String, Unwritable> {
    let mut parsed: DocumentMut = text.parse().map_err(|fault| Unwritable(format!("{fault}")))?;
    let root = parsed.as_table_mut();
    if kind == SYSTEM {
        put(root, SYSTEM, value)?;
        return Ok(parsed.to_string());
    }
    if value.is_some() && !root.contains_key(kind) {
        let mut kinds = Table::new();
        kinds.set_implicit(true);
        root.insert(kind, Item::Table(kinds));
    }
    let Some(table) = root.get_mut(kind).and_then(Item::as_table_like_mut) else {
        return Ok(text.to_owned());
    };
    put(table, name, value)?;
    if table.is_empty() {
        root.remove(kind);
    }
    Ok(parsed.to_string())
}

/// Whether a text says anything but comments.
pub fn says_nothing(text: &str) -> bool {
    text.parse::<DocumentMut>().is_ok_and(|parsed| parsed.is_empty())
}

/// Where a place of a text lies in a document, as a JSON pointer (RFC 6901).
pub fn pointer_to(
    file: &SourceFile,
    kind: &str,
    name: &str,
    (line, column): (usize, usize),
) -> Option<String> {
    let parsed = Document::parse(&*file.text).ok()?;
    let begins = file.text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    let ahead = file.text.get(begins..)?.chars().take(column.checked_sub(1)?).map(char::len_utf8);
    let at = begins + ahead.sum::<usize>();
    let item = parsed.get(kind)?;
    let item = if kind == SYSTEM { item } else { item.get(name)? };
    inside(item, at)
}

/// The deepest value that a byte lies in.
fn inside(item: &Item, at: usize) -> Option<String> {
    let holds = |span: Option<std::ops::Range<usize>>| span.is_some_and(|span| span.contains(&at));
    if let Some(table) = item.as_table_like() {
        for (name, below) in table.iter() {
            let named = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            if let Some(deeper) = inside(below, at) {
                return Some(named + &deeper);
            }
            if holds(table.key(name).and_then(Key::span)) {
                return Some(named);
            }
        }
    }
    if let Some(tables) = item.as_array_of_tables() {
        let mut tables = tables.iter().enumerate();
        return tables.find_map(|(index, table)| {
            inside(&Item::Table(table.clone()), at).map(|deeper| format!("/{index}{deeper}"))
        });
    }
    if let Some(list) = item.as_array() {
        let mut list = list.iter().enumerate();
        let found = list.find_map(|(index, value)| {
            inside(&Item::Value(value.clone()), at).map(|deeper| format!("/{index}{deeper}"))
        });
        if found.is_some() {
            return found;
        }
    }
    holds(item.span()).then(String::new)
}

fn put(table: &mut dyn TableLike, name: &str, value: Option<&Json>) -> Result<(), Unwritable> {
    let Some(value) = value else {
        table.remove(name);
        return Ok(());
    };
    let Json::Object(object) = value else {
        return Err(Unwritable("a document is an object { … }".to_owned()));
    };
    match table.get_mut(name) {
        Some(item) if item.is_table_like() => {
            merge(item, value)?;
            if let Item::Table(table) = item
                && table.is_empty()
            {
                table.set_implicit(false);
            }
        }
        _ => {
            table.insert(name, Item::Table(table_of(object)?));
        }
    }
    Ok(())
}

/// Makes an item say something, and touches only what differs.
fn merge(item: &mut Item, wished: &Json) -> Result<(), Unwritable> {
    if json_of(item) == *wished {
        return Ok(());
    }
    match (&mut *item, wished) {
        (Item::Table(table), Json::Object(object)) if !(table.is_dotted() && object.is_empty()) => {
            merge_table(table, object).map(drop)
        }
        (Item::ArrayOfTables(tables), Json::Array(list)) if list.iter().all(Json::is_object) => {
            merge_tables(tables, list)
        }
        (Item::Value(value), _) => merge_value(value, wished),
        _ => {
            *item = Item::Value(value_of(wished)?);
            Ok(())
        }
    }
}

/// Whether keys came or went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Same,
    Other,
}

fn merge_table(table: &mut dyn TableLike, object: &Map<String, Json>) -> Result<Keys, Unwritable> {
    let is_wished = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let gone: Vec<String> =
        table.iter().map(|(name, _)| name.to_owned()).filter(|name| !is_wished(name)).collect();
    let mut keys = if gone.is_empty() { Keys::Same } else { Keys::Other };
    for name in gone {
        table.remove(&name);
    }
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        match table.get_mut(name) {
            Some(item) => merge(item, value)?,
            None => {
                table.insert(name, Item::Value(value_of(value)?));
                keys = Keys::Other;
            }
        }
    }
    Ok(keys)
}

fn merge_tables(tables: &mut ArrayOfTables, list: &[Json]) -> Result<(), Unwritable> {
    let present: Vec<Json> = tables.iter().map(|table| json_of_table(table)).collect();
    let Middle { begins, old, new } = Middle::between(&present, list);
    for index in (begins + new.min(old)..begins + old).rev() {
        tables.remove(index);
    }
    for (index, object) in list.iter().enumerate().skip(begins).take(new) {
        let object = object.as_object().ok_or_else(|| Unwritable("an object is wanted here".to_owned()))?;
        match index < begins + old {
            true => drop(tables.get_mut(index).map(|table| merge_table(table, object)).transpose()?),
            false => tables.insert(index, table_of(object)?),
        }
    }
    Ok(())
}

/// What differs between two lists, once what is the same at both ends is left out: a value keeps its comment
/// where others come or go before it.
struct Middle {
    begins: usize,
    old: usize,
    new: usize,
}

impl Middle {
    fn between(old: &[Json], new: &[Json]) -> Middle {
        let same = |pairs: &mut dyn Iterator<Item = (&Json, &Json)>| {
            pairs.take_while(|(one, other)| one == other).count()
        };
        let begins = same(&mut old.iter().zip(new));
        let (old, new) = (&old[begins..], &new[begins..]);
        let ends = same(&mut old.iter().rev().zip(new.iter().rev()));
        Middle { begins, old: old.len() - ends, new: new.len() - ends }
    }
}

fn merge_value(value: &mut Value, wished: &Json) -> Result<(), Unwritable> {
    if json_of_value(value) == *wished {
        return Ok(());
    }
    match (&mut *value, wished) {
        (Value::InlineTable(table), Json::Object(object)) => {
            if merge_table(table, object)? == Keys::Other {
                table.fmt();
            }
        }
        (Value::Array(array), Json::Array(list)) => merge_array(array, list)?,
        _ => {
            let decor = value.decor().clone();
            *value = value_of(wished)?;
            *value.decor_mut() = decor;
        }
    }
    Ok(())
}

fn merge_array(array: &mut Array, list: &[Json]) -> Result<(), Unwritable> {
    let present: Vec<Json> = array.iter().map(json_of_value).collect();
    let Middle { begins, old, new } = Middle::between(&present, list);
    for index in (begins + new.min(old)..begins + old).rev() {
        array.remove(index);
    }
    for (index, wished) in list.iter().enumerate().skip(begins).take(new) {
        match index < begins + old {
            true => array.get_mut(index).map_or(Ok(()), |value| merge_value(value, wished))?,
            false => array.insert(index, value_of(wished)?),
        }
    }
    Ok(())
}

/// A document of its own: what is plain first, in the order of the object.
fn table_of(object: &Map<String, Json>) -> Result<Table, Unwritable> {
    let mut table = Table::new();
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        table.insert(name, Item::Value(value_of(value)?));
    }
    Ok(table)
}

fn value_of(wished: &Json) -> Result<Value, Unwritable> {
    Ok(match wished {
        Json::Null => return Err(Unwritable("null cannot stand in a list".to_owned())),
        Json::Bool(is_so) => Value::from(*is_so),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(broken)) if !number.is_u64() => Value::from(broken),
            _ => return Err(Unwritable(format!("{number} is too large"))),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => Value::Array(list.iter().map(value_of).collect::<Result<Array, _>>()?),
        Json::Object(object) => {
            let mut table = InlineTable::new();
            for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(name, value_of(value)?);
            }
            Value::InlineTable(table)
        }
    })
}

fn json_of(item: &Item) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(value) => json_of_value(value),
        Item::Table(table) => json_of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| json_of_table(table)).collect(),
    }
}

fn json_of_table(table: &dyn TableLike) -> Json {
    table.iter().map(|(name, item)| (name.to_owned(), json_of(item))).collect::<Map<_, _>>().into()
}

fn json_of_value(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(whole) => (*whole.value()).into(),
        Value::Float(broken) => (*broken.value()).into(),
        Value::Boolean(is_so) => (*is_so.value()).into(),
        Value::Datetime(moment) => moment.value().to_string().into(),
        Value::Array(list) => list.iter().map(json_of_value).collect(),
        Value::InlineTable(table) => json_of_table(table),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const TEXT: &str = r#"# Our edge.
format = 1

[trunk.east] # the good one
servers = [
  { uri = "sip:a.example" }, # first
  { uri = "sip:b.example" }, # second
]
limits = { calls = 10 }
call.transfer = "return"

# Never touch this one.
[trunk.west]
servers = [{ uri = "sip:c.example" }]

[[route.national.use]] # the first way
trunk = "east"

[[route.national.use]] # the second way
trunk = "west"
"#;

    fn files(text: &str) -> [SourceFile; 1] {
        [SourceFile::new("edge.toml", text)]
    }

    #[test]
    fn what_is_put_back_as_it_was_read_changes_no_letter() {
        for kind in ["trunk", "route"] {
            for document in documents_of(&files(TEXT), kind) {
                let again = rewritten(TEXT, kind, &document.name, Some(&document.value)).unwrap();
                assert_eq!(again, TEXT);
            }
        }
    }

    #[test]
    fn what_differs_is_written_and_comments_stay() {
        let mut east = document_of(&files(TEXT), "trunk", "east").unwrap();
        assert_eq!((&*east.file, east.line), ("edge.toml", 4));
        assert_eq!(east.value["call"]["transfer"], "return");
        east.value["servers"] =
            json!([{ "uri": "sip:new.example" }, { "uri": "sip:b.example", "weight": 2 }]);
        east.value["limits"]["calls"] = json!(20);
        east.value["enabled"] = json!(true);

        let text = rewritten(TEXT, "trunk", "east", Some(&east.value)).unwrap();

        for line in [
            "[trunk.east] # the good one",
            "  { uri = \"sip:new.example\" }, # first",
            "limits = { calls = 20 }",
            "enabled = true",
            "# Never touch this one.",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("# second"), "{text}");
        assert_eq!(document_of(&files(&text), "trunk", "east").unwrap().value, east.value);
        assert_eq!(rewritten(&text, "trunk", "east", Some(&east.value)).unwrap(), text);
    }

    #[test]
    fn a_value_keeps_its_comment_where_another_goes() {
        let mut east = document_of(&files(TEXT), "trunk", "east").unwrap();
        east.value["servers"] = json!([{ "uri": "sip:b.example" }]);
        let text = rewritten(TEXT, "trunk", "east", Some(&east.value)).unwrap();
        assert!(text.contains("{ uri = \"sip:b.example\" }, # second"), "{text}");

        let mut route = document_of(&files(TEXT), "route", "national").unwrap();
        route.value["use"] = json!([{ "trunk": "west" }]);
        let text = rewritten(TEXT, "route", "national", Some(&route.value)).unwrap();
        assert!(text.contains("# the second way") && !text.contains("# the first way"), "{text}");
    }

    #[test]
    fn a_document_that_is_new_stands_at_the_end_and_one_that_goes_leaves_the_others() {
        let user = json!({ "name": "Hana", "nothing": null, "password": { "env": "HANA" } });
        let text = rewritten(TEXT, "user", "hana", Some(&user)).unwrap();
        assert!(text.starts_with(TEXT), "{text}");
        assert!(text.ends_with("[user.hana]\nname = \"Hana\"\npassword = { env = \"HANA\" }\n"), "{text}");
        assert_eq!(rewritten(&text, "user", "hana", Some(&user)).unwrap(), text);

        let without = rewritten(&text, "user", "hana", None).unwrap();
        assert_eq!(without.trim_end(), TEXT.trim_end());
        let without = rewritten(TEXT, "trunk", "west", None).unwrap();
        assert!(!without.contains("west.") && !without.contains("Never touch"), "{without}");
        assert!(without.contains("[trunk.east]"));
        assert!(says_nothing(&rewritten("# mine\n[user.a]\nx = 1\n", "user", "a", None).unwrap()));
    }

    #[test]
    fn what_toml_cannot_say_is_refused() {
        let put = |value| rewritten(TEXT, "user", "hana", Some(&value));

        assert!(put(json!({ "x": [null] })).is_err());
        assert!(put(json!({ "x": u64::MAX })).is_err());
        assert!(put(json!([1])).is_err());
        assert!(put(json!({ "x": -1, "y": 1.5, "z\"\n": "\u{1}" })).is_ok());
    }

    #[test]
    fn a_place_in_the_text_is_a_path_in_the_document() {
        let [file] = files(TEXT);
        let pointer = |line: &str, word: &str, name: &str, kind: &str| {
            let number = TEXT.lines().position(|one| one.starts_with(line)).unwrap() + 1;
            let column = TEXT.lines().nth(number - 1).unwrap().find(word).unwrap() + 1;
            pointer_to(&file, kind, name, (number, column))
        };

        assert_eq!(pointer("  { uri = \"sip:b", "\"sip:b", "east", "trunk").unwrap(), "/servers/1/uri");
        assert_eq!(pointer("limits", "10", "east", "trunk").unwrap(), "/limits/calls");
        assert_eq!(pointer("limits", "limits", "east", "trunk").unwrap(), "/limits");
        assert_eq!(pointer("call.transfer", "\"return", "east", "trunk").unwrap(), "/call/transfer");
        assert_eq!(pointer("trunk = \"west", "\"west", "national", "route").unwrap(), "/use/1/trunk");
        assert_eq!(pointer("limits", "10", "west", "trunk"), None);
    }
}
