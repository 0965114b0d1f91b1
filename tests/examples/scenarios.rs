//! Prints, for every scenario, the ids and payloads that an event file for it needs.

use capstan_tests::scenario;

fn main() {
    for (name, place) in scenario::ALL {
        println!("{name}\n{:#}\n", place().facts());
    }
}
