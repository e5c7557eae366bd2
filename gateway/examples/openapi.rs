//! Prints the API's description, as `docs/openapi.json` has it.

fn main() {
    print!("{}", gateway::document());
}
